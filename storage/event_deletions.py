"""The queue of persons whose captured events are to be deleted."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

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
