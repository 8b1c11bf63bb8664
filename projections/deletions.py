"""Deleted persons whose personal data is still there: whom the purge has to erase, and when."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Row,
    Table,
    Uuid,
    func,
    or_,
    select,
)

from domain.events import Deleted, Erased, Undeleted
from projections.projection import Projection, metadata
from storage.appended import Appended
from storage.changes import Change, Drop, Put
from storage.statements import Delete, Insert
from storage.values import UTCDateTime

deletions = Table(
    "deletions",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("deleted_at", UTCDateTime, nullable=False),
    Column("erases_now", Boolean, nullable=False),
    Column("deletes_events", Boolean, nullable=False),
    Index("deletions_by_time", "project_id", "deleted_at"),
)
"""One row a deleted person, until it is back or erased. `position` is that of its Deleted."""

_CHANGES = frozenset({Deleted, Undeleted, Erased})

_insert = Insert(deletions, on_conflict="replace")
_delete = Delete(deletions.c.person_id)


def due(connection: Connection, until: datetime) -> Sequence[Row[Any]]:
    """Return whom to erase, of all projects: deleted up to a time, or with the order to erase."""
    is_due = or_(deletions.c.deleted_at <= until, deletions.c.erases_now)
    query = select(deletions).where(is_due)
    return connection.execute(query.order_by(deletions.c.project_id, deletions.c.position)).all()


def page(
    connection: Connection, project_id: int, *, limit: int, offset: int
) -> tuple[int, Sequence[Row[Any]]]:
    """Return how many of a project wait to be erased, and a page of them, the oldest first."""
    chosen = deletions.c.project_id == project_id
    count = connection.execute(
        select(func.count()).select_from(deletions).where(chosen)
    ).scalar_one()
    query = select(deletions).where(chosen).limit(limit).offset(offset)
    place = deletions.c.deleted_at, deletions.c.position
    return count, connection.execute(query.order_by(*place)).all()


def of(connection: Connection, project_id: int, person_id: UUID) -> Row[Any] | None:
    """Return the deletion of a person; None for one that lives or was erased."""
    chosen: ColumnElement[bool] = (deletions.c.project_id == project_id) & (
        deletions.c.person_id == person_id
    )
    return connection.execute(select(deletions).where(chosen)).first()


def _project(appended: Appended) -> Iterator[Change]:
    if _CHANGES.isdisjoint(appended.kinds):
        return
    rows: dict[UUID, tuple[Any, ...] | None] = {}
    for position, placed in zip(appended.positions, appended.events, strict=True):
        person_id = placed.person_id
        match placed.event:
            case Deleted() as event:
                rows[person_id] = (
                    appended.project_id,
                    person_id,
                    position,
                    event.origin.occurred_at,
                    event.erases_now,
                    event.deletes_events,
                )
            case Undeleted() | Erased(kept=None):
                rows[person_id] = None
    yield Drop(_delete, appended.project_id, [each for each, row in rows.items() if not row])
    yield Put(_insert, [row for row in rows.values() if row])


PROJECTION = Projection("deletions", version=1, tables=(deletions,), project=_project)
