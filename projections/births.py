"""Who was born under which integer id: also those who were deleted or merged away since."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from uuid import UUID

from sqlalchemy import BigInteger, Column, Connection, Index, Table, Uuid, select

from domain.events import Erased, PersonCreated
from domain.identity import later_uuids, person_uuid
from projections.projection import Projection, metadata
from storage import streams
from storage.appended import Appended
from storage.changes import Change, Put
from storage.statements import Insert

MAX_NUMBER = 2**63 - 1

births = Table(
    "births",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
    Index("births_by_person", "project_id", "person_id"),
)

_insert = Insert(births, on_conflict="replace")


def born_as(connection: Connection, project_id: int, number: int) -> UUID | None:
    """Return the uuid of the person that has, or had, an integer id; None for nobody."""
    if abs(number) > MAX_NUMBER:
        return None
    query = select(births.c.person_id).where(
        births.c.project_id == project_id, births.c.number == number
    )
    return connection.execute(query).scalar_one_or_none()


def numbers(
    connection: Connection, project_id: int, person_ids: Collection[UUID]
) -> dict[UUID, int]:
    """Return the integer ids of persons, also of those who are gone."""
    query = select(births.c.person_id, births.c.number).where(
        births.c.project_id == project_id, births.c.person_id.in_(person_ids)
    )
    return {person_id: number for person_id, number in connection.execute(query)}


def next_uuids(
    connection: Connection, project_id: int, distinct_ids: Iterable[str]
) -> dict[str, UUID]:
    """Return the uuids that persons would get who were born with these distinct ids, in order."""
    found: dict[str, UUID] = {}
    for distinct_id in distinct_ids:
        lives = chain([person_uuid(project_id, distinct_id)], later_uuids(project_id, distinct_id))
        found[distinct_id] = next(
            each
            for each in lives
            if each not in found.values() and not streams.existing(connection, project_id, [each])
        )
    return found


def _project(appended: Appended) -> Iterator[Change]:
    born = {
        placed.event.number: placed.person_id
        for placed in appended.events
        if isinstance(placed.event, PersonCreated | Erased)
    }
    yield Put(_insert, [(appended.project_id, *birth) for birth in born.items()])


PROJECTION = Projection("births", version=1, tables=(births,), project=_project)
