"""How far the deletion of captured events is, read back from its queue."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, select

from storage.schema import event_deletions as queue


def read(
    connection: Connection,
    project_id: int,
    *,
    is_done: bool | None,
    person_id: UUID | None,
    limit: int,
    offset: int,
) -> Sequence[Row[Any]]:
    """Return entries, newest first; `is_done` and `person_id` choose, None chooses all."""
    query = (
        _chosen(project_id, is_done, person_id)
        .with_only_columns(queue)
        .order_by(queue.c.created_at.desc(), queue.c.person_id)
        .limit(limit)
        .offset(offset)
    )
    return connection.execute(query).all()


def count(
    connection: Connection, project_id: int, *, is_done: bool | None, person_id: UUID | None
) -> int:
    """Return how many entries `read` chooses from."""
    query = _chosen(project_id, is_done, person_id)
    return connection.execute(query.with_only_columns(func.count())).scalar_one()


def _chosen(project_id: int, is_done: bool | None, person_id: UUID | None) -> Select[Any]:
    query = select().select_from(queue).where(queue.c.project_id == project_id)
    if is_done is not None:
        verified = queue.c.delete_verified_at
        query = query.where(verified.is_not(None) if is_done else verified.is_(None))
    if person_id is not None:
        query = query.where(queue.c.person_id == person_id)
    return query
