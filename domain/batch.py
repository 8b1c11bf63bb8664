"""A batch: the persons of one project that a run of commands can see, and what comes of it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from domain.captured import CapturedEvent
from domain.erasures import Erasing
from domain.errors import PersonNotFoundError, VersionConflictError
from domain.events import BornFrom, Origin, PersonCreated, PersonEvent, PlacedEvent
from domain.identity import later_uuids, person_uuid
from domain.loaded import Loaded, Lookup, Seen
from domain.merge_rules import AS_POSTHOG, MergeRules
from domain.person import Person
from domain.settings import Settings
from domain.warnings import Warning


class KeptCapture(NamedTuple):
    """A captured event to keep, with its person and that person's version after it.

    The version is 0 where no such person exists: the event is filed under the uuid that a later
    person with its distinct id will get. `events_before` counts the batch's events up to it.
    """

    captured: CapturedEvent
    person_id: UUID
    person_version: int
    events_before: int


class Batch:
    """The state that commands are decided on, and the outcome that is to be written.

    Every change goes through `emit`, so the persons in memory are always what the events say.
    """

    def __init__(
        self,
        project_id: int,
        settings: Settings,
        loaded: Loaded,
        lookup: Lookup,
        *,
        next_number: int,
        rules: MergeRules = AS_POSTHOG,
    ) -> None:
        self.project_id = project_id
        self.settings = settings
        self.rules = rules
        self.owners = loaded.owners
        self.persons = loaded.persons
        self.next_number = next_number
        self.events: list[PlacedEvent] = []
        self.changed: dict[UUID, Person] = {}
        self.captured: list[KeptCapture] = []
        self.warnings: list[Warning] = []
        self.event_deletions: list[UUID] = []
        self.spared: dict[UUID, datetime] = {}
        self.erasures: list[Erasing] = []
        self._free = loaded.free
        self._seen = loaded.seen
        self.lookup = lookup

    def emit(self, person: Person, event: PersonEvent) -> None:
        """Let an event happen to a person."""
        person.apply(event)
        self.events.append(PlacedEvent(person.id, person.version, event))
        self.changed[person.id] = person

    def keep(self, captured: CapturedEvent, person_id: UUID, version: int) -> None:
        """Let a captured event be stored beside the log."""
        self.captured.append(KeptCapture(captured, person_id, version, len(self.events)))

    def first_time(self, captured: CapturedEvent) -> bool:
        """Tell whether a captured event was not taken in before, and remember that it is now."""
        if not captured.is_repeatable:
            return True
        before = len(self._seen)
        self._seen.add(Seen(captured.uuid, captured.event, captured.distinct_id))
        return len(self._seen) > before

    def person(self, person_id: UUID, *, expected_version: int | None) -> Person:
        """Return a living person.

        Raises:
            PersonNotFoundError: there is none with this id.
            VersionConflictError: it is not at the expected version.
        """
        person = self.persons.get(person_id)
        if person is None or not person.is_living:
            raise PersonNotFoundError(f"person {person_id} was not found")
        if expected_version is not None and person.version != expected_version:
            raise VersionConflictError(
                f"version {expected_version} was expected, {person.version} found"
            )
        return person

    def history(self, person_id: UUID) -> Iterator[PlacedEvent]:
        """Yield all events of a person, those of this batch too, oldest first."""
        yield from self.lookup.stream(person_id)
        yield from (each for each in self.events if each.person_id == person_id)

    def all_distinct_ids(self, person: Person) -> list[str]:
        """Return all distinct ids of a person, in the order of their attachment."""
        if not person.has_all_ids:
            person.distinct_ids = self.lookup.distinct_ids(person.id) + person.distinct_ids
            person.has_all_ids = True
        return person.distinct_ids

    def next_uuid(self, distinct_id: str, *, taken: Collection[UUID] = ()) -> UUID:
        """Return the uuid that the next person born with a distinct id gets, none of those `taken`.

        One distinct id's later uuid can be another's first.
        """
        first = person_uuid(self.project_id, distinct_id)
        if distinct_id in self._free and first not in self.changed and first not in taken:
            return first
        uuids = chain([first], later_uuids(self.project_id, distinct_id))
        return next(each for each in uuids if each not in taken and not self._existed(each))

    def _existed(self, person_id: UUID) -> bool:
        return person_id in self.changed or bool(self.lookup.streams([person_id]))

    def create(
        self,
        distinct_ids: Iterable[str],
        origin: Origin,
        *,
        created_at: datetime,
        born_from: BornFrom,
        source: UUID | None = None,
        person_id: UUID | None = None,
        last_seen_at: datetime | None = None,
    ) -> Person:
        """Let a person be born with distinct ids that belong to nobody.

        `person_id` is its uuid; None for that which the first of them gives it. `last_seen_at` is
        None for the hour in which it was created.
        """
        ids = list(distinct_ids)
        person = Person(person_id or self.next_uuid(ids[0]))
        event = PersonCreated(
            origin=origin,
            number=self.next_number,
            distinct_ids=ids,
            created_at=created_at,
            last_seen_at=last_seen_at or created_at.replace(minute=0, second=0, microsecond=0),
            born_from=born_from,
            source=source,
        )
        self.next_number += 1
        self.emit(person, event)
        self.persons[person.id] = person
        self.own(person, ids)
        return person

    def own(self, person: Person, distinct_ids: Iterable[str]) -> None:
        """Let distinct ids lead to a person from now on."""
        for distinct_id in distinct_ids:
            self.owners[distinct_id] = person

    def disown(self, person: Person) -> None:
        """Let the distinct ids of a person lead nowhere."""
        self.owners = {key: owner for key, owner in self.owners.items() if owner is not person}
