"""Commands decided in memory: given these, when this is asked, then these events happen."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from domain.batch import Batch
from domain.captured import CapturedEvent, TakenIn, merge_source
from domain.commands import (
    Capture,
    Command,
    DeletePerson,
    Done,
    ImportPerson,
    SetProperties,
    SplitPerson,
    UnsetProperties,
)
from domain.decide import decide
from domain.errors import PersonsError
from domain.events import Actor, LoggedEvent, Origin, PersonEvent, PlacedEvent
from domain.identity import later_uuids, person_uuid
from domain.loaded import Loaded, Seen
from domain.person import Person, fold
from domain.properties import size
from domain.settings import Settings
from domain.values import JSON, Properties
from domain.warnings import Warning

NOW = datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC)
KEY = Actor("key", "Ada's key")
TOKEN = Actor("token", "phc_t")
ORIGIN = Origin(actor=KEY, occurred_at=NOW)
"""What stands in the place of every origin where a test compares facts alone."""

BIRTH = "$creator_event_uuid"


def captured(
    event: str,
    distinct_id: str,
    properties: Properties | None = None,
    *,
    at: datetime = NOW,
    uuid: UUID | None = None,
    is_repeatable: bool = True,
    processes_person: bool = True,
) -> Capture:
    """Capture an event with these properties."""
    return Capture(
        CapturedEvent(
            event=event,
            distinct_id=distinct_id,
            uuid=uuid or uuid4(),
            timestamp=at,
            properties=properties or {},
            is_repeatable=is_repeatable,
            processes_person=processes_person,
        )
    )


def visit(distinct_id: str, **set: JSON) -> Capture:
    """Capture an event that sets properties."""
    return captured("visit", distinct_id, {"$set": set})


def identify(distinct_id: str, anonymous: JSON, **set: JSON) -> Capture:
    """Capture the `$identify` that makes an anonymous id a part of the person of another."""
    return captured("$identify", distinct_id, {"$anon_distinct_id": anonymous, "$set": set})


def alias(distinct_id: str, other: JSON, **set: JSON) -> Capture:
    """Capture the `$create_alias` that makes `other` a part of the person of `distinct_id`."""
    return captured("$create_alias", distinct_id, {"alias": other, "$set": set})


def merge(distinct_id: str, other: JSON, **set: JSON) -> Capture:
    """Capture a `$merge_dangerously`."""
    return captured("$merge_dangerously", distinct_id, {"alias": other, "$set": set})


def uuid_of(distinct_id: str, *, life: int = 1) -> UUID:
    """Return the uuid of the first person born with a distinct id, or of a later one."""
    later = later_uuids(Memory.project_id, distinct_id)
    if life > 1:
        return next(islice(later, life - 2, None))
    return person_uuid(Memory.project_id, distinct_id)


def edit(distinct_id: str, *, expected_version: int | None = None, **set: JSON) -> SetProperties:
    """Set properties of the person born with a distinct id, through the API."""
    return SetProperties(
        person_id=uuid_of(distinct_id),
        uuid=uuid4(),
        properties=set,
        expected_version=expected_version,
    )


def unset(distinct_id: str, *names: str, expected_version: int | None = None) -> UnsetProperties:
    """Unset properties of the person born with a distinct id, through the API."""
    return UnsetProperties(
        person_id=uuid_of(distinct_id),
        uuid=uuid4(),
        names=list(names),
        expected_version=expected_version,
    )


def split(
    distinct_id: str,
    *leaving: str,
    main: str | None = None,
    expected_version: int | None = None,
) -> SplitPerson:
    """Split distinct ids off the person born with one; all but `main` if none is named."""
    return SplitPerson(
        person_id=uuid_of(distinct_id),
        main_distinct_id=main,
        distinct_ids=list(leaving) or None,
        expected_version=expected_version,
    )


def delete(
    distinct_id: str,
    *,
    deletes_events: bool = False,
    keeps_person: bool = False,
    expected_version: int | None = None,
) -> DeletePerson:
    """Delete the person born with a distinct id."""
    return DeletePerson(
        person_id=uuid_of(distinct_id),
        deletes_events=deletes_events,
        keeps_person=keeps_person,
        expected_version=expected_version,
    )


class Kept(NamedTuple):
    """A captured event that was kept, and whose it is."""

    taken_in: TakenIn
    person_id: UUID
    version: int


class Memory:
    """One project: its log, what was captured, and what a batch may ask of the store.

    As the store does it, a batch finds only those persons that its commands name.
    """

    project_id = 1

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.log: list[LoggedEvent] = []
        self.kept: list[Kept] = []
        self.warnings: list[Warning] = []
        self.event_deletions: list[UUID] = []
        self.next_number = 1

    def run(self, *commands: Command, actor: Actor = KEY) -> list[Done | PersonsError]:
        """Decide commands in one batch, remember what comes of it, and answer them."""
        loaded = self._load(commands)
        batch = Batch(self.project_id, self.settings, loaded, self, next_number=self.next_number)
        answers = [_decided(batch, command, actor) for command in commands]
        after = len(self.log)
        self.log += [
            LoggedEvent(each.person_id, each.version, each.event, position=position)
            for position, each in enumerate(batch.events, start=after + 1)
        ]
        self.kept += [
            Kept(
                TakenIn(after + each.events_before, each.captured),
                each.person_id,
                each.person_version,
            )
            for each in batch.captured
        ]
        self.warnings += batch.warnings
        self.event_deletions += batch.event_deletions
        self.next_number = batch.next_number
        return answers

    def owner(self, distinct_id: str) -> Person:
        """Return the living person behind a distinct id."""
        return self._owners()[distinct_id]

    def living(self) -> list[Person]:
        """Return all living persons, in the order of their births."""
        persons = map(self._person, dict.fromkeys(each.person_id for each in self.log))
        return [each for each in persons if each.is_living]

    def distinct_ids(self, person_id: UUID) -> list[str]:
        """Answer a batch."""
        return list(self._person(person_id).distinct_ids)

    def stream(self, person_id: UUID) -> Sequence[LoggedEvent]:
        """Answer a batch."""
        return [each for each in self.log if each.person_id == person_id]

    def stream_by_person(self, person_ids: Collection[UUID]) -> dict[UUID, list[LoggedEvent]]:
        """Answer a batch."""
        found = {person_id: list(self.stream(person_id)) for person_id in person_ids}
        return {person_id: stream for person_id, stream in found.items() if stream}

    def taken_in(self, person_id: UUID) -> Sequence[TakenIn]:
        """Answer a batch."""
        return [each.taken_in for each in self.kept if each.person_id == person_id]

    def owned(self, distinct_ids: Collection[str]) -> set[str]:
        """Answer a batch."""
        return self._owners().keys() & set(distinct_ids)

    def streams(self, person_ids: Collection[UUID]) -> set[UUID]:
        """Answer a batch."""
        return {each.person_id for each in self.log} & set(person_ids)

    def _load(self, commands: Sequence[Command]) -> Loaded:
        captures = [each.captured for each in commands if isinstance(each, Capture)]
        sources = {source for each in captures if (source := merge_source(each)) is not None}
        imports = [each.person for each in commands if isinstance(each, ImportPerson)]
        sources |= {name for each in imports for name in each.distinct_ids}
        names = {each.distinct_id for each in captures} | sources
        ids = {each.person_id for each in commands if not isinstance(each, Capture | ImportPerson)}
        owners = self._owners()
        persons = {}
        for person in self.living():
            if person.id in ids or names & set(person.distinct_ids):
                person.has_all_ids = person.id in ids or bool(sources & set(person.distinct_ids))
                persons[person.id] = person
        found = {
            name: persons[owner.id]
            for name, owner in owners.items()
            if name in names or owner.id in ids
        }
        for person in persons.values():
            person.size = size(person.properties)
            if not person.has_all_ids:
                person.distinct_ids = []
        return Loaded(
            owners=found,
            persons=persons,
            free={name for name in names - owners.keys() if not self.streams([uuid_of(name)])},
            seen={
                Seen(each.uuid, each.event, each.distinct_id)
                for each in (kept.taken_in.captured for kept in self.kept)
            },
        )

    def _owners(self) -> dict[str, Person]:
        return {name: person for person in self.living() for name in person.distinct_ids}

    def _person(self, person_id: UUID) -> Person:
        person = fold(None, self.stream(person_id))
        assert person is not None
        return person


def given(*commands: Command, settings: Settings | None = None) -> Memory:
    """Return a project after these commands, each in a batch of its own; none is refused."""
    memory = Memory(settings)
    for command in commands:
        when(memory, command)
    return memory


def when(memory: Memory, *commands: Command, actor: Actor = KEY) -> list[PersonEvent]:
    """Return what happens where commands are carried out in one batch, or raise a refusal."""
    before = len(memory.log)
    for answer in memory.run(*commands, actor=actor):
        if isinstance(answer, PersonsError):
            raise answer
    return facts(memory.log[before:])


def facts(placed: Iterable[PlacedEvent]) -> list[PersonEvent]:
    """Return events, each with ORIGIN for its own origin."""
    return [msgspec.structs.replace(each.event, origin=ORIGIN) for each in placed]


def _decided(batch: Batch, command: Command, actor: Actor) -> Done | PersonsError:
    try:
        return decide(batch, command, actor, NOW)
    except PersonsError as refused:
        return refused
