"""Writing what an export says just as it stands there: positions, times, salts and digests."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from domain.events import PersonCreated
from storage import log
from storage.export_format import Captured, Content, Deletion, Event, Receipt, Warning
from storage.log import Head
from storage.schema import (
    captured_events,
    erasure_receipts,
    event_deletions,
    events,
    ingestion_warnings,
)
from storage.statements import Insert, Row

Kind = TypeVar("Kind")

_insert_events = Insert(events)
_insert_captured = Insert(captured_events, on_conflict="ignore")
_insert_warnings = Insert(ingestion_warnings, on_conflict="ignore")
_insert_deletions = Insert(event_deletions, on_conflict="ignore")
_insert_receipts = Insert(erasure_receipts, on_conflict="ignore")


def append(connection: Connection, head: Head, lines: Sequence[Content]) -> None:
    """Write lines whose events come right behind the head, and move it to the last of them."""
    project_id = head.project_id

    def rows(kind: type[Kind], row: Callable[[int, Kind], Row]) -> list[Row]:
        return [row(project_id, line) for line in lines if isinstance(line, kind)]

    _insert_events.run(connection, rows(Event, _event))
    _insert_captured.run(connection, rows(Captured, _captured))
    _insert_warnings.run(connection, rows(Warning, _warning))
    _insert_deletions.run(connection, rows(Deletion, _deletion))
    _insert_receipts.run(connection, rows(Receipt, _receipt))
    for line in _events(lines):
        head.position, head.recorded_at = line.position, line.recorded_at
        head.digest = bytes.fromhex(line.digest)
        # Integer ids are given one by one, and a birth that was erased has had one too.
        head.next_number += line.topic == PersonCreated.__name__
    log.move_head(connection, head)


def _events(lines: Iterable[Content]) -> Iterator[Event]:
    return (line for line in lines if isinstance(line, Event))


def _event(project_id: int, line: Event) -> Row:
    return (
        project_id,
        line.position,
        line.person,
        line.version,
        line.topic,
        line.state,
        line.recorded_at,
        bytes.fromhex(line.digest),
        None if line.salt is None else bytes.fromhex(line.salt),
        None if line.commitment is None else bytes.fromhex(line.commitment),
    )


def _captured(project_id: int, line: Captured) -> Row:
    return (
        project_id,
        line.uuid,
        line.event,
        line.distinct_id,
        line.person,
        line.person_version,
        line.timestamp,
        line.received_at,
        line.properties,
        line.position,
        line.rank,
    )


def _warning(project_id: int, line: Warning) -> Row:
    return (project_id, line.recorded_at, line.id, line.type, line.distinct_id, line.details)


def _deletion(project_id: int, line: Deletion) -> Row:
    return (project_id, line.person, line.created_at, line.delete_verified_at)


def _receipt(project_id: int, line: Receipt) -> Row:
    return (project_id, line.person, line.erased_at, line.receipt, line.completed_at)
