"""Reading current persons: one or some of them by any of their names, and lists of all."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from sys import maxsize
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_

from domain.values import clean
from projections import filter_sql, filters, searches
from projections.filters import Condition, Filter
from projections.person_rows import Lookup, PersonRow, ids_of, person_row
from projections.persons import MAX_INDEXED, SNAPSHOT, distinct_ids, persons
from projections.texts import written

__all__ = [
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
MAX_AHEAD = timedelta(days=1)  # who was created later than that from now is not listed
READ_AT_ONCE = 1_000  # rows

_NEWEST_FIRST = persons.c.created_at.desc(), persons.c.person_id.desc()

_by_number = Lookup(persons.c.number)
_by_person_id = Lookup(persons.c.person_id)
_by_distinct_id = Lookup(distinct_ids.c.distinct_id)


class PersonsQuery(Struct, frozen=True, kw_only=True):
    """Which persons to list: those to which all that is given applies, newest first.

    `at` is now. `search`: a part, in any case, of uuid, e-mail, name or a distinct id; `email` and
    `distinct_id`: exactly. `after`: when the person was created that the list goes on behind, and
    its uuid.
    """

    at: datetime
    search: str | None = None
    email: str | None = None
    distinct_id: str | None = None
    filters: list[Condition] = []
    limit: int = 100
    offset: int = 0
    after: tuple[datetime, UUID] | None = None

    def conditions(self) -> list[Condition]:
        """Return all that properties have to be: the filters, and the e-mail if one is given."""
        if self.email is None:
            return self.filters
        return [*self.filters, Filter(key="email", value=clean(self.email))]


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
    page = select(persons.c.project_id, *SNAPSHOT).order_by(*_NEWEST_FIRST)
    where = _where(connection, project_id, query)
    if query.after:
        where.append(_is_behind(*query.after))
    if conditions := query.conditions():
        last = min(query.offset + query.limit, maxsize)
        with closing(_matching(connection, where, conditions, query.at)) as numbers:
            chosen = list(islice(numbers, query.offset, last))
        page = page.where(persons.c.project_id == project_id, persons.c.number.in_(chosen))
    else:
        page = page.where(*where).limit(query.limit).offset(query.offset)
    return [person_row(row) for row in connection.execute(_with_ids(connection, page))]


def count(connection: Connection, project_id: int, query: PersonsQuery) -> int:
    """Return how many persons all pages of a list have together."""
    where = _where(connection, project_id, query)
    if conditions := query.conditions():
        return sum(1 for _ in _matching(connection, where, conditions, query.at))
    return connection.execute(select(func.count()).select_from(persons).where(*where)).scalar_one()


def _where(
    connection: Connection, project_id: int, query: PersonsQuery
) -> list[ColumnElement[bool]]:
    """Return what is true of all persons that the list has, and of others only for its filters."""
    where = [persons.c.project_id == project_id, persons.c.created_at <= query.at + MAX_AHEAD]
    if query.distinct_id is not None:
        owner = select(distinct_ids.c.person_id).where(
            distinct_ids.c.project_id == project_id,
            distinct_ids.c.distinct_id == clean(query.distinct_id),
        )
        where.append(persons.c.person_id == owner.scalar_subquery())
    if query.search and (wanted := clean(query.search).strip()):
        where.append(searches.found_by(connection, project_id, wanted))
    conditions = query.conditions()
    where += [persons.c.email == email[:MAX_INDEXED] for email in _emails(conditions)]
    return where + filter_sql.candidates(connection.dialect.name, persons.c.properties, conditions)


def _emails(conditions: Iterable[Condition]) -> Iterator[str]:
    """Yield the texts that the e-mail has to be. What can be written otherwise has no index."""
    for each in conditions:
        match each:
            case Filter(key="email", operator="exact", value=str() as email):
                if written(email) is None:
                    yield email


def _matching(
    connection: Connection,
    where: Iterable[ColumnElement[bool]],
    conditions: Sequence[Condition],
    at: datetime,
) -> Generator[int]:
    """Yield the integer ids of the persons that meet the conditions, newest first."""
    extract = filter_sql.extract(
        connection.dialect.name, persons.c.properties, filters.keys(conditions)
    )
    matches = filters.matcher(conditions, at=at)
    query = (
        select(persons.c.number, *extract.columns)
        .where(*where)
        .order_by(*_NEWEST_FIRST)
        .execution_options(yield_per=READ_AT_ONCE)
    )
    with connection.execute(query) as rows:
        for number, *cells in rows:
            if matches(extract.read(cells)):
                yield number


def _is_behind(created_at: datetime, person_id: UUID) -> ColumnElement[bool]:
    columns = persons.c.created_at, persons.c.person_id
    place = literal(created_at, columns[0].type), literal(person_id, columns[1].type)
    return tuple_(*columns) < tuple_(*place)


def _with_ids(connection: Connection, query: Select[Any]) -> Select[Any]:
    # The page is taken first, so that distinct ids are read for its persons alone.
    page = query.subquery("page")
    ids = ids_of(connection.dialect.name, page, limit=MAX_LISTED_IDS)
    columns = (page.c[column.name] for column in SNAPSHOT)
    newest_first = page.c.created_at.desc(), page.c.person_id.desc()
    return select(*columns, ids).order_by(*newest_first)
