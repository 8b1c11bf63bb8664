"""What proves that the events of a person stand in the log, at their positions."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import PersonNotFoundError
from projections.births import born_as
from storage.log import LINKS
from storage.merkle import inclusion
from storage.schema import events
from storage.tree import Tree

MAX_NUMBER = 2**63 - 1


class Proof(NamedTuple):
    """All events of a person, as rows of the log, and the hashes that lead from them to the root.

    These are the hashes of the largest parts of the tree without an event of the person, from left
    to right: see `storage.merkle.inclusion`.
    """

    person_id: UUID
    events: Sequence[Any]
    hashes: Sequence[bytes]


def prove(connection: Connection, tree: Tree, project_id: int, person: int | UUID) -> Proof:
    """Return the proof of all that happened to a person, also to one that is gone.

    Raises:
        PersonNotFoundError: there never was such a person.
        TamperedError: see `storage.tree.Tree.hashes`.
    """
    person_id = person if isinstance(person, UUID) else _born_as(connection, project_id, person)
    rows = connection.execute(
        LINKS.where(events.c.project_id == project_id, events.c.person_id == person_id).order_by(
            events.c.version
        )
    ).all()
    if person_id is None or not rows:
        raise PersonNotFoundError(f"person {person} was not found")
    places = sorted(row.position - 1 for row in rows)
    return Proof(person_id, rows, tree.hashes(list(inclusion(tree.size, places))))


def _born_as(connection: Connection, project_id: int, number: int) -> UUID | None:
    return born_as(connection, project_id, number) if abs(number) <= MAX_NUMBER else None
