"""The `eventsourcing` library's recorder port on our log: one recorder a project.

Its notification ids are the log's positions. It knows nothing of projections: what the service
writes goes through the writer, which fills them in the same transaction.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Subscription,
)
from sqlalchemy import Select, exc, func, select

from storage import chain, log
from storage.engine import Database
from storage.schema import events

POLL_INTERVAL = 0.05  # seconds between two looks of a subscription for new events
ERASED = ""  # stands for a state that was erased
PAGE = 500  # events that a subscription reads at once

_TRANSLATED = {
    exc.IntegrityError: IntegrityError,
    exc.OperationalError: OperationalError,
    exc.ProgrammingError: ProgrammingError,
}


class ProjectRecorder(ApplicationRecorder):
    """Appends to and reads from the log of one project."""

    def __init__(
        self,
        database: Database,
        project_id: int,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Record into a project's log; `clock` says since when an event is recorded."""
        self._database = database
        self._project_id = project_id
        self._clock = clock

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append events, all or none, and return their positions.

        Raises:
            IntegrityError: a version of a stream is taken.
        """
        with _library_errors(), self._database.writing() as connection:
            head = log.lock(connection, self._project_id)
            first = head.position + 1
            entries = [
                chain.Entry(
                    _uuid(each.originator_id), each.originator_version, each.topic, each.state
                )
                for each in stored_events
            ]
            log.append(connection, head, entries, self._clock())
            log.move_head(connection, head)
        return list(range(first, first + len(entries)))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return events of one stream, by version, those above `gt` and up to `lte`."""
        query = self._select().where(events.c.person_id == _uuid(originator_id))
        if gt is not None:
            query = query.where(events.c.version > gt)
        if lte is not None:
            query = query.where(events.c.version <= lte)
        version = events.c.version
        return self._run(query.order_by(version.desc() if desc else version).limit(limit))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events of the log in its order, from position `start` to `stop`, both included."""
        query = self._select()
        if start is not None:
            first = start if inclusive_of_start else start + 1
            query = query.where(events.c.position >= first)
        if stop is not None:
            query = query.where(events.c.position <= stop)
        if topics:
            query = query.where(events.c.topic.in_(topics))
        return self._run(query.order_by(events.c.position).limit(limit))

    def max_notification_id(self) -> int | None:
        """Return the position of the last event; None if there is none."""
        query = select(func.max(events.c.position)).where(events.c.project_id == self._project_id)
        with _library_errors(), self._database.reading() as connection:
            return connection.execute(query).scalar()

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "ProjectSubscription":
        """Return an iterator over the events behind position `gt` that waits for new ones."""
        return ProjectSubscription(self, gt, topics)

    def _select(self) -> Select[Any]:
        return select(
            events.c.position,
            events.c.person_id,
            events.c.version,
            events.c.topic,
            events.c.state,
        ).where(events.c.project_id == self._project_id)

    def _run(self, query: Select[Any]) -> list[Notification]:
        with _library_errors(), self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Notification(
                id=row.position,
                originator_id=row.person_id,
                originator_version=row.version,
                topic=row.topic,
                state=(row.state or ERASED).encode(),
            )
            for row in rows
        ]


class ProjectSubscription(Subscription[ProjectRecorder]):
    """Yields the events of a log one by one, and waits for more at its end, until it is stopped."""

    def __init__(
        self, recorder: ProjectRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._page: Iterator[Notification] = iter(())

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            for notification in self._page:
                self._last_notification_id = notification.id
                return notification
            found = self._recorder.select_notifications(
                self._last_notification_id, PAGE, topics=self._topics, inclusive_of_start=False
            )
            if not found:
                time.sleep(POLL_INTERVAL)
            self._page = iter(found)
        raise StopIteration


def _uuid(originator_id: UUID | str) -> UUID:
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)


@contextmanager
def _library_errors() -> Iterator[None]:
    try:
        yield
    except tuple(_TRANSLATED) as error:
        raise _TRANSLATED[type(error)](str(error)) from error
