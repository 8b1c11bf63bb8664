"""History as it is told: each event with its place, who did it, and what changed from what."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.events import Merged, PersonEvent, PropertySet, PropertyUnset, Unmerged
from domain.values import JSON
from storage import log
from storage.mapper import decode_event

PAGE = 1_000  # events read at once


def told(row: Any, event: PersonEvent) -> dict[str, JSON]:
    """Return an event of the log as a JSON object; a value that was not there is left out."""
    facts = msgspec.structs.asdict(event)
    origin = facts.pop("origin")
    for shown_as_changes in ("properties", "before"):
        facts.pop(shown_as_changes, None)
    return {
        "position": row.position,
        "version": row.version,
        "type": row.topic,
        "person": row.person_id,
        "recorded_at": row.recorded_at,
        "occurred_at": origin.occurred_at,
        "actor": origin.actor,
        "cause": origin.cause,
        "changes": changes(event),
        **({"distinct_id": origin.distinct_id} if origin.distinct_id is not None else {}),
        **{name: fact for name, fact in facts.items() if fact is not None},
    }


def changes(event: PersonEvent) -> list[dict[str, JSON]]:
    """Return what an event changed in the person's properties, by key: before and after."""
    match event:
        case PropertySet() | Unmerged():
            before, after = event.before, event.properties
        case PropertyUnset():
            before, after = event.before, {}
        case Merged():
            before, after = {}, event.properties
        case _:
            return []
    return [
        {"key": key}
        | ({"before": before[key]} if key in before else {})
        | ({"after": after[key]} if key in after else {})
        for key in sorted(before.keys() | after.keys())
    ]


def replay(
    connection: Connection, project_id: int, *, after: int = 0, until: int | None = None
) -> Iterator[dict[str, JSON]]:
    """Yield the events of a project behind `after`, up to position `until`, oldest first."""
    while rows := log.read(connection, project_id, after=after, limit=PAGE):
        for row in rows:
            if until is not None and row.position > until:
                return
            yield told(row, decode_event(row.topic, row.state))
        after = rows[-1].position


def replay_person(
    connection: Connection,
    project_id: int,
    person_id: UUID,
    *,
    after: int = 0,
    until: int | None = None,
) -> Iterator[dict[str, JSON]]:
    """Yield the events of one person behind `after`, up to position `until`, oldest first."""
    for row in log.read_stream(connection, project_id, person_id):
        if row.position > after and (until is None or row.position <= until):
            yield told(row, decode_event(row.topic, row.state))
