"""Lists and searches of persons as of a position: who lived then, found by what they had then."""

from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice
from sys import maxsize
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from domain.values import JSON
from projections import filters
from projections.past.living import Part, parts
from projections.past.rows import rows_at
from projections.past.tables import KEY_SIZE, of_last_change, past_properties
from projections.people import READ_AT_ONCE
from projections.person_rows import PersonRow
from projections.persons_query import PersonsQuery
from storage.postgresql import read_in_order
from storage.values import as_uuid


def list_page(
    connection: Connection, project_id: int, query: PersonsQuery, *, position: int
) -> list[PersonRow]:
    """Return a page of the persons that lived at a position, as they were, newest first."""
    if query.conditions():
        last = min(query.offset + query.limit, maxsize)
        with closing(_matching(connection, project_id, query, position)) as found:
            chosen = list(islice(found, query.offset, last))
    else:
        chosen = _page(connection, project_id, query, position)
    return rows_at(connection, project_id, chosen, position=position)


def count(connection: Connection, project_id: int, query: PersonsQuery, *, position: int) -> int:
    """Return how many persons all pages of such a list have together."""
    if query.conditions():
        return sum(1 for _ in _matching(connection, project_id, query, position))
    counts = (
        select(func.count()).select_from(part.lives).where(*part.where)
        for part in parts(connection, project_id, query, position)
    )
    return sum(connection.execute(each).scalar_one() for each in counts)


def _page(
    connection: Connection, project_id: int, query: PersonsQuery, position: int
) -> list[UUID]:
    """Return the uuids of a page of all who lived."""
    if not query.searched and query.owned is None:
        read_in_order(connection)
    offset = query.offset
    chosen: list[UUID] = []
    for part in parts(connection, project_id, query, position):
        wanted = query.limit - len(chosen)
        found = _found(part).offset(offset).limit(wanted)
        ids = connection.execute(found).scalars().all() if wanted else []
        chosen += map(as_uuid, ids)
        if offset and not ids:
            passed = select(func.count()).select_from(part.lives).where(*part.where)
            offset -= connection.execute(passed).scalar_one()
        else:
            offset = 0
    return chosen


def _matching(
    connection: Connection, project_id: int, query: PersonsQuery, position: int
) -> Generator[UUID]:
    """Yield the uuids of those who meet the conditions of the list, newest first."""
    conditions = query.conditions()
    keys = filters.keys(conditions)
    matches = filters.matcher(conditions, at=query.at)
    at_once = min(READ_AT_ONCE, query.offset + query.limit)
    for part in parts(connection, project_id, query, position):
        found = _found(part, *(_value(part.lives, key, position) for key in keys))
        with connection.execute(found.execution_options(yield_per=at_once)) as rows:
            for person_id, *cells in rows:
                if matches(_read(keys, cells)):
                    yield as_uuid(person_id)


def _found(part: Part, *values: ColumnElement[Any]) -> Select[Any]:
    # The uuids as the driver gives them: there may be many, of which few are used.
    person_id = type_coerce(part.lives.c.person_id, NullType())
    return select(person_id, *values).where(*part.where).order_by(*part.newest_first)


def _value(lives: FromClause, key: str, position: int) -> ScalarSelect[Any]:
    """Return the JSON text of what the person had under a key; NULL for nothing."""
    parts = key[:KEY_SIZE], key[KEY_SIZE:]
    value = past_properties.c.value
    return of_last_change(value, lives, lives.c.project_id, parts, position)


def _read(keys: Sequence[str], cells: Sequence[str | None]) -> dict[str, JSON]:
    return {
        key: msgspec.json.decode(cell)
        for key, cell in zip(keys, cells, strict=True)
        if cell is not None
    }
