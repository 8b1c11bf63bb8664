"""How far the deletion of captured events is, read back from its queue."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from storage.schema import event_deletions as queue


def read(
    connection: Connection,
    project_id: int,
    *,
    is_done: bool | None,
    person_id: UUID | None,
    limit: int,
    offset: int,
) -> tuple[int, Sequence[Row[Any]]]:
    """Return how many entries there are, and a page of them, newest first.

    `is_done` and `person_id` choose entries; None chooses all.
    """
    chosen = [queue.c.project_id == project_id]
    if is_done is not None:
        verified = queue.c.delete_verified_at
        chosen.append(verified.is_not(None) if is_done else verified.is_(None))
    if person_id is not None:
        chosen.append(queue.c.person_id == person_id)
    count = connection.execute(select(func.count()).where(*chosen)).scalar_one()
    page = (
        select(queue)
        .where(*chosen)
        .order_by(queue.c.created_at.desc(), queue.c.person_id)
        .limit(limit)
        .offset(offset)
    )
    return count, connection.execute(page).all()
