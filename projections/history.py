"""History as it is told: each event with its place, who did it, and what changed from what."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.events import (
    Merged,
    PersonEvent,
    PropertySet,
    PropertyUnset,
    Redacted,
    Unmerged,
)
from domain.values import JSON, Properties
from projections.lineage import BY_MERGE, lineage
from storage import streams
from storage.log import END
from storage.mapper import logged_event

_TOLD_OTHERWISE = ("origin", "properties", "before", "kept")


def told(row: Any) -> dict[str, JSON]:
    """Return an event of the log as a JSON object; a value that was not there is left out.

    Of an event that was erased only its place and its type are left.
    """
    event = logged_event(row).event
    place = {
        "position": row.position,
        "version": row.version,
        "type": row.topic,
        "person": row.person_id,
        "recorded_at": row.recorded_at,
    }
    if isinstance(event, Redacted):
        return place | {"cause": None, "changes": [], "is_erased": True}
    origin = event.origin
    place["occurred_at"] = origin.occurred_at
    place["actor"] = origin.actor
    place["cause"] = origin.cause
    place["changes"] = changes(event)
    if origin.distinct_id is not None:
        place["distinct_id"] = origin.distinct_id
    for name in _facts(type(event)):
        fact = getattr(event, name)
        if fact is not None:
            place[name] = fact
    return place


@cache
def _facts(kind: type[PersonEvent]) -> list[str]:
    """Return the fields of a kind of events that are told as they are."""
    return [name for name in kind.__struct_fields__ if name not in _TOLD_OTHERWISE]


def changes(event: PersonEvent | Redacted) -> list[dict[str, JSON]]:
    """Return what an event changed in the person's properties, by key: before and after."""
    before, after = _sides(event)
    return [_change(key, before, after) for key in sorted(before.keys() | after.keys())]


def changed_keys(event: PersonEvent | Redacted) -> set[str]:
    """Return the properties of which `changes` tells."""
    before, after = _sides(event)
    return before.keys() | after.keys()


def _sides(event: PersonEvent | Redacted) -> tuple[Properties, Properties]:
    match event:
        case PropertySet() | Unmerged():
            return event.before, event.properties
        case PropertyUnset():
            return event.before, {}
        case Merged():
            return {}, event.properties
        case _:
            return {}, {}


def _change(key: str, before: Properties, after: Properties) -> dict[str, JSON]:
    change = {"key": key}
    if key in before:
        change["before"] = before[key]
    if key in after:
        change["after"] = after[key]
    return change


def replay_person(
    connection: Connection, project_id: int, person_id: UUID, after: int = 0, until: int = END
) -> Iterator[dict[str, JSON]]:
    """Yield the events of one person behind `after`, up to position `until`, oldest first."""
    for row in streams.read(connection, project_id, person_id):
        if after < row.position <= until:
            yield told(row)


def at_version(
    connection: Connection, project_id: int, person_id: UUID, version: int
) -> dict[str, JSON] | None:
    """Return the event that made a version of a person; None if there is none."""
    row = streams.at_version(connection, project_id, person_id, version)
    return None if row is None else told(row)


def page(
    connection: Connection,
    project_id: int,
    person_id: UUID,
    *,
    after: int,
    limit: int,
    weaves_merged: bool,
) -> list[dict[str, JSON]]:
    """Return the first `limit` events of one person behind a position, oldest first.

    With `weaves_merged`, what happened to persons that were merged into it stands among them, up
    to each merge; and so with those that were merged into these.
    """
    if weaves_merged:
        bounds = lineage(connection, project_id, person_id, topics=BY_MERGE)
        rows = streams.woven(connection, project_id, bounds, after=after, limit=limit)
    else:
        rows = streams.page(connection, project_id, person_id, after=after, limit=limit)
    return [told(row) for row in rows]
