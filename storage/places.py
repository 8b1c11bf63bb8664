"""Places of the log, as callers name them: by position, or by the time that was recorded."""

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Connection, func, select

from domain.errors import InvalidParameterError
from storage.log import head_position, unindexed_position
from storage.schema import events
from storage.values import EPOCH

PIVOTS = 64  # events that one look for a time asks

Place: TypeAlias = int | datetime
"""A position, or a time: then what was recorded up to it counts."""


def position_of(connection: Connection, project_id: int, place: Place, name: str) -> int:
    """Return the position that a place means; `name` is that of the parameter which says it.

    Raises:
        InvalidParameterError: the log has not come that far.
    """
    if isinstance(place, datetime):
        return position_at(connection, project_id, place)
    head = head_position(connection, project_id)
    if place > head:
        raise InvalidParameterError(f"The log has come to position {head}, not to {place}.", name)
    return place


def position_at(connection: Connection, project_id: int, at: datetime) -> int:
    """Return the position of the last event that was recorded up to a time; 0 for none.

    The log's order is that of its times, so a few looks are enough, however long it is.
    """
    low, high = 0, head_position(connection, project_id)
    while low < high:
        step = -(-(high - low) // PIVOTS)
        pivots = [*range(low + step, high, step), high]
        # Not max(position): for that PostgreSQL would walk back along the log.
        query = select(events.c.position).where(
            events.c.project_id == project_id,
            events.c.position.in_(pivots),
            events.c.recorded_at <= at,
        )
        low = max(connection.execute(query).scalars(), default=low)
        high = min(low + step - 1, high)
    return low


def recorded_at(connection: Connection, project_id: int, position: int) -> datetime:
    """Return when the event at a position was recorded; EPOCH before the first."""
    return _recorded(connection, project_id, position) or EPOCH


def _recorded(connection: Connection, project_id: int, position: int) -> datetime | None:
    query = select(events.c.recorded_at).where(
        events.c.project_id == project_id, events.c.position == position
    )
    return connection.execute(query).scalar_one_or_none()


def moment_of(connection: Connection, project_id: int, place: Place, now: datetime) -> datetime:
    """Return the moment that a place means: a position means the last at which nothing followed."""
    if isinstance(place, datetime):
        return place
    return _recorded(connection, project_id, place + 1) or now


def version_at(connection: Connection, project_id: int, person_id: UUID, position: int) -> int:
    """Return the version that a person had at a position; 0 where it was not born yet."""
    query = select(func.max(events.c.version)).where(
        events.c.project_id == project_id,
        events.c.person_id == person_id,
        unindexed_position <= position,
    )
    return connection.execute(query).scalar() or 0
