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
    Text,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from domain.person import Person
from domain.values import JSON
from projections import filters
from projections.filter_sql import contains
from projections.past import KEY_SIZE, past_distinct_ids, past_lives, past_properties, past_texts
from projections.past_person import row
from projections.people import MAX_LISTED_IDS, READ_AT_ONCE
from projections.person_rows import PersonRow
from projections.persons_query import PersonsQuery
from storage import log
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
        .where(*_where(connection.dialect.name, project_id, query, position))
        .order_by(past_lives.c.created_at.desc(), past_lives.c.person_id.desc())
        .execution_options(yield_per=READ_AT_ONCE)
    )
    with connection.execute(found) as rows:
        for person_id, *cells in rows:
            if matches(_read(keys, cells)):
                yield person_id


def _where(
    dialect: str, project_id: int, query: PersonsQuery, position: int
) -> Iterable[ColumnElement[bool]]:
    life = past_lives.c
    yield life.project_id == project_id
    yield life.created_at <= query.until
    yield from _is_last(past_lives, position, life.person_id)
    if query.after:
        created_at, person_id = query.after
        place = literal(created_at, life.created_at.type), literal(person_id, life.person_id.type)
        yield tuple_(life.created_at, life.person_id) < tuple_(*place)
    if query.owned is not None:
        yield life.person_id == _owner(project_id, query.owned, position)
    if query.searched:
        yield _is_found(dialect, project_id, query.searched, position)


def _is_last(rows: Any, position: int, *same: ColumnElement[Any]) -> Iterable[ColumnElement[bool]]:
    """Return that a row is the last, up to a position, of those with the same columns."""
    later = rows.alias()
    yield rows.c.position <= position
    yield ~exists().where(
        later.c.project_id == rows.c.project_id,
        *(later.c[column.name] == column for column in same),
        later.c.position > rows.c.position,
        later.c.position <= position,
    )


def _owner(project_id: int, distinct_id: str, position: int) -> ScalarSelect[Any]:
    """Return whose a distinct id was, should that person have lived."""
    owner = past_distinct_ids.c
    return (
        select(owner.person_id)
        .where(
            owner.project_id == project_id,
            owner.distinct_id == distinct_id,
            owner.position <= position,
        )
        .order_by(owner.position.desc())
        .limit(1)
        .scalar_subquery()
    )


def _is_found(dialect: str, project_id: int, wanted: str, position: int) -> ColumnElement[bool]:
    """Return that a text was found in the person: in uuid, e-mail, name or a distinct id."""
    texts, ids = past_texts.c, past_distinct_ids.c
    in_texts = select(texts.person_id).where(
        texts.project_id == project_id,
        contains(dialect, texts.text, wanted),
        *_is_last(past_texts, position, texts.person_id, texts.key),
    )
    line = func.coalesce(ids.folded, ids.distinct_id)
    in_ids = select(ids.person_id).where(
        ids.project_id == project_id,
        contains(dialect, line, wanted),
        *_is_last(past_distinct_ids, position, ids.distinct_id),
    )
    person_id = past_lives.c.person_id
    return or_(person_id.in_(in_texts), person_id.in_(in_ids), *_in_uuid(dialect, wanted))


def _in_uuid(dialect: str, wanted: str) -> Iterable[ColumnElement[bool]]:
    if set(wanted) <= set("0123456789abcdef-"):
        column = past_lives.c.person_id
        plain = cast(column, Text) if dialect == "postgresql" else _dashed(column)
        yield contains(dialect, plain, wanted)


def _dashed(column: ColumnElement[Any]) -> ColumnElement[str]:
    # SQLite keeps 32 hexadecimal digits.
    parts = [func.substr(column, start, size) for start, size in _UUID_PARTS]
    whole: ColumnElement[str] = parts[0]
    for part in parts[1:]:
        whole = whole.op("||")("-").op("||")(part)
    return whole


_UUID_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


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
    for each in log.read_streams(connection, project_id, person_ids, until=position):
        persons[each.person_id].apply(logged_event(each).event)
    return persons
