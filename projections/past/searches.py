"""Who may be found as of a position: by a distinct id, by a search, by what a property was."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    Table,
    Text,
    cast,
    exists,
    func,
    select,
    type_coerce,
    union_all,
)

from domain.values import JSON, encode
from projections.births import births
from projections.filter_sql import contains
from projections.filters import Filter
from projections.past.tables import KEY_SIZE, past_distinct_ids, past_properties, past_texts
from projections.persons_query import PersonsQuery
from projections.texts import text, written

UUID_LETTERS = frozenset("0123456789abcdef-")
UUID_PARTS = 8, 4, 4, 4, 12  # digits, between hyphens
MAX_FEW = 1_000  # persons who are named one by one in the query that reads them

People = Sequence[UUID] | Select[Any]


def is_last(
    table: Table, position: int, *same: ColumnElement[Any], rows: FromClause | None = None
) -> Iterable[ColumnElement[bool]]:
    """Return that a row is the last, up to a position, of those with the same columns.

    It is a row of the table itself, or one of the `rows` that were taken from it.
    """
    later = table.alias()
    rows = table if rows is None else rows
    yield rows.c.position <= position
    yield ~exists().where(
        later.c.project_id == rows.c.project_id,
        *(later.c[column.name] == rows.c[column.name] for column in same),
        later.c.position > rows.c.position,
        later.c.position <= position,
    )


def owner(project_id: int, distinct_id: str, position: int) -> ScalarSelect[Any]:
    """Return whose a distinct id was, should that person have lived."""
    owned = past_distinct_ids.c
    return (
        select(owned.person_id)
        .where(
            owned.project_id == project_id,
            owned.distinct_id == distinct_id,
            owned.position <= position,
        )
        .order_by(owned.position.desc())
        .limit(1)
        .scalar_subquery()
    )


def candidates(
    connection: Connection, project_id: int, query: PersonsQuery, position: int
) -> Iterator[People]:
    """Yield persons among whom all are that the list has: the few themselves, or what finds them.

    All who are found by a search are those; who has had a value is only perhaps one of them.
    """
    if query.searched:
        found = _found(connection.dialect.name, project_id, query.searched, position)
        few = _few(connection, found)
        yield found if few is None else few
    for condition in query.conditions():
        values = _exact_values(condition) if isinstance(condition, Filter) else []
        if isinstance(condition, Filter) and values:
            few = _few(connection, _with_value(project_id, condition.key, values))
            if few is not None:
                yield few


def _few(connection: Connection, people: Select[Any]) -> Sequence[UUID] | None:
    some = connection.execute(people.limit(MAX_FEW)).scalars().all()
    return some if len(some) < MAX_FEW else None


def _found(dialect: str, project_id: int, wanted: str, position: int) -> Select[Any]:
    """Return those in whom a folded text was: in uuid, e-mail, name or a distinct id."""
    texts, ids = past_texts.c, past_distinct_ids.c
    line = func.coalesce(ids.folded, ids.distinct_id)
    places = [
        select(texts.person_id).where(
            texts.project_id == project_id,
            contains(dialect, texts.text, wanted),
            *is_last(past_texts, position, texts.person_id, texts.key),
        ),
        select(ids.person_id).where(
            ids.project_id == project_id,
            contains(dialect, line, wanted),
            *is_last(past_distinct_ids, position, ids.distinct_id),
        ),
    ]
    if UUID_LETTERS.issuperset(wanted):
        is_in_uuid = contains(dialect, _uuid_text(dialect), wanted)
        in_project = births.c.project_id == project_id
        places.append(select(births.c.person_id).where(in_project, is_in_uuid))
    found = union_all(*places).subquery("found")
    return select(found.c.person_id)


def _uuid_text(dialect: str) -> ColumnElement[str]:
    """Return the uuid of a row of births as it is written; SQLite keeps it without hyphens."""
    if dialect != "sqlite":
        return cast(births.c.person_id, Text)
    digits = type_coerce(births.c.person_id, Text)
    starts = accumulate(UUID_PARTS, initial=1)
    first, *rest = (func.substr(digits, *part) for part in zip(starts, UUID_PARTS, strict=False))
    return reduce(lambda text, part: text + "-" + part, rest, first)


def _exact_values(condition: Filter) -> list[str]:
    """Return all JSON texts of the values that a filter accepts; none if they are not so few."""
    wanted = condition.value if isinstance(condition.value, list) else [condition.value]
    if condition.operator not in {"exact", "in"} or len(wanted) > MAX_FEW:
        return []
    values: list[str] = []
    for each in map(text, wanted):
        other: JSON = written(each)
        if isinstance(other, dict | list):
            return []  # it may be written in another order
        values += [encode(each).decode()] if other is None else [encode(each).decode(), each]
    return values


def _with_value(project_id: int, key: str, values: Sequence[str]) -> Select[Any]:
    """Return those who ever had one of these values under a key."""
    past = past_properties.c
    return select(past.person_id).where(
        past.project_id == project_id,
        past.key == key[:KEY_SIZE],
        past.key_rest == key[KEY_SIZE:],
        past.value.in_(values),
    )
