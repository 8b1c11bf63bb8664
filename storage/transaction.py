"""One transaction: the requests of a project, from the lock on its log to the commit."""

from collections.abc import Collection, Sequence
from datetime import datetime
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from domain.batch import Batch
from domain.captured import TakenIn
from domain.commands import Capture, Command, Done, Request
from domain.decide import decide
from domain.errors import PersonsError
from domain.events import LoggedEvent
from domain.settings import Settings
from storage import captured, erasure, event_deletions, ingestion_warnings, log, streams
from storage.appended import Appended, Views
from storage.chain import Entry
from storage.engine import Database, committing
from storage.mapper import encode_event, logged_event

Result = Done | PersonsError

_settings = msgspec.json.Decoder(Settings)


class Written(Struct, frozen=True, kw_only=True):
    """The answer to a request, once it is durable.

    `results` has what became of each command, in order: refused ones have their error. `position`
    is that of the log's last event; who sees the log up to there sees all that was written.
    """

    results: list[Result]
    position: int


class Committed(NamedTuple):
    """What one transaction came to.

    It took `seconds` from its begin to its end, `commit_seconds` of them once all was said.
    """

    requests: int
    commands: int
    events: int
    seconds: float
    commit_seconds: float


def carry_out(
    database: Database, views: Views, project_id: int, requests: Sequence[Request]
) -> tuple[list[Written], Committed]:
    """Carry out requests of one project in order, and commit: all that is stored, or nothing."""
    started = perf_counter()
    with database.writing() as connection:
        head = log.lock(connection, project_id)
        at = max(request.at for request in requests)
        batch = _batch(connection, views, head, requests)
        answers = [[_decided(batch, c, r) for c in r.commands] for r in requests]
        commit_seconds = _store(connection, views, head, batch, at)
    committed = Committed(
        len(requests),
        sum(map(len, answers)),
        len(batch.events),
        perf_counter() - started,
        commit_seconds,
    )
    return [Written(results=each, position=head.position) for each in answers], committed


def _batch(
    connection: Connection, views: Views, head: log.Head, requests: Sequence[Request]
) -> Batch:
    commands = [command for request in requests for command in request.commands]
    loaded = views.load(connection, head.project_id, commands)
    captures = [each.captured for each in commands if isinstance(each, Capture)]
    loaded.seen = captured.seen(connection, head.project_id, captures)
    return Batch(
        head.project_id,
        _settings.decode(head.settings),
        loaded,
        _Lookup(connection, head.project_id, views),
        next_number=head.next_number,
    )


def _store(
    connection: Connection, views: Views, head: log.Head, batch: Batch, at: datetime
) -> float:
    """Write what a batch came to, and commit; return how many seconds the commit took."""
    project_id, after = head.project_id, head.position
    erasure.erase(connection, project_id, batch.erasures)
    event_deletions.queue(connection, project_id, batch.event_deletions, at)
    event_deletions.spare(connection, project_id, batch.spared)
    with committing(connection):
        if batch.events:
            entries = [
                Entry(placed.person_id, placed.version, *encode_event(placed.event))
                for placed in batch.events
            ]
            log.append(connection, head, entries, at)
            head.next_number = batch.next_number
            log.move_head(connection, head)
            changed = batch.changed.values()
            times = [head.recorded_at] * len(entries)
            positions = range(after + 1, head.position + 1)
            appended = Appended(project_id, positions, times, batch.events, changed)
            views.project(connection, appended)
        captured.keep(connection, project_id, batch.captured, at, after=after)
        ingestion_warnings.keep(connection, project_id, batch.warnings, at)
        said = perf_counter()
    return perf_counter() - said


def _decided(batch: Batch, command: Command, request: Request) -> Result:
    try:
        return decide(batch, command, request.actor, request.at)
    except PersonsError as refused:
        return refused


class _Lookup(NamedTuple):
    """What a batch asks of the store while it decides: its port, on this transaction."""

    connection: Connection
    project_id: int
    views: Views

    def distinct_ids(self, person_id: UUID) -> list[str]:
        return self.views.distinct_ids(self.connection, self.project_id, person_id)

    def stream(self, person_id: UUID) -> Sequence[LoggedEvent]:
        rows = streams.read(self.connection, self.project_id, person_id)
        return [logged_event(row) for row in rows]

    def stream_by_person(self, person_ids: Collection[UUID]) -> dict[UUID, list[LoggedEvent]]:
        found: dict[UUID, list[LoggedEvent]] = {}
        for row in streams.read_many(self.connection, self.project_id, person_ids):
            found.setdefault(row.person_id, []).append(logged_event(row))
        return found

    def taken_in(self, person_id: UUID) -> Sequence[TakenIn]:
        return captured.taken_in(self.connection, self.project_id, person_id)

    def streams(self, person_ids: Collection[UUID]) -> set[UUID]:
        return streams.existing(self.connection, self.project_id, person_ids)

    def owned(self, distinct_ids: Collection[str]) -> set[str]:
        return self.views.owned(self.connection, self.project_id, distinct_ids)
