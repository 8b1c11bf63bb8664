"""Searching all of a database for what should not be there any more: values of erased persons.

Every table and every column that holds text is read, once for many persons.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import JSON, Row, String, TableClause, column, inspect, select, table
from sqlalchemy.exc import ProgrammingError

from storage.engine import Database
from storage.erasure_receipts import Sweep, SweptColumn
from storage.sought import Sought, Wanted

SHORTEST_COLUMN = 33  # characters: what is a uuid or a time on SQLite has fewer
AT_ONCE = 1_000  # rows that are fetched at once

_PROJECT, _PERSON = "project_id", "person_id"
_SYSTEM = re.compile(r"pg_|information_schema$")

GoOn = Callable[[int], None]
"""Called now and then with the number of rows searched so far; it may raise, to give up."""

Place = tuple[str, str]
"""A table and a column of it."""


class _Texts(NamedTuple):
    """A table, and the columns of it that hold texts; these come first in its rows.

    Behind them come the project and the person that a row is about, as far as it says so.
    """

    table: TableClause
    columns: list[str]
    whose: list[str]


class _Tally:
    """What was found of one person so far."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._persons = {each.hex for each in wanted.persons}
        self._found: Counter[Place] = Counter()
        self._others: Counter[Place] = Counter()

    def count(self, place: Place, whose: dict[str, Any]) -> None:
        """Count a row that has a value in it; `whose` says what the row says of that."""
        (self._found if self._is_own(whose) else self._others)[place] += 1

    def result(self, places: Sequence[Place], rows: int) -> Sweep:
        """Return what was found in these places."""
        columns = [
            SweptColumn(
                table=place[0],
                column=place[1],
                found=self._found[place],
                others=self._others[place],
            )
            for place in places
        ]
        wanted = self._wanted
        return Sweep(
            values=len(wanted.values()), left_out=wanted.left_out, rows=rows, columns=columns
        )

    def _is_own(self, whose: dict[str, Any]) -> bool:
        if whose.get(_PROJECT, self._wanted.project_id) != self._wanted.project_id:
            return False
        person_id = whose.get(_PERSON)
        digits = person_id.hex if isinstance(person_id, UUID) else person_id
        return digits is None or digits in self._persons


def sweep(database: Database, wanted: Sequence[Wanted], go_on: GoOn) -> list[Sweep]:
    """Return what was found of each person."""
    sought = Sought(wanted)
    tallies = [_Tally(each) for each in wanted]
    tables = _tables(database)
    rows = 0
    for texts in tables:
        width = len(texts.columns)
        for row in _rows(database, texts.table):
            rows += 1
            if rows % AT_ONCE == 0:
                go_on(rows)
            if sought.is_in(row[:width]):
                _look(sought, tallies, texts, row)
    places = [(each.table.fullname, name) for each in tables for name in each.columns]
    return [tally.result(places, rows) for tally in tallies]


def _look(sought: Sought, tallies: Sequence[_Tally], texts: _Texts, row: Row[Any]) -> None:
    """Count whose values are in which columns of a row."""
    whose = dict(zip(texts.whose, row[len(texts.columns) :], strict=True))
    for name, cell in zip(texts.columns, row, strict=False):
        if cell is not None:
            for number in sought.whose(str(cell)):
                tallies[number].count((texts.table.fullname, name), whose)


def _tables(database: Database) -> list[_Texts]:
    """Return all tables that have a column of texts."""
    with database.reading() as connection:
        found = inspect(connection)
        others = {each for each in found.get_schema_names() if not _SYSTEM.match(each)}
        schemas = [None, *sorted(others - {found.default_schema_name})]
        named = [(each, name) for each in schemas for name in sorted(found.get_table_names(each))]
        tables = [_texts(name, schema, found.get_columns(name, schema)) for schema, name in named]
    return [each for each in tables if each.columns]


def _texts(name: str, schema: str | None, columns: Sequence[Any]) -> _Texts:
    types = {each["name"]: each["type"] for each in columns}
    whose = [each for each in (_PROJECT, _PERSON) if each in types]
    texts = [each for each, type_ in types.items() if each not in whose and _is_text(type_)]
    chosen = (column(each, types[each]) for each in (*texts, *whose))
    return _Texts(table(name, *chosen, schema=schema), texts, whose)


def _is_text(type_: Any) -> bool:
    if isinstance(type_, String):
        return type_.length is None or type_.length >= SHORTEST_COLUMN
    return isinstance(type_, JSON)


def _rows(database: Database, found: TableClause) -> Iterator[Row[Any]]:
    """Yield the rows of a table; none if it is gone, as a table that was for the time being."""
    query = select(found).execution_options(yield_per=AT_ONCE)
    try:
        with database.reading() as connection:
            yield from connection.execute(query)
    except ProgrammingError:
        with database.reading() as connection:
            if inspect(connection).has_table(found.name, found.schema):
                raise
