"""A project in which persons are deleted, erased and purged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from api.purge.erasing import Tools
from api.purge.purging import Purge, Purged
from domain.commands import DeletePerson, Unmerge
from domain.events import Actor
from projections import history
from projections.captured_events import Window, page
from projections.verifying.verify import verify
from storage import deletion_status, erasure_receipts
from storage.checkpoints import Notary
from storage.engine import Database
from storage.erasure_receipts import Receipt
from storage.schema import captured_events, events
from tests.lives import NOW, Lives
from tests.population import prepared

MONTH = timedelta(days=30)


class Erasures(Lives):
    """A project in which persons are deleted and purged."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.now = NOW

    @property
    def tools(self) -> Tools:
        """What a purge works with; its clock shows `now`."""
        notary = Notary(self.database)
        return Tools(self.database, self.writer.submit, notary, lambda: self.now)

    def purge(
        self,
        *,
        later: timedelta = timedelta(),
        is_full: bool = False,
        progress: Callable[[str, int, int], None] = lambda doing, done, total: None,
    ) -> Purged:
        """Purge, some time after `NOW`."""
        self.now = NOW + later
        actor = Actor("system", "purge")
        return Purge(self.tools, actor=actor, progress=progress, is_full=is_full).all(MONTH)

    def delete(self, distinct_id: str = "ada", at: datetime = NOW, **how: bool) -> UUID:
        """Delete a person; return its uuid."""
        person_id = self.person(distinct_id).person_id
        self.do(DeletePerson(person_id=person_id, **how), at=at)
        return person_id

    def capture_later(self, event: str, later: timedelta, distinct_id: str = "ada") -> None:
        """Let an event come in some time after `NOW`."""
        self.do(self._captured(event, NOW + later, distinct_id, {}), at=NOW + later)

    def merge(self, distinct_id: str, other: str, at: datetime) -> int:
        """Merge the person behind another distinct id into one; return the position."""
        self.capture("$merge_dangerously", at, distinct_id=distinct_id, properties={"alias": other})
        return self.last("Merged")

    def unmerge(self, distinct_id: str, merge: int) -> None:
        """Take a merge back."""
        self.do(Unmerge(person_id=self.person(distinct_id).person_id, merge=merge))

    def last(self, topic: str) -> int:
        """Return the position of the last event of a kind."""
        with self.database.reading() as connection:
            query = select(events.c.position).where(
                events.c.project_id == self.project_id, events.c.topic == topic
            )
            positions: list[int] = list(connection.execute(query).scalars())
        return max(positions)

    def events_of(self, distinct_id: str) -> list[tuple[datetime, str, str]]:
        """Return the captured events of a person, newest first: time, name, distinct id."""
        with self.database.reading() as connection:
            person_id = self.person(distinct_id).person_id
            rows = page(connection, self.project_id, person_id, Window(), limit=1_000)
            return [(row.timestamp, row.event, row.distinct_id) for row in rows]

    def captured(self) -> list[str]:
        """Return the distinct ids of all captured events."""
        with self.database.reading() as connection:
            query = select(captured_events.c.distinct_id).order_by(captured_events.c.distinct_id)
            return list(connection.execute(query).scalars())

    def told(self, distinct_id: str) -> list[dict[str, Any]]:
        """Return the history of a living person."""
        return self.told_of(self.person(distinct_id).person_id)

    def told_of(self, person_id: UUID) -> list[dict[str, Any]]:
        """Return a person's history."""
        with self.database.reading() as connection:
            return list(history.replay_person(connection, self.project_id, person_id))

    def queue(self) -> list[Row[Any]]:
        """Return the entries of the queue of event deletions, newest first."""
        with self.database.reading() as connection:
            _, rows = deletion_status.read(
                connection, self.project_id, is_done=None, person_id=None, limit=100, offset=0
            )
        return list(rows)

    def receipt(self, person_id: UUID) -> Receipt | None:
        """Return the receipt of a person's erasure."""
        with self.database.reading() as connection:
            return erasure_receipts.read(connection, self.project_id, person_id)

    def check(self) -> None:
        """See that the log and all views are right."""
        assert verify(self.database).findings == []


@contextmanager
def erasures(database_url: str) -> Iterator[Erasures]:
    """Give a new project in a new store."""
    with prepared(database_url) as database:
        project = Erasures(database)
        yield project
        project.writer.close()
