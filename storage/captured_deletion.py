"""Deleting captured events for good, so many at a time that nobody has to wait for long."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select

from storage.schema import captured_events

CHUNK = 1_000  # captured events

_row = captured_events.c


class Chosen(NamedTuple):
    """Captured events of a project with a condition, that were received `until` then; None: all."""

    project_id: int
    condition: ColumnElement[bool]
    until: datetime | None

    def where(self) -> Iterable[ColumnElement[bool]]:
        """Yield what is true of all of them."""
        yield _row.project_id == self.project_id
        yield self.condition
        if self.until:
            yield _row.received_at <= self.until


def delete_some(
    connection: Connection, chosen: Chosen, *, since: datetime | None
) -> tuple[int, datetime | None]:
    """Delete the first of those at a time or later; None begins with the earliest.

    Returns how many were deleted, and the time to go on from; None if there are no more.
    """
    where = [*chosen.where()]
    if since:
        where.append(_row.timestamp >= since)
    query = select(_row.timestamp, _row.uuid).where(*where).order_by(_row.timestamp).limit(CHUNK)
    rows = connection.execute(query).all()
    if not rows:
        return 0, None
    uuids = [row.uuid for row in rows]
    gone = connection.execute(delete(captured_events).where(*chosen.where(), _row.uuid.in_(uuids)))
    return gone.rowcount, rows[-1].timestamp if len(rows) == CHUNK else None


def is_left(connection: Connection, chosen: Chosen) -> bool:
    """Tell whether there is one of them."""
    query = select(_row.uuid).where(*chosen.where()).limit(1)
    return connection.execute(query).first() is not None
