"""Persons in the views of a project of their own, put there by events as the writer does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from domain.events import (
    Actor,
    Deleted,
    Origin,
    PersonCreated,
    PersonEvent,
    PlacedEvent,
    PropertySet,
)
from domain.identity import person_uuid
from domain.person import Person
from domain.values import JSON
from projections import people
from projections.people import PersonRow, PersonsQuery
from projections.rebuilding import rebuild
from projections.views import Views
from storage.appended import Appended
from storage.engine import Database
from storage.migrate import migrate

NOW = datetime(2024, 3, 31, 12, tzinfo=UTC)
ORIGIN = Origin(actor=Actor("system", "Test"), occurred_at=NOW)
_project_ids = count(1)


class Population:
    """A new project; whom it is asked for is answered by their first distinct ids."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.project_id = next(_project_ids)
        self.persons: dict[str, Person] = {}
        self._position = 0

    def bear(
        self,
        *distinct_ids: str,
        created_at: datetime | None = None,
        properties: dict[str, JSON] | None = None,
    ) -> UUID:
        """Let a person be born, a minute after the one before, and return its uuid."""
        number = len(self.persons) + 1
        person = Person(person_uuid(self.project_id, distinct_ids[0]))
        self.persons[distinct_ids[0]] = person
        at = created_at or NOW - timedelta(days=1) + timedelta(minutes=number)
        born = PersonCreated(
            origin=ORIGIN,
            number=number,
            distinct_ids=list(distinct_ids),
            created_at=at,
            last_seen_at=at,
            born_from="capture",
        )
        self.happen(person, born, PropertySet(origin=ORIGIN, properties=properties or {}))
        return person.id

    def delete(self, distinct_id: str) -> None:
        """Let a person be deleted."""
        self.happen(self.persons[distinct_id], Deleted(origin=ORIGIN))

    def set(self, distinct_id: str, **properties: JSON) -> None:
        """Let properties of a person be set."""
        person = self.persons[distinct_id]
        self.happen(person, PropertySet(origin=ORIGIN, properties=properties))

    def happen(self, person: Person, *events: PersonEvent) -> None:
        """Let events happen to a person."""
        placed = []
        for event in events:
            person.apply(event)
            placed.append(PlacedEvent(person.id, person.version, event))
        first, self._position = self._position + 1, self._position + len(placed)
        positions = range(first, self._position + 1)
        appended = Appended(self.project_id, positions, [NOW] * len(placed), placed, [person])
        with self.database.writing() as connection:
            Views().project(connection, appended)

    def rows(self, **asked: JSON) -> list[PersonRow]:
        """Return the list of persons to which this applies."""
        with self.database.reading() as connection:
            return people.list_page(connection, self.project_id, _query(asked))

    def names(self, **asked: JSON) -> list[str]:
        """Return the first distinct ids of those who are listed; also check their number."""
        found = [row.distinct_ids[0] for row in self.rows(**asked)]
        with self.database.reading() as connection:
            total = people.count(connection, self.project_id, _query(asked))
        if not asked.keys() & {"limit", "offset", "after"}:
            assert total == len(found)
        return found


def _query(asked: dict[str, JSON]) -> PersonsQuery:
    fields: dict[str, JSON] = {"at": NOW, **asked}
    return PersonsQuery(**fields)


@contextmanager
def prepared(database_url: str) -> Iterator[Database]:
    """Give a database that has its tables."""
    database = Database(database_url)
    migrate(database)
    rebuild.ensure(database)
    yield database
    database.close()
