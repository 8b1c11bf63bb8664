"""The log of a project: positions without gaps, a chain of digests, and the lock to append."""

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from struct import Struct
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Uuid,
    bindparam,
    case,
    select,
    update,
)
from sqlalchemy.sql import func

from storage.errors import ProjectNotFoundError
from storage.schema import as_time, as_uuid, events, logs, projects
from storage.statements import Insert, Query, among

GENESIS = bytes(32)
"""The digest before the first event."""

SALT_SIZE = 16  # bytes
SHORT_LOG = 20_000  # events
PIVOTS = 64  # events that one look for a time asks
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = Struct(">q16sqq")  # position, person, version, microseconds since EPOCH

_insert_events = Insert(events)


class Entry(NamedTuple):
    """An event as the log takes it: at its place in its stream, under its topic, as JSON text."""

    person_id: UUID
    version: int
    topic: str
    state: bytes


class Head(msgspec.Struct, kw_only=True):
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
    rows = _lock.run(connection, {"project_id": project_id})
    if not rows:
        raise ProjectNotFoundError(f"there is no project {project_id}")
    position, digest, recorded_at, next_number, settings = rows[0][:5]
    return Head(
        project_id=project_id,
        position=position,
        digest=digest,
        recorded_at=as_time(recorded_at),
        next_number=next_number,
        settings=settings,
    )


@Query
def _lock(dialect: str) -> Select[Any]:
    return (
        select(
            logs.c.position,
            logs.c.digest,
            logs.c.recorded_at,
            logs.c.next_number,
            projects.c.settings,
            *(() if dialect == "sqlite" else _plans()),
        )
        .join_from(logs, projects, projects.c.id == logs.c.project_id)
        .where(logs.c.project_id == bindparam("project_id", type_=BigInteger))
        .with_for_update(of=logs)
    )


def _plans() -> list[ColumnElement[str]]:
    """Tell PostgreSQL how to plan in this transaction: a batch looks up rows by their keys.

    Until a fast-growing table is analysed, PostgreSQL takes it for small and would read all of it;
    and a plan that it keeps from when a log was short stays wrong when it has grown.
    """
    slow = ("seqscan", "hashjoin", "mergejoin", "material")
    off = ("jit", *(f"enable_{plan}" for plan in slow))
    kept = case((logs.c.position < SHORT_LOG, "force_custom_plan"), else_="auto")
    return [
        *(func.set_config(name, "off", True) for name in off),
        func.set_config("plan_cache_mode", kept, True),
    ]


def append(connection: Connection, head: Head, entries: Sequence[Entry], at: datetime) -> None:
    """Write the entries behind the head, and move it to the last of them.

    They are recorded `at` this time; but never earlier than what stands before them, whatever the
    clocks of several machines say, so that the log's order is also that of its times.
    """
    head.recorded_at = max(at, head.recorded_at)
    salts = os.urandom(SALT_SIZE * len(entries))
    microseconds = _microseconds(head.recorded_at)
    rows = []
    for index, entry in enumerate(entries):
        salt = salts[index * SALT_SIZE : (index + 1) * SALT_SIZE]
        head.position += 1
        commitment = commit(salt, entry.state)
        head.digest = _link(head.digest, head.position, entry, microseconds, commitment)
        rows.append(
            (
                head.project_id,
                head.position,
                entry.person_id,
                entry.version,
                entry.topic,
                entry.state.decode(),
                head.recorded_at,
                head.digest,
                salt,
                None,
            )
        )
    _insert_events.run(connection, rows)


def move_head(connection: Connection, head: Head) -> None:
    """Write the head where it now stands."""
    values = {
        "project": head.project_id,
        "position": head.position,
        "digest": head.digest,
        "recorded_at": head.recorded_at,
        "next_number": head.next_number,
    }
    connection.execute(_move_head, values)


_move_head = (
    update(logs)
    .where(logs.c.project_id == bindparam("project"))
    .values(
        position=bindparam("position"),
        digest=bindparam("digest"),
        recorded_at=bindparam("recorded_at"),
        next_number=bindparam("next_number"),
    )
)


def commit(salt: bytes, state: bytes) -> bytes:
    """Return what binds an event's state: it stays in the chain when salt and state are erased."""
    return sha256(salt + state).digest()


def link(
    previous: bytes, position: int, entry: Entry, recorded_at: datetime, *, commitment: bytes
) -> bytes:
    """Return the digest of an event: of all that the log says of it, and of all events before."""
    return _link(previous, position, entry, _microseconds(recorded_at), commitment)


def _link(
    previous: bytes, position: int, entry: Entry, microseconds: int, commitment: bytes
) -> bytes:
    place = position, entry.person_id, entry.version
    return linked(previous, _said(place, entry.topic, microseconds, commitment))


def linked(previous: bytes, said: bytes) -> bytes:
    """Return the digest of an event: of all that the log says of it, and of all events before."""
    return sha256(previous + said).digest()


