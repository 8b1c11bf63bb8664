"""A store in which persons live, for tests that look at what became of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import select

from domain.captured import CapturedEvent
from domain.commands import Capture, Command, Done, Request, SetProperties, UnsetProperties
from domain.events import Actor
from domain.values import JSON
from projections.owners import distinct_ids
from projections.people import PersonRow
from projections.persons import SNAPSHOT, persons
from projections.rebuilding import rebuild
from projections.views import Views
from storage import projects
from storage.engine import Database
from storage.migrate import migrate
from storage.writer import Writer

NOW = datetime(2024, 3, 31, 12, tzinfo=UTC)


def march(day: int, hour: int = 0, minute: int = 0, second: float = 0) -> datetime:
    """Return a time in March 2024."""
    whole = int(second)
    return datetime(
        2024, 3, day, hour, minute, whole, round((second - whole) * 1_000_000), tzinfo=UTC
    )


class Lives:
    """A project; what is done to its persons is written when the method returns."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.writing() as connection:
            self.project_id = projects.create(connection, "Lives", at=NOW).id
        self.writer = Writer(database, Views())

    def capture(
        self,
        event: str,
        at: datetime,
        *,
        distinct_id: str = "ada",
        properties: dict[str, JSON] | None = None,
        **set: JSON,
    ) -> Done:
        """Let an event be captured; what else is named is set on its person."""
        return self.do(self._captured(event, at, distinct_id, (properties or {}) | {"$set": set}))

    def capture_all(
        self, events: list[tuple[datetime, dict[str, JSON]]], distinct_id: str = "ada"
    ) -> None:
        """Let events be captured with one request: their times, and their properties."""
        self._write([self._captured("opened", at, distinct_id, each) for at, each in events])

    def _captured(
        self, event: str, at: datetime, distinct_id: str, properties: dict[str, JSON]
    ) -> Capture:
        return Capture(
            CapturedEvent(
                event=event,
                distinct_id=distinct_id,
                uuid=uuid4(),
                timestamp=at,
                properties=properties,
            )
        )

    def edit(self, at: datetime, distinct_id: str = "ada", **properties: JSON) -> Done:
        """Set properties through the API."""
        person_id = self.person(distinct_id).person_id
        return self.do(
            SetProperties(person_id=person_id, uuid=uuid4(), properties=properties), at=at
        )

    def unset(self, at: datetime, *names: str, distinct_id: str = "ada") -> Done:
        """Take away properties through the API."""
        person_id = self.person(distinct_id).person_id
        return self.do(UnsetProperties(person_id=person_id, uuid=uuid4(), names=list(names)), at=at)

    def do(self, command: Command, at: datetime = NOW) -> Done:
        """Carry out a command."""
        (done,) = self._write([command], at)
        return done

    def _write(self, commands: list[Command], at: datetime = NOW) -> list[Done]:
        request = Request(
            project_id=self.project_id, commands=commands, actor=Actor("key", "Test"), at=at
        )
        results = self.writer.submit(request).result(timeout=30).results
        done = [each for each in results if isinstance(each, Done)]
        assert len(done) == len(results), results
        return done

    def person(self, distinct_id: str = "ada") -> PersonRow:
        """Return the person behind a distinct id."""
        with self.database.reading() as connection:
            query = select(*SNAPSHOT).where(
                persons.c.project_id == self.project_id,
                persons.c.person_id == distinct_ids.c.person_id,
                distinct_ids.c.project_id == self.project_id,
                distinct_ids.c.distinct_id == distinct_id,
            )
            return PersonRow(*connection.execute(query).one(), distinct_ids=[])


@contextmanager
def lives(database_url: str) -> Iterator[Lives]:
    """Give a new project in a new store."""
    database = Database(database_url)
    migrate(database)
    rebuild.ensure(database)
    project = Lives(database)
    yield project
    project.writer.close()
    database.close()
