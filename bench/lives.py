"""A log to measure on: what happens to the persons of a project, written by the thousands.

It is what the store itself would have decided, but by a formula instead of requests: so a million
events are there in a minute.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import NamedTuple
from uuid import UUID

from api.databases import prepare
from domain.events import (
    Actor,
    Cause,
    Deleted,
    DistinctIdAdded,
    Identified,
    Merged,
    MergedInto,
    Origin,
    PersonCreated,
    PersonEvent,
    PropertySet,
    PropertyUnset,
)
from domain.identity import person_uuid
from domain.person import Person
from projections.rebuilding import rebuild
from storage import log, projects
from storage.chain import Entry
from storage.engine import Database
from storage.mapper import encode_event
from storage.tree import grow

PROJECT = 1
AT_ONCE = 10_000  # events in a transaction
LIVES = 1_000  # that go on at the same time
START = datetime(2024, 1, 1, tzinfo=UTC)
_ACTOR = Actor("token", "phc_bench")


class Happened(NamedTuple):
    """An event at its place in a person's stream."""

    person: Person
    version: int
    event: PersonEvent


def fill(url: str, size: int) -> None:
    """Let a new database have one project, with a log of that many events and all views of it."""
    database = Database(url)
    prepare(database)
    with database.writing() as connection:
        projects.create(connection, "bench", at=START)
    happening = islice(_happening(), size)
    while some := list(islice(happening, AT_ONCE)):
        _append(database, some)
    while grow(database, PROJECT):
        pass
    rebuild.rebuild(database)
    database.close()


def _append(database: Database, happened: list[Happened]) -> None:
    entries = [Entry(each.person.id, each.version, *encode_event(each.event)) for each in happened]
    with database.writing() as connection:
        head = log.lock(connection, PROJECT)
        head.next_number = max(head.next_number, *(each.person.number + 1 for each in happened))
        log.append(connection, head, entries, happened[-1].event.origin.occurred_at)
        log.move_head(connection, head)


def _happening() -> Iterator[Happened]:
    """Yield what happens, for ever, to many persons at the same time."""
    chance = Random(1)
    born = 0
    lives: list[Iterator[list[Happened]]] = [iter(())] * LIVES
    while True:
        place = chance.randrange(LIVES)
        happened = next(lives[place], None)
        if happened is None:
            born += 2
            lives[place] = _Life(chance, born).turns()
        else:
            yield from happened


class _Life:
    """A person that comes without a name at first: about 14 events, and 3 of whom it was before."""

    def __init__(self, chance: Random, number: int) -> None:
        self._chance = chance
        self._at = START + timedelta(seconds=number)
        self._person = self._new(number)
        self._stranger = self._new(number - 1)

    def turns(self) -> Iterator[list[Happened]]:
        """Yield what happens at once, turn by turn."""
        person, number = self._person, self._person.number
        yield self._born(self._stranger, {"$initial_referrer": f"https://example.com/{number}"})
        yield self._born(person, _first_properties(number))
        yield [self._happen(person, Identified(origin=self._origin()))]
        yield self._merge()
        for visit in range(self._chance.randrange(4, 12)):
            page = f"/products/{self._chance.randrange(1_000)}"
            yield [self._set({"visits": visit, "last_page": page})]
        added = f"person.{number}@example.com"
        yield [self._happen(person, DistinctIdAdded(origin=self._origin(), added=added))]
        if number % 10 == 0:
            before = {"plan": person.properties["plan"]}
            yield [self._happen(person, PropertyUnset(origin=self._origin(), before=before))]
        if number % 40 == 0:
            yield [self._happen(person, Deleted(origin=self._origin()))]

    @staticmethod
    def _new(number: int) -> Person:
        person = Person(person_uuid(PROJECT, f"person-{number}"))
        person.number = number
        return person

    def _happen(self, person: Person, event: PersonEvent) -> Happened:
        person.apply(event)
        return Happened(person, person.version, event)

    def _born(self, person: Person, properties: dict[str, object]) -> list[Happened]:
        origin = self._origin()
        birth = PersonCreated(
            origin=origin,
            number=person.number,
            distinct_ids=[f"person-{person.number}"],
            created_at=origin.occurred_at,
            last_seen_at=origin.occurred_at,
            born_from="capture",
        )
        first = PropertySet(origin=origin, properties=properties)
        return [self._happen(person, birth), self._happen(person, first)]

    def _merge(self) -> list[Happened]:
        person, source, origin = self._person, self._stranger, self._origin()
        merged = Merged(
            origin=origin,
            source=source.id,
            source_version=source.version,
            distinct_ids=list(source.distinct_ids),
            properties=dict(source.properties),
            created_at=source.created_at,
            created_before=person.created_at,
        )
        gone = MergedInto(origin=origin, target=person.id, target_version=person.version)
        return [self._happen(source, gone), self._happen(person, merged)]

    def _set(self, values: dict[str, object]) -> Happened:
        had = self._person.properties
        before = {key: had[key] for key in values if key in had}
        event = PropertySet(origin=self._origin(), properties=values, before=before)
        return self._happen(self._person, event)

    def _origin(self) -> Origin:
        self._at += timedelta(minutes=self._chance.randrange(1, 10))
        cause = Cause("visit", UUID(int=self._chance.getrandbits(128), version=4))
        name = f"person-{self._person.number}"
        return Origin(actor=_ACTOR, occurred_at=self._at, cause=cause, distinct_id=name)


def _first_properties(number: int) -> dict[str, object]:
    return {
        "email": f"person.{number}@example.com",
        "name": f"Person Number {number}",
        "plan": ("free", "pro", "team")[number % 3],
        "$browser": ("Chrome", "Firefox", "Safari", "Edge")[number % 4],
        "seats": number % 50,
        "newsletter": number % 7 == 0,
    }
