"""Writing the export of a project, line by line: see `storage.export_format`."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from heapq import merge
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, or_, select

from domain.events import Cause
from storage import chain, log, projects
from storage.errors import ExportRefusedError
from storage.export_format import (
    FORMAT,
    VERSION,
    AsOf,
    Captured,
    Content,
    Counts,
    Deletion,
    End,
    Event,
    Header,
    Line,
    Receipt,
    Warning,
    write,
)
from storage.mapper import logged_event
from storage.schema import (
    captured_events,
    erasure_receipts,
    event_deletions,
    ingestion_warnings,
    logs,
)

PAGE = 1_000  # rows read at once

Progress = Callable[[int, int], None]
"""Called with the number of the log's events done, and of those to be done in all."""


def export(
    connection: Connection,
    project_id: int,
    *,
    as_of: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Iterator[bytes]:
    """Yield the lines of an export. The connection must see one state of the database throughout.

    `as_of`: the position to export as of; None for a whole export.

    Raises:
        ProjectNotFoundError: there is no such project.
        ExportRefusedError: the log does not go that far.
    """
    header = _header(connection, project_id, as_of)
    digest = sha256()
    counts: Counter[str] = Counter()
    for line in _lines(connection, header):
        text = write(line)
        digest.update(text)
        yield text
        counts[type(line).__name__.lower()] += 1
        if isinstance(line, Event) and line.position % PAGE == 0:
            progress(line.position, header.as_of.position)
    progress(header.as_of.position, header.as_of.position)
    del counts[Header.__name__.lower()]
    yield write(End(lines=Counts(**counts), sha256=digest.hexdigest()))


def _header(connection: Connection, project_id: int, as_of: int | None) -> Header:
    project = projects.by_id(connection, project_id)
    head = connection.execute(select(logs).where(logs.c.project_id == project_id)).one()
    last = head.position if as_of is None else as_of
    if not 0 <= last <= head.position:
        raise ExportRefusedError(f"the log ends at position {head.position}, {last} was asked for")
    rows = log.read_links(connection, project_id, after=last - 1, limit=1) if last else ()
    digest, recorded_at = (rows[0].digest, rows[0].recorded_at) if rows else (chain.GENESIS, None)
    return Header(
        format=FORMAT,
        version=VERSION,
        project=project,
        as_of=AsOf(position=last, digest=digest.hex(), recorded_at=recorded_at),
        is_whole=as_of is None,
    )


def _lines(connection: Connection, header: Header) -> Iterator[Line]:
    project_id, last = header.project.id, header.as_of.position
    yield header
    # Of two at one position the event comes first: merging keeps the order of its arguments.
    yield from merge(
        _events(connection, project_id, last),
        _captured(connection, header),
        key=lambda line: line.position,
    )
    if header.is_whole:
        yield from _beside_the_log(connection, project_id)


def _events(connection: Connection, project_id: int, last: int) -> Iterator[Any]:
    after = 0
    while after < last:
        limit = min(PAGE, last - after)
        rows = log.read_links(connection, project_id, after=after, limit=limit)
        yield from map(_event, rows)
        after += limit


def _event(row: Row[Any]) -> Event:
    return Event(
        position=row.position,
        person=row.person_id,
        version=row.version,
        topic=row.topic,
        recorded_at=row.recorded_at,
        state=row.state,
        salt=row.salt.hex() if row.salt else None,
        commitment=row.commitment.hex() if row.commitment else None,
        digest=row.digest.hex(),
    )


def _captured(connection: Connection, header: Header) -> Iterator[Any]:
    kept = captured_events.c
    query = select(captured_events).where(kept.project_id == header.project.id)
    if not header.is_whole:
        last = header.as_of.position
        was_before = kept.position < last
        if cause := _cause(connection, header.project.id, last):
            is_cause = and_(kept.uuid == cause.uuid, kept.event == cause.event)
            was_before = or_(was_before, and_(kept.position == last, is_cause))
        query = query.where(was_before)
    order = (kept.position, kept.received_at, kept.rank, kept.uuid, kept.event, kept.distinct_id)
    for row in _streamed(connection, query.order_by(*order)):
        yield Captured(
            position=row.position,
            rank=row.rank,
            uuid=row.uuid,
            event=row.event,
            distinct_id=row.distinct_id,
            person=row.person_id,
            person_version=row.person_version,
            timestamp=row.timestamp,
            received_at=row.received_at,
            properties=row.properties,
        )


def _cause(connection: Connection, project_id: int, position: int) -> Cause | None:
    """Return the captured event behind the event at a position.

    Others stand at that position too that came later and changed nothing, and more may come.
    """
    rows: Sequence[Any] = log.read(connection, project_id, after=position - 1, limit=1)
    return logged_event(rows[0]).event.origin.cause if position and rows else None


def _beside_the_log(connection: Connection, project_id: int) -> Iterator[Content]:
    for row in _all_of(connection, ingestion_warnings, project_id, "recorded_at", "id"):
        yield Warning(
            id=row.id,
            recorded_at=row.recorded_at,
            type=row.type,
            distinct_id=row.distinct_id,
            details=row.details,
        )
    for row in _all_of(connection, event_deletions, project_id, "created_at", "person_id"):
        yield Deletion(
            person=row.person_id,
            created_at=row.created_at,
            delete_verified_at=row.delete_verified_at,
        )
    for row in _all_of(connection, erasure_receipts, project_id, "erased_at", "person_id"):
        yield Receipt(
            person=row.person_id,
            erased_at=row.erased_at,
            receipt=row.receipt,
            completed_at=row.completed_at,
        )


def _all_of(
    connection: Connection, table: Table, project_id: int, *order: str
) -> Iterator[Row[Any]]:
    query = select(table).where(table.c.project_id == project_id)
    return _streamed(connection, query.order_by(*(table.c[name] for name in order)))


def _streamed(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    with connection.execute(query.execution_options(yield_per=PAGE)) as rows:
        yield from rows
