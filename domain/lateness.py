"""Late captured events, for projects in which the event that occurred last decides a value."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from domain.events import Merged, PlacedEvent, PropertySet, PropertyUnset, Unmerged
from domain.properties import Changes
from domain.values import Properties

History = Callable[[UUID], Iterable[PlacedEvent]]


def since(history: History, person_id: UUID) -> dict[str, datetime]:
    """Return when each property of a person last changed, by the events' own clocks."""
    times: dict[str, datetime] = {}
    for placed in history(person_id):
        event = placed.event
        match event:
            case PropertySet():
                keys: Iterable[str] = event.properties
            case PropertyUnset():
                keys = event.before
            case Unmerged():
                keys = event.properties.keys() | event.before.keys()
            case Merged():
                theirs = since(history, event.source)
                times |= {key: theirs[key] for key in event.properties if key in theirs}
                continue
            case _:
                continue
        times |= dict.fromkeys(keys, event.origin.occurred_at)
    return times


def in_time(
    changed: Changes, at: datetime, times: dict[str, datetime]
) -> tuple[Changes, Properties]:
    """Return which changes of an event that occurred `at` still count, and what came too late."""
    late = {key for key in (*changed.set, *changed.unset) if key in times and times[key] > at}
    counts = Changes(
        {key: value for key, value in changed.set.items() if key not in late},
        {key: value for key, value in changed.unset.items() if key not in late},
    )
    return counts, {key: value for key, value in changed.set.items() if key in late}
