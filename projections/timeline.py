"""The properties timeline: when a person's properties changed, and how much it did meanwhile.

It has two forms. An insight looks at captured events, each with the properties that the person had
right after it. A whole life looks at the changes themselves, at the times when they occurred.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from msgspec import UNSET, Struct
from sqlalchemy import ColumnElement, Connection, func, select

from domain.person import Person
from domain.values import Properties, encode, same
from projections.occurrences import Moment, Occurrence, occurrences
from projections.people import PersonRow
from projections.snapshots import snapshots, stream
from storage.schema import captured_events


class WholeLife(Struct, frozen=True):
    """Asks for all changes of these properties; of any property, if none is named."""

    keys: tuple[str, ...] = ()


class Insight(Struct, frozen=True, kw_only=True):
    """Asks how these properties differ from one captured event to the next, in a window.

    `events` are the names that count; None for all. `date_from` and `date_to` are the window as
    it is shown; None begins it on the day of the person's first captured event. `since` and
    `until`, both included, are what is looked at; None sets no lower bound.
    """

    events: frozenset[str] | None
    keys: tuple[str, ...]
    date_from: datetime | None
    date_to: datetime
    since: datetime | None
    until: datetime


class Point(Struct, frozen=True):
    """A change, with all properties after it; captured events count up to the next change."""

    timestamp: datetime
    properties: Properties
    relevant_event_count: int


class Timeline(Struct, frozen=True):
    """The points, oldest first; only changes of `crucial_property_keys` make one."""

    points: list[Point]
    crucial_property_keys: list[str]
    effective_date_from: str
    effective_date_to: str


def whole_life(
    connection: Connection, project_id: int, person: PersonRow, keys: Sequence[str], now: datetime
) -> Timeline:
    """Return a point for each change of these properties; of any property, if `keys` is empty.

    Time is that of the events' own clocks: changes are applied in the order in which they
    occurred, those of one moment by their versions. So what arrives late takes its place in the
    past, and all points after it show what it brought. Where it overwrote something newer, the
    person has what arrived last, and the timeline ends with what occurred last.

    A captured event counts for the last point up to its own moment; one before the first point
    for none.
    """
    life = occurrences(stream(connection, project_id, person.person_id))
    counting = set(keys) or {key for each in life for key in each.keys}
    changed = list(_changes(person.person_id, life, counting))
    starts = [moment for moment, _ in changed]
    captured = _captured(connection, project_id, person.person_id)
    counts = Counter(bisect_right(starts, moment) for moment in captured)
    times = [each.moment.at for each in life]
    return Timeline(
        points=[
            Point(moment.at, properties, counts[number])
            for number, (moment, properties) in enumerate(changed, start=1)
        ],
        crucial_property_keys=sorted(counting),
        effective_date_from=min(times, default=person.created_at).isoformat(),
        effective_date_to=max([*times, now]).isoformat(),
    )


def insight(
    connection: Connection, project_id: int, person: PersonRow, insight: Insight
) -> Timeline:
    """Return a point for the first captured event, and for each one whose properties of interest
    differ from those after the event directly before it, as JSON texts.

    Source: PostHog's properties timeline.
    """
    captured = _captured(connection, project_id, person.person_id, *_conditions(insight))
    date_from = insight.date_from or _first_day(connection, project_id, person)
    return Timeline(
        points=_differences(connection, project_id, person.person_id, captured, insight.keys),
        crucial_property_keys=list(insight.keys),
        effective_date_from=date_from.isoformat(),
        effective_date_to=insight.date_to.isoformat(),
    )


def _changes(
    person_id: UUID, life: Iterable[Occurrence], counting: set[str]
) -> Iterator[tuple[Moment, Properties]]:
    """Yield when a property that counts got another value or lost it, with all properties then."""
    person = Person(person_id)
    for moment, events, touched in life:
        keys = touched & counting
        before = [person.properties.get(key, UNSET) for key in keys]
        for event in events:
            person.apply(event)
        after = [person.properties.get(key, UNSET) for key in keys]
        if not all(map(same, before, after)):
            yield moment, dict(person.properties)


def _differences(
    connection: Connection,
    project_id: int,
    person_id: UUID,
    captured: Sequence[Moment],
    keys: Sequence[str],
) -> list[Point]:
    versions = {each.version for each in captured}
    events = stream(connection, project_id, person_id, below=max(versions, default=0) + 1)
    texts = {
        version: [_text(properties, key) for key in keys]
        for version, properties in snapshots(person_id, events, versions)
    }
    opening = [
        index
        for index, each in enumerate(captured)
        if index == 0 or texts[each.version] != texts[captured[index - 1].version]
    ]
    opened = {captured[index].version for index in opening}
    shown = {
        version: dict(properties) for version, properties in snapshots(person_id, events, opened)
    }
    return [
        Point(captured[index].at, shown[captured[index].version], following - index)
        for index, following in pairwise([*opening, len(captured)])
    ]


def _text(properties: Properties, key: str) -> str:
    """Return a value as JSON text without quotes around it: a missing one is like an empty text,
    and 1 like "1"."""
    if key not in properties:
        return ""
    text = encode(properties[key]).decode()
    return text[1:-1] if text.startswith('"') else text


def _captured(
    connection: Connection, project_id: int, person_id: UUID, *conditions: ColumnElement[bool]
) -> list[Moment]:
    """Return the moments of a person's captured events, in their order."""
    table = captured_events.c
    query = (
        select(table.timestamp, table.person_version)
        .where(table.project_id == project_id, table.person_id == person_id, *conditions)
        .order_by(table.timestamp, table.person_version)
    )
    return [Moment(at, version) for at, version in connection.execute(query)]


def _conditions(insight: Insight) -> list[ColumnElement[bool]]:
    conditions = [captured_events.c.timestamp <= insight.until]
    if insight.since is not None:
        conditions.append(captured_events.c.timestamp >= insight.since)
    if insight.events is not None:
        conditions.append(captured_events.c.event.in_(insight.events))
    return conditions


def _first_day(connection: Connection, project_id: int, person: PersonRow) -> datetime:
    query = select(func.min(captured_events.c.timestamp)).where(
        captured_events.c.project_id == project_id,
        captured_events.c.person_id == person.person_id,
    )
    first: datetime = connection.execute(query).scalar() or person.created_at
    return first.replace(hour=0, minute=0, second=0, microsecond=0)
