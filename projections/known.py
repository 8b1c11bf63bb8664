"""Everybody there ever was: persons that live, and those that were deleted or merged away."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from projections.births import born_as, numbers


class Known(NamedTuple):
    """A person that lives or has lived, by both of its ids."""

    person_id: UUID
    number: int


def known(connection: Connection, project_id: int, id: int | UUID) -> Known | None:
    """Return the person that has, or had, an integer id or a uuid; None for nobody."""
    if isinstance(id, UUID):
        number = numbers(connection, project_id, [id]).get(id)
        return None if number is None else Known(id, number)
    person_id = born_as(connection, project_id, id)
    return None if person_id is None else Known(person_id, id)
