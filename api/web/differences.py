"""What differs between two times, as pages show it: for one person, or for each of a project."""

from datetime import datetime, timedelta
from operator import attrgetter
from typing import Protocol

from api.persons.diff import Changed, ChangedIds
from api.web.values import Change, Value
from domain.values import JSON

SPANS = [
    ("last hour", timedelta(hours=1)),
    ("last day", timedelta(days=1)),
    ("last week", timedelta(weeks=1)),
    ("last month", timedelta(days=30)),
]
"""Spans one may want to look at, up to now, and what they are called."""


class Differs(Protocol):
    """What an answer of the API tells of a person that differs."""

    @property
    def added(self) -> dict[str, JSON]:
        """The properties that came."""

    @property
    def changed(self) -> dict[str, Changed]:
        """The properties that are others now."""

    @property
    def removed(self) -> dict[str, JSON]:
        """The properties that went."""

    @property
    def distinct_ids(self) -> ChangedIds:
        """The distinct ids that came and went."""


def changes(found: Differs) -> list[Change]:
    """Return what differs, by key."""
    rows = [Change(key, None, Value(value)) for key, value in found.added.items()]
    rows += [
        Change(key, Value(each.before), Value(each.after)) for key, each in found.changed.items()
    ]
    rows += [Change(key, Value(value), None) for key, value in found.removed.items()]
    return sorted(rows, key=attrgetter("key"))


def spans(at: datetime) -> list[tuple[str, str]]:
    """Return what SPANS are called, and when they began, as an address says it."""
    return [(label, f"{at - span:%Y-%m-%dT%H:%M:%S}Z") for label, span in SPANS]
