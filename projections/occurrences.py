"""What happened to a person, by the events' own clocks rather than in the order of the log."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from domain.events import PersonEvent, PlacedEvent, PropertyBackfilled, PropertySet
from projections.history import changed_keys


class Moment(NamedTuple):
    """A place in a person's life. What is at one time stands by the person's version after it."""

    at: datetime
    version: int


class Occurrence(NamedTuple):
    """The events that one captured event or one API call brought about, at the last of them.

    `keys` are the properties that they touch.
    """

    moment: Moment
    events: list[PersonEvent]
    keys: set[str]


def occurrences(stream: Iterable[PlacedEvent]) -> list[Occurrence]:
    """Return what happened in a person's stream, in the order in which it occurred."""
    groups = groupby(stream, key=lambda placed: placed.event.origin)
    return sorted(_occurrence(list(group)) for _, group in groups)


def _occurrence(placed: list[PlacedEvent]) -> Occurrence:
    events = [_when_it_occurred(each.event) for each in placed]
    return Occurrence(
        Moment(events[-1].origin.occurred_at, placed[-1].version),
        events,
        set().union(*map(changed_keys, events)),
    )


def _when_it_occurred(event: PersonEvent) -> PersonEvent:
    """Return what an event did in its own time: what came too late for now was set then."""
    if isinstance(event, PropertyBackfilled):
        return PropertySet(origin=event.origin, properties=event.backfilled)
    return event
