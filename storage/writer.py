"""The writer: one thread a process that turns all waiting requests into one transaction.

This is group commit: the log's lock, the loads and the commit are paid once for all who wait.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from datetime import datetime
from itertools import groupby
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from domain.batch import Batch, Loaded, Settings
from domain.captured import TakenIn
from domain.commands import Capture, Command, Done, ReadsHistory, Request
from domain.decide import decide
from domain.errors import PersonsError
from domain.events import LoggedEvent, PlacedEvent
from domain.person import Person
from storage import captured, erasure, event_deletions, ingestion_warnings, log
from storage.engine import Database, committing
from storage.errors import StoreUnavailableError
from storage.mapper import encode_event, logged_event

MAX_COMMANDS = 500  # after which a batch takes no further request

Result = Done | PersonsError

_settings = msgspec.json.Decoder(Settings)


class Written(Struct, frozen=True, kw_only=True):
    """The answer to a request, once it is durable.

    `results` has what became of each command, in order: refused ones have their error. `position`
    is that of the log's last event; who sees the log up to there sees all that was written.
    """

    results: list[Result]
    position: int


class Appended(NamedTuple):
    """Events that were just appended behind `after`, and the persons that they made of it."""

    project_id: int
    after: int
    at: datetime
    events: Sequence[PlacedEvent]
    persons: Collection[Person]


class Views(Protocol):
    """What the writer needs of the projections."""

    def load(self, connection: Connection, project_id: int, commands: Sequence[Command]) -> Loaded:
        """Return the persons that commands name, with one query."""

    def distinct_ids(self, connection: Connection, project_id: int, person_id: UUID) -> list[str]:
        """Return all distinct ids of a person, oldest first."""

    def owned(
        self, connection: Connection, project_id: int, distinct_ids: Collection[str]
    ) -> set[str]:
        """Return those of the distinct ids that belong to a living person."""

    def project(self, connection: Connection, appended: Appended) -> None:
        """Bring the views up to the events appended."""


class Writer:
    """Carries out requests in the order of their arrival; `close` finishes those that wait."""

    def __init__(self, database: Database, views: Views) -> None:
        """Start the thread."""
        self._database = database
        self._views = views
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> Future[Written]:
        """Queue a request; the future is done once it is durable or has failed.

        Cancelled while it waits, the request is left out; later it is too late to cancel it.

        Raises, in the future:
            StoreUnavailableError: the transaction failed, and nothing of it was stored.
            ProjectNotFoundError: there is no such project.
        """
        job = _Job(request, Future())
        self._queue.put(job)
        return job.future

    def waiting(self) -> int:
        """Return how many requests wait."""
        return self._queue.qsize()

    def close(self) -> None:
        """Finish all requests that wait, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            jobs = []
            job = self._queue.get()
            commands = 0
            while job is not None:
                if job.future.set_running_or_notify_cancel():
                    jobs.append(job)
                    commands += len(job.request.commands)
                if commands >= MAX_COMMANDS or self._queue.empty():
                    break
                job = self._queue.get()
            is_open = job is not None
            for (project_id, _), group in groupby(_in_batches(jobs), key=lambda each: each[0]):
                self._answer(project_id, [job for _, job in group])

    def _answer(self, project_id: int, jobs: list["_Job"]) -> None:
        """Write the jobs of one project together; if that fails for another reason than the
        database's, each alone, so that one bad request takes no other with it."""
        try:
            answers = self._write(project_id, [job.request for job in jobs])
        except Exception as error:
            is_outage = isinstance(error, DBAPIError) and _is_outage(error)
            if len(jobs) > 1 and not is_outage:
                for job in jobs:
                    self._answer(project_id, [job])
                return
            for job in jobs:
                job.future.set_exception(_as_answer(error))
            return
        for job, answer in zip(jobs, answers, strict=True):
            job.future.set_result(answer)

    def _write(self, project_id: int, requests: list[Request]) -> list[Written]:
        with self._database.writing() as connection:
            head = log.lock(connection, project_id)
            at = max(request.at for request in requests)
            batch = self._batch(connection, head, requests)
            answers = [[_decided(batch, c, r) for c in r.commands] for r in requests]
            self._store(connection, head, batch, at)
        return [Written(results=results, position=head.position) for results in answers]

    def _batch(self, connection: Connection, head: log.Head, requests: list[Request]) -> Batch:
        commands = [command for request in requests for command in request.commands]
        loaded = self._views.load(connection, head.project_id, commands)
        captures = [each.captured for each in commands if isinstance(each, Capture)]
        loaded.seen = captured.seen(connection, head.project_id, captures)
        return Batch(
            head.project_id,
            _settings.decode(head.settings),
            loaded,
            _Lookup(connection, head.project_id, self._views),
            next_number=head.next_number,
        )

    def _store(self, connection: Connection, head: log.Head, batch: Batch, at: datetime) -> None:
        project_id, after = head.project_id, head.position
        erasure.erase(connection, project_id, batch.erasures)
        event_deletions.queue(connection, project_id, batch.event_deletions, at)
        event_deletions.spare(connection, project_id, batch.spared)
        with committing(connection):
            if batch.events:
                entries = [
                    log.Entry(placed.person_id, placed.version, *encode_event(placed.event))
                    for placed in batch.events
                ]
                log.append(connection, head, entries, at)
                head.next_number = batch.next_number
                log.move_head(connection, head)
                changed = batch.changed.values()
                appended = Appended(project_id, after, at, batch.events, changed)
                self._views.project(connection, appended)
            captured.keep(connection, project_id, batch.captured, at, after=after)
            ingestion_warnings.keep(connection, project_id, batch.warnings, at)


