"""The log of a project: positions without gaps, a chain of digests, and the lock to append."""

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, select, update
from sqlalchemy.sql import func

from storage.errors import ProjectNotFoundError
from storage.schema import events, logs, projects
from storage.statements import Insert

GENESIS = bytes(32)
"""The digest before the first event."""

SALT_SIZE = 16  # bytes
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_insert_events = Insert(events)


class Entry(NamedTuple):
    """An event as the log takes it: at its place in its stream, under its topic, as JSON text."""

    person_id: UUID
    version: int
    topic: str
    state: bytes


class Head(Struct, kw_only=True):
    """The head of a project's log, locked: `position`, `digest` and time of its last event."""

    project_id: int
    position: int
    digest: bytes
    recorded_at: datetime
    next_number: int
    settings: str


def lock(connection: Connection, project_id: int) -> Head:
    """Return the head of a project's log; until the transaction ends, nobody else can append.

    Raises:
        ProjectNotFoundError: there is no such project.
    """
    query = (
        select(logs, projects.c.settings, *_plan_by_index(connection))
        .join_from(logs, projects, projects.c.id == logs.c.project_id)
        .where(logs.c.project_id == project_id)
        .with_for_update(of=logs)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise ProjectNotFoundError(f"there is no project {project_id}")
    return Head(
        project_id=project_id,
        position=row.position,
        digest=row.digest,
        recorded_at=row.recorded_at,
        next_number=row.next_number,
        settings=row.settings,
    )


def _plan_by_index(connection: Connection) -> list[ColumnElement[str]]:
    # A batch looks up a few rows by key. Until a fast-growing table is analysed, PostgreSQL
    # believes that it is small and reads all of it instead: this transaction must not.
    if connection.dialect.name == "sqlite":
        return []
    plans = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan")
    return [func.set_config(name, "off", True) for name in plans]


def append(connection: Connection, head: Head, entries: Sequence[Entry], at: datetime) -> None:
    """Write the entries behind the head, and move it to the last of them.

    They are recorded `at` this time; but never earlier than what stands before them, whatever the
    clocks of several machines say, so that the log's order is also that of its times.
    """
    head.recorded_at = at = max(at, head.recorded_at)
    salts = os.urandom(SALT_SIZE * len(entries))
    rows = []
    for index, entry in enumerate(entries):
        salt = salts[index * SALT_SIZE : (index + 1) * SALT_SIZE]
        head.position += 1
        head.digest = link(
            head.digest, head.position, entry, at, commitment=commit(salt, entry.state)
        )
        rows.append(
            (
                head.project_id,
                head.position,
                entry.person_id,
                entry.version,
                entry.topic,
                entry.state.decode(),
                at,
                head.digest,
                salt,
                None,
            )
        )
    _insert_events.run(connection, rows)


def move_head(connection: Connection, head: Head) -> None:
    """Write the head where it now stands."""
    connection.execute(
        update(logs)
        .where(logs.c.project_id == head.project_id)
        .values(
            position=head.position,
            digest=head.digest,
            recorded_at=head.recorded_at,
            next_number=head.next_number,
        )
    )


def commit(salt: bytes, state: bytes) -> bytes:
    """Return what binds an event's state: it stays in the chain when salt and state are erased."""
    return sha256(salt + state).digest()


def link(
    previous: bytes, position: int, entry: Entry, recorded_at: datetime, *, commitment: bytes
) -> bytes:
    """Return the digest of an event: of all that the log says of it, and of all events before."""
    microseconds = (recorded_at - EPOCH) // _MICROSECOND
    place = f"{position} {entry.person_id.hex} {entry.version} {entry.topic} {microseconds} "
    return sha256(previous + place.encode() + commitment).digest()


def head_position(connection: Connection, project_id: int) -> int:
    """Return the position of the last event of a project; 0 for none."""
    query = select(logs.c.position).where(logs.c.project_id == project_id)
    return connection.execute(query).scalar() or 0


_recorded = select(
    events.c.position,
    events.c.person_id,
    events.c.version,
    events.c.topic,
    events.c.state,
    events.c.recorded_at,
)
"""Events as they are read: `state` is None where it was erased."""


def read(connection: Connection, project_id: int, *, after: int, limit: int) -> Sequence[Any]:
    """Return the first `limit` events behind a position, in the log's order."""
    query = (
        _recorded.where(events.c.project_id == project_id, events.c.position > after)
        .order_by(events.c.position)
        .limit(limit)
    )
    return connection.execute(query).all()


def read_stream(
    connection: Connection, project_id: int, person_id: UUID, *, below: int | None = None
) -> Sequence[Any]:
    """Return the events of one person, by version; only those below a version if one is given."""
    query = _recorded.where(events.c.project_id == project_id, events.c.person_id == person_id)
    if below is not None:
        query = query.where(events.c.version < below)
    return connection.execute(query.order_by(events.c.version)).all()


def streams(connection: Connection, project_id: int, person_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that have ever been a person's."""
    query = select(events.c.person_id).where(
        events.c.project_id == project_id,
        events.c.person_id.in_(person_ids),
        events.c.version == 1,
    )
    return set(connection.execute(query).scalars())


def position_at(connection: Connection, project_id: int, at: datetime) -> int:
    """Return the position of the last event that was recorded up to a time; 0 for none."""
    query = select(func.max(events.c.position)).where(
        events.c.project_id == project_id, events.c.recorded_at <= at
    )
    return connection.execute(query).scalar() or 0


def version_at(connection: Connection, project_id: int, person_id: UUID, position: int) -> int:
    """Return the version that a person had at a position; 0 where it was not born yet."""
    query = select(func.max(events.c.version)).where(
        events.c.project_id == project_id,
        events.c.person_id == person_id,
        events.c.position <= position,
    )
    return connection.execute(query).scalar() or 0
