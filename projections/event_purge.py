"""Deleting the captured events of those who wait for that in the queue."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from projections import deletions
from projections.captured_events import filed
from storage.captured_deletion import Chosen, delete_some, is_left
from storage.engine import Database
from storage.schema import events


def purge_events(database: Database, entry: Row[Any]) -> Iterator[int]:
    """Delete the captured events that an entry of the queue means; yield how many, as it goes on.

    Each transaction deletes some. Whatever ends it before its end, the next call goes on.
    """
    for chosen in _chosen(database, entry):
        since: datetime | None = None
        is_more = True
        while is_more:
            with database.writing() as connection:
                deleted, since = delete_some(connection, chosen, since=since)
            yield deleted
            is_more = since is not None


def is_purged(database: Database, entry: Row[Any]) -> bool:
    """Tell whether no captured event that an entry of the queue means is left."""
    chosen = list(_chosen(database, entry))
    with database.reading() as connection:
        return not any(is_left(connection, each) for each in chosen)


def _chosen(database: Database, entry: Row[Any]) -> Iterator[Chosen]:
    with database.reading() as connection:
        until = _until(connection, entry)
        found = filed(connection, entry.project_id, entry.person_id)
        conditions = found.conditions(connection.dialect.name)
    for condition in conditions:
        yield Chosen(entry.project_id, condition, until)


def _until(connection: Connection, entry: Row[Any]) -> datetime:
    """Return until when the captured events go: all until a deletion that says so.

    An entry that waited when the person was deleted keeps its own, earlier time.
    """
    created_at: datetime = entry.created_at
    deletion = deletions.of(connection, entry.project_id, entry.person_id)
    if deletion is None or not deletion.deletes_events:
        return created_at
    recorded = select(events.c.recorded_at).where(
        events.c.project_id == entry.project_id, events.c.position == deletion.position
    )
    recorded_at: datetime = connection.execute(recorded).scalar_one()
    return max(created_at, recorded_at)
