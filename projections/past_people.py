"""Lists and searches of persons as of a position: who lived then, found by what they had then."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from itertools import islice
from sys import maxsize
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    func,
    literal,
    select,
    tuple_,
)

from domain.person import Person
from domain.values import JSON
from projections import filters, past_searches
from projections.past import KEY_SIZE, past_lives, past_properties
from projections.past_person import row
from projections.past_searches import is_last
from projections.people import MAX_LISTED_IDS, READ_AT_ONCE
from projections.person_rows import PersonRow
from projections.persons_query import MAX_AHEAD, PersonsQuery
from storage import places, streams
from storage.mapper import logged_event


def list_page(
    connection: Connection, project_id: int, query: PersonsQuery, *, position: int
) -> list[PersonRow]:
    """Return a page of the persons that lived at a position, as they were, newest first."""
    last = min(query.offset + query.limit, maxsize)
    with closing(_matching(connection, project_id, query, position)) as found:
        chosen = list(islice(found, query.offset, last))
    persons = _folded(connection, project_id, chosen, position)
    rows = (row(persons[person_id]) for person_id in chosen)
    return [each._replace(distinct_ids=each.distinct_ids[:MAX_LISTED_IDS]) for each in rows]


def count(connection: Connection, project_id: int, query: PersonsQuery, *, position: int) -> int:
    """Return how many persons all pages of such a list have together."""
    return sum(1 for _ in _matching(connection, project_id, query, position))


def _matching(
    connection: Connection, project_id: int, query: PersonsQuery, position: int
) -> Generator[UUID]:
    """Yield the uuids of the persons that the list has, newest first."""
    conditions = query.conditions()
    keys = filters.keys(conditions)
    matches = filters.matcher(conditions, at=query.at)
    values = [_value(key, position) for key in keys]
    found = (
        select(past_lives.c.person_id, *values)
        .where(*_where(connection, project_id, query, position))
        .order_by(past_lives.c.created_at.desc(), past_lives.c.person_id.desc())
        .execution_options(yield_per=min(READ_AT_ONCE, query.offset + query.limit))
    )
    with connection.execute(found) as rows:
        for person_id, *cells in rows:
            if matches(_read(keys, cells)):
                yield person_id


def _where(
    connection: Connection, project_id: int, query: PersonsQuery, position: int
) -> Iterable[ColumnElement[bool]]:
    life = past_lives.c
    yield life.project_id == project_id
    yield life.created_at <= query.until
    yield life.created_at <= _newest(connection, project_id, position)
    yield from is_last(past_lives, position, life.person_id)
    if query.after:
        created_at, person_id = query.after
        place = literal(created_at, life.created_at.type), literal(person_id, life.person_id.type)
        yield tuple_(life.created_at, life.person_id) < tuple_(*place)
    if query.owned is not None:
        yield life.person_id == past_searches.owner(project_id, query.owned, position)
    for some in past_searches.candidates(connection, project_id, query, position):
        yield life.person_id.in_(some)


def _newest(connection: Connection, project_id: int, position: int) -> ScalarSelect[Any]:
    """Return when the newest person up to a position was created.

    The list begins there, and so passes over all who came later. Nobody is created more than
    MAX_AHEAD after it is recorded, so that those of the last days are all that have to be asked.
    """
    recorded_at = places.recorded_at(connection, project_id, position)
    first = places.position_at(connection, project_id, recorded_at - 2 * MAX_AHEAD)
    return (
        select(func.coalesce(func.max(past_lives.c.created_at), recorded_at))
        .where(
            past_lives.c.project_id == project_id,
            past_lives.c.position > first,
            past_lives.c.position <= position,
        )
        .scalar_subquery()
    )


def _value(key: str, position: int) -> ScalarSelect[Any]:
    """Return the JSON text of what the person had under a key; NULL for nothing."""
    past = past_properties.c
    return (
        select(past.value)
        .where(
            past.project_id == past_lives.c.project_id,
            past.person_id == past_lives.c.person_id,
            past.key == key[:KEY_SIZE],
            past.key_rest == key[KEY_SIZE:],
            past.position <= position,
        )
        .order_by(past.position.desc(), past.rank.desc())
        .limit(1)
        .correlate(past_lives)
        .scalar_subquery()
    )


def _read(keys: Sequence[str], cells: Sequence[str | None]) -> dict[str, JSON]:
    return {
        key: msgspec.json.decode(cell)
        for key, cell in zip(keys, cells, strict=True)
        if cell is not None
    }


def _folded(
    connection: Connection, project_id: int, person_ids: Sequence[UUID], position: int
) -> dict[UUID, Person]:
    persons = {person_id: Person(person_id) for person_id in person_ids}
    for each in streams.read_many(connection, project_id, person_ids, until=position):
        persons[each.person_id].apply(logged_event(each).event)
    return persons