def said_by(row: Any) -> bytes:
    """Return all that a row of LINKS says, in bytes: what the chain and the tree hash."""
    *place, topic, state, recorded_at, _, salt, commitment = row
    if state is not None:
        commitment = commit(salt or b"", state.encode())
    return _said(place, topic, _microseconds(recorded_at), commitment or b"")


def _said(place: Sequence[Any], topic: str, microseconds: int, commitment: bytes) -> bytes:
    position, person_id, version = place
    placed = _PLACE.pack(position, person_id.bytes, version, microseconds)
    return placed + commitment + topic.encode()


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND


def head_position(connection: Connection, project_id: int) -> int:
    """Return the position of the last event of a project; 0 for none."""
    return heads(connection, [project_id]).get(project_id, 0)


def heads(connection: Connection, project_ids: Collection[int]) -> dict[int, int]:
    """Return the positions of the last events of projects."""
    query = select(logs.c.project_id, logs.c.position).where(logs.c.project_id.in_(project_ids))
    return {project_id: position for project_id, position in connection.execute(query)}


RECORDED = select(
    events.c.position,
    events.c.person_id,
    events.c.version,
    events.c.topic,
    events.c.state,
    events.c.recorded_at,
)
"""Events as they are read: `state` is None where it was erased."""

LINKS = RECORDED.add_columns(events.c.digest, events.c.salt, events.c.commitment)
"""Events with all that the chain and the tree are made of."""

unindexed_position = events.c.position + 0
"""The position, for streams: a sum has no index, so the database finds them by their persons, and
does not read along the log for them."""


def read(connection: Connection, project_id: int, *, after: int, limit: int) -> Sequence[Any]:
    """Return the first `limit` events behind a position, in the log's order."""
    query = (
        RECORDED.where(events.c.project_id == project_id, events.c.position > after)
        .order_by(events.c.position)
        .limit(limit)
    )
    return connection.execute(query).all()


def read_links(connection: Connection, project_id: int, *, after: int, limit: int) -> Sequence[Any]:
    """Return what `read` does, and of each event what the chain is made of as well."""
    query = (
        LINKS.where(events.c.project_id == project_id, events.c.position > after)
        .order_by(events.c.position)
        .limit(limit)
    )
    return connection.execute(query).all()


def read_stream(
    connection: Connection, project_id: int, person_id: UUID, *, below: int | None = None
) -> Sequence[Any]:
    """Return the events of one person, by version; only those below a version if one is given."""
    query = RECORDED.where(events.c.project_id == project_id, events.c.person_id == person_id)
    if below is not None:
        query = query.where(events.c.version < below)
    return connection.execute(query.order_by(events.c.version)).all()


def read_streams(
    connection: Connection, project_id: int, person_ids: Collection[UUID], *, until: int
) -> Sequence[Any]:
    """Return the events of some persons up to a position, those of each by version."""
    query = RECORDED.where(
        events.c.project_id == project_id,
        events.c.person_id.in_(person_ids),
        unindexed_position <= until,
    )
    return connection.execute(query.order_by(events.c.person_id, events.c.version)).all()


def streams(connection: Connection, project_id: int, person_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that have ever been a person's."""
    parameters = {"project_id": project_id, "person_ids": list(person_ids)}
    return {as_uuid(each) for (each,) in _streams.run(connection, parameters) if each}


@Query
def _streams(dialect: str) -> Select[Any]:
    asked = among(dialect, "person_ids", Uuid)
    begins = (
        (events.c.project_id == bindparam("project_id", type_=BigInteger))
        & (events.c.person_id == asked)
        & (events.c.version == 1)
    )
    return select(events.c.person_id).select_from(asked.table.outerjoin(events, begins))


def position_at(connection: Connection, project_id: int, at: datetime) -> int:
    """Return the position of the last event that was recorded up to a time; 0 for none.

    The log's order is that of its times, so a few looks are enough, however long it is.
    """
    low, high = 0, head_position(connection, project_id)
    while low < high:
        step = -(-(high - low) // PIVOTS)
        pivots = [*range(low + step, high, step), high]
        query = select(func.max(events.c.position)).where(
            events.c.project_id == project_id,
            events.c.position.in_(pivots),
            events.c.recorded_at <= at,
        )
        low = connection.execute(query).scalar() or low
        high = min(low + step - 1, high)
    return low


def recorded_at(connection: Connection, project_id: int, position: int) -> datetime:
    """Return when the event at a position was recorded; EPOCH before the first."""
    query = select(events.c.recorded_at).where(
        events.c.project_id == project_id, events.c.position == position
    )
    return connection.execute(query).scalar_one_or_none() or EPOCH


def version_at(connection: Connection, project_id: int, person_id: UUID, position: int) -> int:
    """Return the version that a person had at a position; 0 where it was not born yet."""
    query = select(func.max(events.c.version)).where(
        events.c.project_id == project_id,
        events.c.person_id == person_id,
        unindexed_position <= position,
    )
    return connection.execute(query).scalar() or 0
