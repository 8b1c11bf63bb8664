"""The queue of persons whose captured events are to be deleted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, select, update

from storage.schema import event_deletions
from storage.statements import Insert

_insert = Insert(event_deletions, on_conflict="ignore")


def queue(
    connection: Connection, project_id: int, person_ids: Collection[UUID], at: datetime
) -> None:
    """Queue persons, each once: one that waits already keeps its place."""
    if not person_ids:
        return
    waiting = select(event_deletions.c.person_id).where(
        event_deletions.c.project_id == project_id,
        event_deletions.c.person_id.in_(person_ids),
        event_deletions.c.delete_verified_at.is_(None),
    )
    known = set(connection.execute(waiting).scalars())
    new = [each for each in dict.fromkeys(person_ids) if each not in known]
    _insert.run(connection, [(project_id, each, at, None) for each in new])


def spare(connection: Connection, project_id: int, since: Mapping[UUID, datetime]) -> None:
    """Take persons out again, as far as they were queued since a time and still wait."""
    for person_id, at in since.items():
        connection.execute(
            delete(event_deletions).where(
                event_deletions.c.project_id == project_id,
                event_deletions.c.person_id == person_id,
                event_deletions.c.created_at >= at,
                event_deletions.c.delete_verified_at.is_(None),
            )
        )


def waiting(connection: Connection) -> Sequence[Row[Any]]:
    """Return all entries that wait, of all projects, oldest first."""
    query = (
        select(event_deletions)
        .where(event_deletions.c.delete_verified_at.is_(None))
        .order_by(event_deletions.c.created_at)
    )
    return connection.execute(query).all()


def verified(connection: Connection, entry: Row[Any], at: datetime) -> None:
    """Let an entry be done: none of its captured events is left."""
    connection.execute(
        update(event_deletions)
        .where(
            event_deletions.c.project_id == entry.project_id,
            event_deletions.c.person_id == entry.person_id,
            event_deletions.c.created_at == entry.created_at,
        )
        .values(delete_verified_at=at)
    )
