"""Reading current persons: one or some of them by any of their names, and lists of all."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from sys import maxsize
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_

from domain.values import clean
from projections import few_people, searches
from projections.filter_sql import candidates
from projections.filters import text_matcher
from projections.owners import distinct_ids
from projections.person_rows import Lookup, PersonRow, ids_of, person_row
from projections.persons import SNAPSHOT, persons
from projections.persons_query import MAX_AHEAD, PersonsQuery

__all__ = [
    "MAX_AHEAD",
    "PersonRow",
    "PersonsQuery",
    "by_distinct_ids",
    "by_number",
    "by_person_ids",
    "count",
    "list_page",
    "points",
]

MAX_NUMBER = 2**63 - 1
MAX_LISTED_IDS = 1_000  # distinct ids that a person in a list has
READ_AT_ONCE = 1_000  # rows

_NEWEST_FIRST = persons.c.created_at.desc(), persons.c.person_id.desc()

_by_number = Lookup(persons.c.number)
_by_person_id = Lookup(persons.c.person_id)
_by_distinct_id = Lookup(distinct_ids.c.distinct_id)
_listed_by_number = Lookup(persons.c.number, max_ids=MAX_LISTED_IDS)


def points(
    connection: Connection, wanted: Sequence[tuple[int, int | UUID]]
) -> dict[tuple[int, int | UUID], PersonRow]:
    """Return persons by project and integer id or uuid, with all their distinct ids.

    There is one query for all integer ids, and one for all uuids.
    """
    numbers = [each for each in wanted if isinstance(each[1], int) and abs(each[1]) <= MAX_NUMBER]
    ids = [each for each in wanted if isinstance(each[1], UUID)]
    return _by_number.run(connection, numbers) | _by_person_id.run(connection, ids)


def by_number(connection: Connection, project_id: int, number: int) -> PersonRow | None:
    """Return the person with an integer id, with all its distinct ids; None if there is none."""
    return points(connection, [(project_id, number)]).get((project_id, number))


def by_person_ids(
    connection: Connection, project_id: int, person_ids: Iterable[UUID]
) -> dict[UUID, PersonRow]:
    """Return persons by uuid, with all their distinct ids."""
    found = _by_person_id.run(connection, [(project_id, id) for id in person_ids])
    return {row.person_id: row for row in found.values()}


def by_distinct_ids(
    connection: Connection, project_id: int, names: Iterable[str]
) -> dict[str, PersonRow]:
    """Return persons by those of their distinct ids that are asked for, with all of them."""
    kept = {name: (project_id, clean(name)) for name in names}
    found = _by_distinct_id.run(connection, list(kept.values()))
    return {name: found[key] for name, key in kept.items() if key in found}


def list_page(connection: Connection, project_id: int, query: PersonsQuery) -> list[PersonRow]:
    """Return a page of persons, newest first, each with at most MAX_LISTED_IDS distinct ids."""
    few = _few(connection, project_id, query)
    if few is not None:
        page = sorted(few, key=_place, reverse=True)[query.offset : query.offset + query.limit]
        return [row._replace(distinct_ids=row.distinct_ids[:MAX_LISTED_IDS]) for row in page]
    where = _where(connection, project_id, query)
    if not query.conditions():
        return _page(connection, where, query)
    last = min(query.offset + query.limit, maxsize)
    newest_first = _numbered(where).order_by(*_NEWEST_FIRST)
    with closing(_matching(connection, newest_first, query)) as numbers:
        chosen = [(project_id, number) for number in islice(numbers, query.offset, last)]
    found = _listed_by_number.run(connection, chosen)
    return [found[each] for each in chosen]


def count(connection: Connection, project_id: int, query: PersonsQuery) -> int:
    """Return how many persons all pages of a list have together."""
    query = replace(query, after=None)
    few = _few(connection, project_id, query)
    if few is not None:
        return len(few)
    where = _where(connection, project_id, query)
    if query.conditions():
        return sum(1 for _ in _matching(connection, _numbered(where), query))
    return connection.execute(select(func.count()).select_from(persons).where(*where)).scalar_one()


def _few(connection: Connection, project_id: int, query: PersonsQuery) -> list[PersonRow] | None:
    """Return all persons listed, if what is asked for leads to few at once; else None."""
    if query.owned is not None:
        owner = by_distinct_ids(connection, project_id, [query.owned])
        return list(filter(query.matcher(), owner.values()))
    ids = few_people.ids(connection, project_id, query)
    if ids is None:
        return None
    return list(filter(query.matcher(), by_person_ids(connection, project_id, ids).values()))


def _place(row: PersonRow) -> tuple[datetime, UUID]:
    return row.created_at, row.person_id


def _where(
    connection: Connection, project_id: int, query: PersonsQuery
) -> list[ColumnElement[bool]]:
    """Return what is true of all persons listed; of others only if there are conditions."""
    dialect = connection.dialect.name
    where = [persons.c.project_id == project_id]
    if query.after and query.after[0] <= query.until:
        # Alone, for of two bounds SQLite would take the wider one, and read all in front of it.
        where.append(_is_behind(*query.after))
    else:
        where.append(persons.c.created_at <= query.until)
    if query.searched:
        where.append(searches.is_found(dialect, project_id, query.searched))
    where += [persons.c.email == email for email in query.emails()]
    return where + candidates(dialect, persons.c.properties, query.conditions())


def _is_behind(created_at: datetime, person_id: UUID) -> ColumnElement[bool]:
    columns = persons.c.created_at, persons.c.person_id
    place = literal(created_at, columns[0].type), literal(person_id, columns[1].type)
    return tuple_(*columns) < tuple_(*place)


def _page(
    connection: Connection, where: Iterable[ColumnElement[bool]], query: PersonsQuery
) -> list[PersonRow]:
    # The index alone says who is on the page: of those in front of it, no more than that is read.
    places = (
        select(persons.c.project_id, persons.c.person_id)
        .where(*where)
        .order_by(*_NEWEST_FIRST)
        .limit(query.limit)
        .offset(query.offset)
        .subquery("places")
    )
    is_there = (persons.c.project_id == places.c.project_id) & (
        persons.c.person_id == places.c.person_id
    )
    page = (
        select(persons.c.project_id, *SNAPSHOT)
        .join_from(places, persons, is_there)
        .subquery("page")
    )
    ids = ids_of(connection.dialect.name, page, limit=MAX_LISTED_IDS)
    columns = (page.c[column.name] for column in SNAPSHOT)
    rows = select(*columns, ids).order_by(page.c.created_at.desc(), page.c.person_id.desc())
    return [person_row(row) for row in connection.execute(rows)]


def _numbered(where: Iterable[ColumnElement[bool]]) -> Select[Any]:
    return select(persons.c.number, persons.c.properties).where(*where)


def _matching(
    connection: Connection, candidates: Select[Any], query: PersonsQuery
) -> Generator[int]:
    """Yield the integer ids of those whose properties meet the conditions."""
    meets_conditions = text_matcher(query.conditions(), at=query.at)
    with connection.execute(candidates.execution_options(yield_per=READ_AT_ONCE)) as rows:
        for number, properties in rows:
            if meets_conditions(properties):
                yield number
