"""Erasing for good: states and salts of events, captured events, warnings.

What stays of an event is its place and what binds it, so the chain and the tree over it hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection, bindparam, delete, select, update

from domain.batch import ToErase
from storage import log
from storage.schema import captured_events, events, ingestion_warnings

CHUNK = 1_000  # events, or distinct ids, in one statement

Value = TypeVar("Value")

_erase = (
    update(events)
    .where(
        events.c.project_id == bindparam("project"), events.c.position == bindparam("at_position")
    )
    .values(state=None, salt=None, commitment=bindparam("bound"))
)


def erase(connection: Connection, project_id: int, erasures: Iterable[ToErase]) -> None:
    """Erase what was decided, in the transaction that says so."""
    for each in erasures:
        for positions in _chunks(each.positions):
            _erase_events(connection, project_id, positions)
        for distinct_ids in _chunks(each.distinct_ids):
            connection.execute(
                delete(ingestion_warnings).where(
                    ingestion_warnings.c.project_id == project_id,
                    ingestion_warnings.c.distinct_id.in_(distinct_ids),
                )
            )
        for distinct_ids in _chunks(each.captured_of):
            connection.execute(
                delete(captured_events).where(
                    captured_events.c.project_id == project_id,
                    captured_events.c.person_id == each.person_id,
                    captured_events.c.distinct_id.in_(distinct_ids),
                )
            )


def _erase_events(connection: Connection, project_id: int, positions: Sequence[int]) -> None:
    query = select(events.c.position, events.c.state, events.c.salt).where(
        events.c.project_id == project_id,
        events.c.position.in_(positions),
        events.c.state.is_not(None),
    )
    rows = [
        {
            "project": project_id,
            "at_position": row.position,
            "bound": log.commit(row.salt, row.state.encode()),
        }
        for row in connection.execute(query)
    ]
    if rows:
        connection.execute(_erase, rows)


def _chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
