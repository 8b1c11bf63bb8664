"""A store at work, without its doors: what is sent to its writer, and what its tables hold."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Table, select

from domain.commands import Command, Done, Request
from domain.errors import PersonsError
from domain.events import LoggedEvent
from domain.person import Person, fold
from domain.settings import Settings
from projections.owners import distinct_ids
from projections.persons import STATE, person_of, persons
from projections.projection import Projection
from projections.rebuilding import rebuild
from projections.views import PROJECTIONS, Views
from storage import chain, log, projects
from storage.engine import Database
from storage.mapper import logged_event
from storage.migrate import migrate
from storage.schema import events, logs
from storage.transaction import Result, Written
from storage.values import EPOCH
from storage.writer import Writer
from tests.decisions import KEY, NOW

PATIENCE = 60  # seconds until an answer counts as lost


class Store:
    """A database and a writer. Several of them may be open on one database."""

    def __init__(self, url: str) -> None:
        """Open the database, which is prepared."""
        self.database = Database(url)
        self.writer = Writer(self.database, Views())

    def close(self) -> None:
        """Let what waits be written, then close the database."""
        self.writer.close()
        self.database.close()

    def new_project(self, **settings: Any) -> int:
        """Return the id of a new project with these settings."""
        with self.database.writing() as connection:
            project_id = projects.create(connection, "new", at=NOW).id
            projects.set_settings(connection, project_id, Settings(**settings))
        return project_id

    def submit(self, project_id: int, *commands: Command, at: datetime = NOW) -> Future[Written]:
        """Hand a request to the writer."""
        return self.writer.submit(
            Request(project_id=project_id, commands=list(commands), actor=KEY, at=at)
        )

    def send(self, project_id: int, *commands: Command, at: datetime = NOW) -> list[Result]:
        """Return what became of commands, once they are durable."""
        return self.submit(project_id, *commands, at=at).result(PATIENCE).results

    def do(self, project_id: int, *commands: Command, at: datetime = NOW) -> list[Done]:
        """Carry out commands, each with a request of its own, or raise the first refusal."""
        return [self._one(project_id, each, at) for each in commands]

    def _one(self, project_id: int, command: Command, at: datetime) -> Done:
        (result,) = self.send(project_id, command, at=at)
        if isinstance(result, PersonsError):
            raise result
        return result

    def log(self, project_id: int) -> list[LoggedEvent]:
        """Return all events of a project."""
        with self.database.reading() as connection:
            return [
                logged_event(row) for row in log.read(connection, project_id, after=0, limit=10**6)
            ]

    def persons(self, project_id: int) -> list[Person]:
        """Return all living persons as their view has them, in the order of their births."""
        with self.database.reading() as connection:
            return _persons(connection, project_id)

    def owner(self, project_id: int, distinct_id: str) -> Person:
        """Return the living person behind a distinct id, as its view has it."""
        return next(each for each in self.persons(project_id) if distinct_id in each.distinct_ids)


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """Give a store on a new database."""
    prepare(url)
    store = Store(url)
    yield store
    store.close()


def prepare(url: str) -> None:
    """Bring a database up to date, as every start does."""
    database = Database(url)
    migrate(database)
    rebuild.ensure(database)
    database.close()


def rows(
    connection: Connection, projections: Sequence[Projection] = PROJECTIONS
) -> dict[str, list[Any]]:
    """Return all rows of all views, by table."""
    tables = [table for projection in projections for table in projection.tables]
    return {table.name: _rows(connection, table) for table in tables}


def _rows(connection: Connection, table: Table) -> list[Any]:
    return connection.execute(select(table).order_by(*table.primary_key.columns)).all()  # type: ignore[return-value]


def check(store: Store, project_id: int) -> None:
    """Check that a project is whole: its chain, its order, and its persons as its events say."""
    with store.database.reading() as connection:
        _check_chain(connection, project_id)
        found = [_state(each) for each in _persons(connection, project_id)]
        stored = log.read(connection, project_id, after=0, limit=10**6)
    streams: dict[UUID, list[LoggedEvent]] = {}
    for event in map(logged_event, stored):
        streams.setdefault(event.person_id, []).append(event)
    for stream in streams.values():
        assert [each.version for each in stream] == list(range(1, len(stream) + 1))
    folded = [person for stream in streams.values() if (person := fold(None, stream))]
    assert found == [_state(person) for person in folded if person.is_living]
    ids = [each for person in folded if person.is_living for each in person.distinct_ids]
    assert len(set(ids)) == len(ids)


def _persons(connection: Connection, project_id: int) -> list[Person]:
    query = select(*STATE).where(persons.c.project_id == project_id).order_by(persons.c.number)
    found = {row.person_id: person_of(row) for row in connection.execute(query)}
    owned = (
        select(distinct_ids.c.person_id, distinct_ids.c.distinct_id)
        .where(distinct_ids.c.project_id == project_id)
        .order_by(distinct_ids.c.position, distinct_ids.c.rank)
    )
    for row in connection.execute(owned):
        found[row.person_id].distinct_ids.append(row.distinct_id)
    return list(found.values())


def _state(person: Person) -> dict[str, Any]:
    names = set(Person.__slots__) - {"size", "has_all_ids"}
    state = {name: getattr(person, name) for name in names}
    return state | {"properties": msgspec.json.encode(person.properties)}


def _check_chain(connection: Connection, project_id: int) -> None:
    """Compute all digests anew from what is stored, and compare them."""
    query = select(events).where(events.c.project_id == project_id).order_by(events.c.position)
    digest, recorded_at = chain.GENESIS, EPOCH
    position = 0
    for row in connection.execute(query):
        position += 1
        assert row.position == position
        assert row.recorded_at >= recorded_at
        entry = chain.Entry(row.person_id, row.version, row.topic, row.state.encode())
        commitment = chain.commit(row.salt, entry.state)
        digest = chain.link(
            digest, position, entry, chain.microseconds(row.recorded_at), commitment
        )
        assert row.digest == digest
        recorded_at = row.recorded_at
    head = connection.execute(select(logs).where(logs.c.project_id == project_id)).one()
    assert (head.position, head.digest, head.recorded_at) == (position, digest, recorded_at)
