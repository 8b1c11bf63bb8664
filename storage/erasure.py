"""Erasing for good: states and salts of events, captured events, warnings.

What stays of an event is its place and what binds it, so the chain and the tree over it hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, or_, select, update

from domain.erasures import Erasing
from domain.values import encode
from storage import chain, erasure_receipts
from storage.schema import captured_events, events, ingestion_warnings

CHUNK = 1_000  # events, distinct ids or uuids in one statement
FEW = 100  # texts that a statement looks for inside others

Value = TypeVar("Value")

_erase = (
    update(events)
    .where(
        events.c.project_id == bindparam("project"), events.c.position == bindparam("at_position")
    )
    .values(state=None, salt=None, commitment=bindparam("bound"))
)


def erase(connection: Connection, project_id: int, erasures: Iterable[Erasing]) -> None:
    """Erase what was decided, in the transaction that says so, and begin a receipt for each."""
    for each in erasures:
        for part in each.parts:
            for positions in _chunks(part.positions):
                _erase_events(connection, project_id, positions)
        _file_anew(connection, project_id, each)
        captured = sum(
            connection.execute(
                delete(captured_events).where(captured_events.c.project_id == project_id, *chosen)
            ).rowcount
            for chosen in _captured(each)
        )
        warnings = _erase_warnings(connection, project_id, each)
        erasure_receipts.begin(connection, project_id, each, captured=captured, warnings=warnings)


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
            "bound": chain.commit(row.salt, row.state.encode()),
        }
        for row in connection.execute(query)
    ]
    if rows:
        connection.execute(_erase, rows)


def _file_anew(connection: Connection, project_id: int, erasing: Erasing) -> None:
    """File under others what is theirs: no event says any more that it once came to this person."""
    row = captured_events.c
    for other, given_back in erasing.given_back.items():
        for distinct_ids in _chunks(sorted(given_back)):
            for persons in _chunks(erasing.persons):
                chosen = row.person_id.in_(persons), row.distinct_id.in_(distinct_ids)
                anew = update(captured_events).where(row.project_id == project_id, *chosen)
                connection.execute(anew.values(person_id=other))


def _captured(erasing: Erasing) -> Iterator[Sequence[ColumnElement[bool]]]:
    """Yield what is true of the captured events to erase, a chunk at a time."""
    row = captured_events.c
    for part in erasing.parts:
        for distinct_ids in _chunks(part.captured_of):
            yield row.person_id == part.person_id, row.distinct_id.in_(distinct_ids)
    for uuids in _chunks(erasing.captured):
        yield (row.uuid.in_(uuids),)
    for uuids in _chunks(erasing.strays):
        yield row.person_id.in_(uuids), row.received_at <= erasing.until


def _erase_warnings(connection: Connection, project_id: int, erasing: Erasing) -> int:
    """Erase the warnings that name a distinct id, those about others too; return how many."""
    row = ingestion_warnings.c
    is_sqlite = connection.dialect.name == "sqlite"
    find = func.instr if is_sqlite else func.strpos
    erased = 0
    for distinct_ids in _chunks(erasing.distinct_ids, FEW):
        quoted = [encode(each).decode() for each in distinct_ids]
        named = or_(row.distinct_id.in_(distinct_ids), *(find(row.details, q) > 0 for q in quoted))
        chosen = row.project_id == project_id, row.recorded_at <= erasing.until, named
        erased += connection.execute(delete(ingestion_warnings).where(*chosen)).rowcount
    return erased


def _chunks(values: Sequence[Value], size: int = CHUNK) -> Iterator[Sequence[Value]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
