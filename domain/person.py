"""One person: what its events, applied in order, make of it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import assert_never
from uuid import UUID

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
    PropertyBackfilled,
    PropertySet,
    PropertyUnset,
    Redacted,
    Split,
    Undeleted,
    Unmerged,
)
from domain.values import Properties

UNBORN = datetime(1970, 1, 1, tzinfo=UTC)


class Person:
    """The state of a person after `version` events; version 0 is a person not yet born.

    `number` is the integer id. `distinct_ids` stand in the order of their attachment; where
    `has_all_ids` is False, they are only those gained since the person was loaded.
    """

    __slots__ = (
        "changed_at",
        "created_at",
        "distinct_ids",
        "has_all_ids",
        "id",
        "is_deleted",
        "is_identified",
        "last_seen_at",
        "merged_into",
        "number",
        "properties",
        "size",
        "version",
    )

    def __init__(self, id: UUID) -> None:
        self.id = id
        self.version = 0
        self.number = 0
        self.created_at = UNBORN
        self.last_seen_at = UNBORN
        self.changed_at = UNBORN  # when the latest of all that happened occurred
        self.is_identified = False
        self.properties: Properties = {}
        self.size = 0  # bytes of the properties as they were loaded, or last measured
        self.distinct_ids: list[str] = []
        self.has_all_ids = True
        self.is_deleted = False
        self.merged_into: UUID | None = None

    @property
    def is_living(self) -> bool:
        """Tell whether the person was born, and is neither gone nor merged into another.

        Whose birth was erased has no number, and is gone as well.
        """
        return self.number > 0 and not self.is_deleted and self.merged_into is None

    def apply(self, event: PersonEvent) -> None:  # noqa: C901, PLR0912 - one case an event
        """Take the next event of the stream into account. Never refuses: it has happened."""
        self.version += 1
        self.changed_at = max(self.changed_at, event.origin.occurred_at)
        match event:
            case PropertySet():
                self.properties |= event.properties
            case PropertyUnset():
                self._drop(event.before)
            case PersonCreated():
                self.number = event.number
                self.created_at = event.created_at
                self.last_seen_at = event.last_seen_at
                self.distinct_ids = list(event.distinct_ids)
            case Identified():
                self.is_identified = True
            case DistinctIdAdded():
                self.distinct_ids.append(event.added)
            case Merged():
                self.properties |= event.properties
                self.distinct_ids += event.distinct_ids
                self.created_at = event.created_at
            case MergedInto():
                self.merged_into = event.target
            case Split():
                self.distinct_ids = [i for i in self.distinct_ids if i not in event.distinct_ids]
            case Unmerged():
                self._drop(event.before.keys() - event.properties.keys())
                self.properties |= event.properties
                self.distinct_ids = list(event.distinct_ids)
                self.created_at = event.created_at
                self.is_identified = event.is_identified
                self.merged_into = None
            case Deleted():
                self.is_deleted = True
            case Undeleted():
                self.is_deleted = False
                self.distinct_ids = list(event.distinct_ids)
            case Erased():
                self._keep(event)
            case PropertyBackfilled() | Redacted():
                pass
            case _:
                assert_never(event)

    def _keep(self, event: Erased) -> None:
        self.number = event.number
        if event.kept is None:
            self.is_deleted = True
        else:
            self.properties = dict(event.kept.properties)
            self.distinct_ids = list(event.kept.distinct_ids)
            self.created_at = event.kept.created_at
            self.last_seen_at = event.kept.last_seen_at
            self.changed_at = max(self.changed_at, event.kept.changed_at)
            self.is_identified = event.kept.is_identified

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self.properties.pop(name, None)


def fold(person: Person | None, events: Iterable[PlacedEvent]) -> Person | None:
    """Return the person that a stream makes, going on from `person`; None for an empty stream.

    This is the `projector_func` of the `eventsourcing` library's Repository.
    """
    for placed in events:
        person = person or Person(placed.person_id)
        person.apply(placed.event)
    return person