class _Job(NamedTuple):
    request: Request
    future: Future[Written]


class _Lookup(NamedTuple):
    """What a batch asks of the store while it decides: its port, on this transaction."""

    connection: Connection
    project_id: int
    views: Views

    def distinct_ids(self, person_id: UUID) -> list[str]:
        return self.views.distinct_ids(self.connection, self.project_id, person_id)

    def stream(self, person_id: UUID) -> Sequence[LoggedEvent]:
        rows = log.read_stream(self.connection, self.project_id, person_id)
        return [logged_event(row) for row in rows]

    def taken_in(self, person_id: UUID) -> Sequence[TakenIn]:
        return captured.taken_in(self.connection, self.project_id, person_id)

    def streams(self, person_ids: Collection[UUID]) -> set[UUID]:
        return log.streams(self.connection, self.project_id, person_ids)

    def owned(self, distinct_ids: Collection[str]) -> set[str]:
        return self.views.owned(self.connection, self.project_id, distinct_ids)


def _decided(batch: Batch, command: Command, request: Request) -> Result:
    try:
        return decide(batch, command, request.actor, request.at)
    except PersonsError as refused:
        return refused


def _in_batches(jobs: list[_Job]) -> list[tuple[tuple[int, int], _Job]]:
    """Return jobs by project, in order, each with the batch that it belongs to.

    What reads history must find there all that came before: such a request gets a batch of its own.
    """
    batched = []
    batch = 0
    for job in jobs:
        reads_history = any(isinstance(each, ReadsHistory) for each in job.request.commands)
        batch += reads_history
        batched.append(((job.request.project_id, batch), job))
        batch += reads_history
    return sorted(batched, key=lambda each: each[0])


def _is_outage(error: DBAPIError) -> bool:
    # PostgreSQL calls it operational too where a value is too large for an index: class 54.
    is_too_large = str(getattr(error.orig, "sqlstate", "")).startswith("54")
    is_operational = isinstance(error, OperationalError) and not is_too_large
    return error.connection_invalidated or is_operational


def _as_answer(error: Exception) -> Exception:
    if isinstance(error, SQLAlchemyError):
        return StoreUnavailableError(f"nothing was stored: {error}")
    return error
