"""Captured events as they are kept: written once, recognised when they come again."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from domain.batch import KeptCapture, Seen
from domain.captured import CapturedEvent
from domain.values import encode
from storage.schema import captured_events
from storage.statements import Insert

_insert = Insert(captured_events)
_seen = select(
    captured_events.c.uuid, captured_events.c.event, captured_events.c.distinct_id
).where(
    captured_events.c.project_id == bindparam("project_id"),
    captured_events.c.uuid.in_(bindparam("uuids", expanding=True)),
)


def seen(connection: Connection, project_id: int, captured: Iterable[CapturedEvent]) -> set[Seen]:
    """Return what of these, or of others with their uuids, is kept already."""
    uuids = {each.uuid for each in captured if each.is_repeatable}
    if not uuids:
        return set()
    rows = connection.execute(_seen, {"project_id": project_id, "uuids": list(uuids)})
    return {Seen(*row) for row in rows}


def keep(
    connection: Connection, project_id: int, kept: Iterable[KeptCapture], at: datetime
) -> None:
    """Write captured events, received at this time."""
    rows = [
        (
            project_id,
            captured.uuid,
            captured.event,
            captured.distinct_id,
            person_id,
            version,
            captured.timestamp,
            at,
            encode(captured.properties).decode(),
        )
        for captured, person_id, version in kept
    ]
    _insert.run(connection, rows)
