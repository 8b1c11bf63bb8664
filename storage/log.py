"""The log of a project: positions without gaps, and the lock to append."""

import os
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    select,
)
from sqlalchemy.sql import func

from storage.chain import Entry, commit, link, microseconds
from storage.errors import ProjectNotFoundError
from storage.postgresql import switched_off
from storage.queries import Query, among
from storage.schema import events, logs, projects
from storage.statements import Insert, Row
from storage.values import as_time

END = 2**63 - 1  # a position that no log comes to
SALT_SIZE = 16  # bytes
SHORT_LOG = 20_000  # events

_insert_events = Insert(events)
_move_head = Insert(logs, on_conflict="replace")


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
    kept = case((logs.c.position < SHORT_LOG, "force_custom_plan"), else_="auto")
    return [
        *switched_off("jit", *(f"enable_{plan}" for plan in slow)),
        func.set_config("plan_cache_mode", kept, True),
    ]


def append(connection: Connection, head: Head, entries: Sequence[Entry], at: datetime) -> None:
    """Write the entries behind the head, and move it to the last of them.

    They are recorded `at` this time; but never earlier than what stands before them, whatever the
    clocks of several machines say, so that the log's order is also that of its times.
    """
    head.recorded_at = at = max(at, head.recorded_at)
    recorded = microseconds(at)
    salts = os.urandom(SALT_SIZE * len(entries))
    project_id, position, digest = head.project_id, head.position, head.digest
    rows: list[Row] = []
    for index, entry in enumerate(entries):
        person_id, version, topic, state = entry
        salt = salts[index * SALT_SIZE : (index + 1) * SALT_SIZE]
        position += 1
        digest = link(digest, position, entry, recorded, commit(salt, state))
        place = project_id, position, person_id, version
        rows.append((*place, topic, state.decode(), at, digest, salt, None))
    head.position, head.digest = position, digest
    _insert_events.run(connection, rows)


def move_head(connection: Connection, head: Head) -> None:
    """Write the head where it now stands."""
    row = (head.project_id, head.position, head.digest, head.recorded_at, head.next_number)
    _move_head.run(connection, [row])


def head_position(connection: Connection, project_id: int) -> int:
    """Return the position of the last event of a project; 0 for none."""
    return heads(connection, [project_id]).get(project_id, 0)


def heads(connection: Connection, project_ids: Collection[int]) -> dict[int, int]:
    """Return the positions of the last events of projects."""
    rows = _heads.run(connection, {"project_ids": list(project_ids)})
    return {project_id: position for project_id, position in rows if project_id is not None}


@Query
def _heads(dialect: str) -> Select[Any]:
    project_id = among(dialect, "project_ids", BigInteger)
    return select(logs.c.project_id, logs.c.position).select_from(
        project_id.table.outerjoin(logs, logs.c.project_id == project_id)
    )


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
