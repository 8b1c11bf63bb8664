"""What happened to a person, by the events' own clocks rather than in the order of the log."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from domain.events import Origin, PersonEvent, PlacedEvent, PropertyBackfilled, PropertySet
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
    found: list[Occurrence] = []
    origin: Origin | None = None
    for placed in stream:
        event = _when_it_occurred(placed.event)
        moment = Moment(event.origin.occurred_at, placed.version)
        keys = changed_keys(event)
        if event.origin == origin:
            last = found[-1]
            last.events.append(event)
            last.keys.update(keys)
            found[-1] = last._replace(moment=moment)
        else:
            found.append(Occurrence(moment, [event], keys))
            origin = event.origin
    return sorted(found)


def _when_it_occurred(event: PersonEvent) -> PersonEvent:
    """Return what an event did in its own time: what came too late for now was set then."""
    if isinstance(event, PropertyBackfilled):
        return PropertySet(origin=event.origin, properties=event.backfilled)
    return event
