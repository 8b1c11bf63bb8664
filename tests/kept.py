"""Captured events as they are stored, read past the service."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import select

from storage.engine import Database
from storage.schema import captured_events


class Kept(NamedTuple):
    """A captured event as it is stored."""

    uuid: UUID
    event: str
    distinct_id: str
    properties: dict[str, Any]
    timestamp: datetime


def kept(database: Database, project_id: int) -> list[Kept]:
    """Return a project's captured events, in the order in which they were taken in."""
    column = captured_events.c
    query = (
        select(*(column[name] for name in Kept._fields))
        .where(column.project_id == project_id)
        .order_by(column.position, column.received_at, column.rank)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
    return [
        Kept(uuid, event, distinct_id, msgspec.json.decode(properties), timestamp)
        for uuid, event, distinct_id, properties, timestamp in rows
    ]
