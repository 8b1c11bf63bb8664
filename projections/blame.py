"""Blame: for each property that a person has, who or what set it, when, and what was there before.

The past of all persons says at which position each property last got a value, and the event there
says the rest. What came over by a merge was set in the source's stream, so that is asked next.
Where a merge was taken back, or something was erased, this is not enough: see `blame_fold`.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Select, Text, Uuid, bindparam, func, select

from domain.events import Erased, Merged, PersonEvent, PropertySet, Unmerged
from projections.blame_fold import folded
from projections.past.tables import KEY_SIZE, of_last_change, past_lives, past_properties
from projections.setting import Setting, brought, set_by
from storage.log import END
from storage.mapper import decode_event
from storage.queries import GivenRows, Query, among
from storage.schema import events
from storage.values import as_time

_PARTED = frozenset({Unmerged.__name__, Erased.__name__})
"""By these a person has values back that somebody had set earlier."""

_project_id = bindparam("project_id", type_=BigInteger)
_asked = GivenRows("asked", person_id=Uuid(), key=Text(), until=BigInteger())


def blame(
    connection: Connection, project_id: int, person_id: UUID, keys: Iterable[str], until: int = END
) -> list[Setting]:
    """Return how a person came to each of its properties, by key; `keys` are all that it had then.

    Then is at position `until`. What came over by a merge was set in the source's stream. What a
    person has back since a merge was taken back is blamed on who had set it; where that was nobody,
    on who took the merge back.
    """
    settings = _by_last_events(connection, project_id, person_id, keys, until)
    if settings is None:
        settings = folded(connection, project_id, person_id, until)
    return [settings[key] for key in sorted(settings)]


class _Last(NamedTuple):
    """The event that last changed a property, as the log has it."""

    position: int
    recorded_at: datetime
    event: PersonEvent


class _Asked(NamedTuple):
    """Who set what a person had under a key at a position, and the merges that brought it on."""

    person_id: UUID
    key: str
    until: int
    merges: tuple[tuple[_Last, Merged], ...] = ()


def _by_last_events(
    connection: Connection, project_id: int, person_id: UUID, keys: Iterable[str], until: int
) -> dict[str, Setting] | None:
    """Return the settings by their keys; None where the last events do not tell all."""
    settings = {}
    asked = [_Asked(person_id, key, until) for key in keys]
    while asked:
        if _have_parted(connection, project_id, {each.person_id for each in asked}):
            return None
        found = _last_events(connection, project_id, asked)
        sources = []
        for each, last in zip(asked, found, strict=True):
            match last:
                case _Last(event=PropertySet() as event) if each.key in event.properties:
                    settings[each.key] = _setting(each, last, event)
                case _Last(event=Merged() as event) if each.key in event.properties:
                    merges = (*each.merges, (last, event))
                    sources.append(_Asked(event.source, each.key, last.position, merges))
                case _:
                    return None
        asked = sources
    return settings


def _setting(asked: _Asked, last: _Last, event: PropertySet) -> Setting:
    setting = set_by(last, event, asked.key, event.properties[asked.key], event.before)
    for row, merge in reversed(asked.merges):
        setting = brought(row, merge, asked.key, setting)
    return setting


def _have_parted(connection: Connection, project_id: int, person_ids: Collection[UUID]) -> bool:
    """Tell whether one of the persons has what others had set before: see _PARTED."""
    parameters = {"project_id": project_id, "person_ids": list(person_ids)}
    return any(topic in _PARTED for (topic,) in _lives.run(connection, parameters))


@Query
def _lives(dialect: str) -> Select[Any]:
    """Ask for the topics of the events that made these persons live on."""
    person_id = among(dialect, "person_ids", Uuid)
    is_theirs = (past_lives.c.project_id == _project_id) & (past_lives.c.person_id == person_id)
    is_event = (events.c.project_id == _project_id) & (events.c.position == past_lives.c.position)
    found = person_id.table.outerjoin(past_lives, is_theirs).outerjoin(events, is_event)
    return select(events.c.topic).select_from(found)


def _last_events(
    connection: Connection, project_id: int, asked: Collection[_Asked]
) -> list[_Last | None]:
    """Return for each who is asked the last event that changed the property, with two queries."""
    given = _asked.parameters(connection.dialect.name, [each[:3] for each in asked])
    rows = _positions.run(connection, {"project_id": project_id} | given)
    places = {place: position for place, position in rows}
    positions = {position for position in places.values() if position is not None}
    parameters = {"project_id": project_id, "positions": list(positions)}
    last = {
        position: _Last(position, as_time(recorded_at), decode_event(topic, state))
        for position, topic, state, recorded_at in _events.run(connection, parameters)
        if state is not None
    }
    return [last.get(places[place]) for place in range(1, len(asked) + 1)]


@Query
def _positions(dialect: str) -> Select[Any]:
    asked = _asked.table(dialect)
    key, position = asked.c.key, past_properties.c.position
    parts = func.substr(key, 1, KEY_SIZE), func.substr(key, KEY_SIZE + 1)
    last = of_last_change(position, asked, _project_id, parts, asked.c.until)
    return select(asked.c.place, last)


@Query
def _events(dialect: str) -> Select[Any]:
    position = among(dialect, "positions", BigInteger)
    is_there = (events.c.project_id == _project_id) & (events.c.position == position)
    return select(
        events.c.position, events.c.topic, events.c.state, events.c.recorded_at
    ).select_from(position.table.outerjoin(events, is_there))
