"""The rows of current persons, and how many at once are looked up by a key of theirs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    func,
    select,
)

from projections.owners import distinct_ids
from projections.persons import SNAPSHOT, persons
from storage.queries import GivenRows, Query
from storage.values import as_time, as_uuid

Key = TypeVar("Key", bound=int | str | UUID)


class PersonRow(NamedTuple):
    """A living person as its view has it.

    `number` is the integer id. `properties` is a JSON text, as it was written. `distinct_ids` stand
    in the order of their attachment; where a query says so, not all of them are there.
    """

    person_id: UUID
    number: int
    version: int
    created_at: datetime
    last_seen_at: datetime
    is_identified: bool
    properties: str
    distinct_ids: list[str]


class Lookup:
    """Finds persons by a column whose values are unique in a project."""

    def __init__(self, column: Column[Any], *, max_ids: int | None = None) -> None:
        """Find by this column; each person comes with all distinct ids, or at most `max_ids`."""
        self._column = column
        self._max_ids = max_ids
        self._wanted = GivenRows("wanted", project_id=BigInteger(), key=column.type)
        self._query = Query(self._build)

    def run(
        self, connection: Connection, wanted: Sequence[tuple[int, Key]]
    ) -> dict[tuple[int, Key], PersonRow]:
        """Return the persons of projects by these keys, with one query."""
        if not wanted:
            return {}
        given = self._wanted.parameters(connection.dialect.name, wanted)
        rows = self._query.run(connection, given)
        return {wanted[row[0] - 1]: person_row(row[1:]) for row in rows if row[1] is not None}

    def _build(self, dialect: str) -> Select[Any]:
        wanted = self._wanted.table(dialect)
        is_in_project = self._column.table.c.project_id == wanted.c.project_id
        found = wanted.outerjoin(self._column.table, is_in_project & (self._column == wanted.c.key))
        if self._column.table is distinct_ids:
            is_theirs = (persons.c.project_id == distinct_ids.c.project_id) & (
                persons.c.person_id == distinct_ids.c.person_id
            )
            found = found.outerjoin(persons, is_theirs)
        ids = ids_of(dialect, persons, limit=self._max_ids)
        return select(wanted.c.place, *SNAPSHOT, ids).select_from(found)


def person_row(row: Sequence[Any]) -> PersonRow:
    """Return the person that a row says: the columns of SNAPSHOT, and its distinct ids."""
    person_id, number, version, created_at, last_seen_at, is_identified, properties, ids = row
    return PersonRow(
        as_uuid(person_id),
        number,
        version,
        as_time(created_at),
        as_time(last_seen_at),
        bool(is_identified),
        properties,
        msgspec.json.decode(ids) if isinstance(ids, str) else ids or [],
    )


def ids_of(dialect: str, person: FromClause, *, limit: int | None) -> ScalarSelect[Any]:
    """Return the distinct ids of a query's person, oldest first: JSON on SQLite, else an array."""
    inner = (
        select(distinct_ids.c.distinct_id)
        .where(
            distinct_ids.c.project_id == person.c.project_id,
            distinct_ids.c.person_id == person.c.person_id,
        )
        .order_by(distinct_ids.c.position, distinct_ids.c.rank)
        .limit(limit)
        .correlate(person)
        .subquery()
    )
    gather = func.json_group_array if dialect == "sqlite" else func.array_agg
    return select(gather(inner.c.distinct_id)).scalar_subquery()
