"""A person's life as lanes: for each property which values it had, from when to when.

Time is that of the events' own clocks, as in the timeline of a whole life.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Connection

from domain.events import (
    Deleted,
    DistinctIdAdded,
    Erased,
    Identified,
    Merged,
    MergedInto,
    PersonCreated,
    PersonEvent,
    PlacedEvent,
    Split,
    Undeleted,
    Unmerged,
)
from domain.person import UNBORN, Person
from domain.values import JSON, same
from projections.occurrences import occurrences
from projections.snapshots import stream
from storage.places import Place, position_of

_MARKS = frozenset(
    {
        PersonCreated,
        Identified,
        DistinctIdAdded,
        Merged,
        MergedInto,
        Split,
        Unmerged,
        Deleted,
        Undeleted,
        Erased,
    }
)

_NOTHING = UNSET, UNBORN


class Span(NamedTuple):
    """A value, from when to when a property had it; `end` is None if it has it still."""

    value: JSON
    begin: datetime
    end: datetime | None


class Mark(NamedTuple):
    """Something that happened to the person itself, and not to a property alone."""

    event: PersonEvent
    at: datetime


class Lanes(NamedTuple):
    """The spans of each property, oldest first; the marks, and all times at which things changed.

    `then` is the person as it was at the moment that was asked for; None where it did not live.
    """

    spans: dict[str, list[Span]]
    marks: list[Mark]
    times: list[datetime]
    then: Person | None


def swimlanes(
    connection: Connection, project_id: int, person_id: UUID, moment: datetime, place: Place | None
) -> Lanes:
    """Return the lanes of a person, and how it was at a moment.

    What was recorded behind `place` does not count.

    Raises:
        InvalidParameterError: see `storage.places.position_of`.
    """
    until = None if place is None else position_of(connection, project_id, place, "as_of")
    return lanes(person_id, stream(connection, project_id, person_id, until=until), moment)


def lanes(person_id: UUID, events: Iterable[PlacedEvent], moment: datetime) -> Lanes:
    """Return the lanes of a person by its events, with one fold over them."""
    life = _Life(Person(person_id))
    then: Person | None = None
    for (at, _), happened, keys in occurrences(events):
        if then is None and at > moment:
            then = _copied(life.person)
        life.go_on(at, happened, keys)
    life.close()
    then = then or life.person
    return Lanes(life.spans, life.marks, life.times, then if then.is_living else None)


class _Life:
    """What is known so far of a life."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.spans: dict[str, list[Span]] = {}
        self.marks: list[Mark] = []
        self.times: list[datetime] = []
        self._open: dict[str, tuple[JSON, datetime]] = {}

    def go_on(self, at: datetime, events: list[PersonEvent], keys: set[str]) -> None:
        """Let something happen that touches these properties."""
        self.times.append(at)
        touched: Iterable[str] = keys
        for event in events:
            self.person.apply(event)
            if type(event) in _MARKS:
                self.marks.append(Mark(event, at))
                # Whoever comes or goes takes all properties along.
                touched = self._open.keys() | self.person.properties.keys() | keys
        has = self.person.properties if self.person.is_living else {}
        for key in touched:
            self._show(key, has.get(key, UNSET), at)

    def close(self) -> None:
        """Let it go on from here as it is."""
        for key, (value, begin) in self._open.items():
            self._add(key, Span(value, begin, None))

    def _show(self, key: str, value: JSON, at: datetime) -> None:
        shown, begin = self._open.get(key, _NOTHING)
        if same(shown, value):
            return
        if shown is not UNSET:
            self._add(key, Span(shown, begin, at))
        if value is UNSET:
            del self._open[key]
        else:
            self._open[key] = value, at

    def _add(self, key: str, span: Span) -> None:
        self.spans.setdefault(key, []).append(span)


def _copied(person: Person) -> Person:
    """Return a person that stays as it is."""
    copied = Person(person.id)
    copied.number = person.number
    copied.is_identified = person.is_identified
    copied.is_deleted = person.is_deleted
    copied.merged_into = person.merged_into
    copied.properties = dict(person.properties)
    copied.distinct_ids = list(person.distinct_ids)
    return copied
