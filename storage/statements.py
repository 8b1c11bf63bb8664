"""Statements that write many rows at once, straight on the driver; `queries` has those that read.

Rows are written as arrays on PostgreSQL: in its binary format these were measured 2 to 3 times as
fast as rows of VALUES. On SQLite they are written by `executemany`, several at a time: half of what
a row takes there is to begin a statement and to end it.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Literal

from sqlalchemy import Column, Connection, Table
from sqlalchemy.types import TypeEngine

from storage.columns import Array, Packer, for_sqlite, type_name

Row = tuple[Any, ...]
Packed = list[Row] | tuple[Array, ...]
"""Rows as a driver takes them: one by one on SQLite, column by column on PostgreSQL."""

OnConflict = Literal["fail", "ignore", "replace"]

GROUPS = (50, 10, 1)
"""How many rows a statement writes on SQLite: as many as possible of the first, and so on."""


class Insert:
    """Inserts rows that have a value for every column of a table, in its order.

    `on_conflict` says what becomes of a row whose primary key is there already; where that is to
    "replace" it, it keeps its values of the columns in `keeps`.
    """

    def __init__(
        self,
        table: Table,
        *,
        on_conflict: OnConflict = "fail",
        keeps: Collection[Column[Any]] = (),
    ) -> None:
        self.table = table
        self._on_conflict = on_conflict
        self._keeps = {column.name for column in (*table.primary_key, *keeps)}

    def run(self, connection: Connection, rows: Collection[Row]) -> None:
        """Insert the rows."""
        if rows:
            self.write(connection, self.pack(connection.dialect.name, rows))

    def pack(self, dialect: str, rows: Collection[Row]) -> Packed:
        """Return rows as the driver takes them; there must be some."""
        columns = zip(*rows, strict=True)
        if dialect == "sqlite":
            return list(zip(*map(for_sqlite, self._types, columns), strict=True))
        return tuple(map(Packer.pack, self._packers, columns))

    def write(self, connection: Connection, packed: Packed) -> None:
        """Insert packed rows: with one statement on PostgreSQL, on SQLite with a few."""
        if isinstance(packed, tuple):
            connection.exec_driver_sql(self._for_postgresql, packed)
            return
        for size, groups in _grouped(packed):
            connection.exec_driver_sql(self._for_sqlite[size], groups)

    @cached_property
    def _types(self) -> list[TypeEngine[Any]]:
        return [column.type for column in self.table.columns]

    @cached_property
    def _packers(self) -> list[Packer]:
        columns = self.table.columns
        return [Packer(column.type, nullable=bool(column.nullable)) for column in columns]

    @cached_property
    def _for_sqlite(self) -> dict[int, str]:
        # Who fails gives up the transaction: SQLite need not be able to undo half of a statement,
        # for which it would copy every page.
        marks = f"({', '.join('?' for _ in self._types)})"
        return {
            size: f"INSERT OR FAIL {self._into} VALUES {', '.join([marks] * size)} {self._conflict}"
            for size in GROUPS
        }

    @cached_property
    def _for_postgresql(self) -> str:
        arrays = ", ".join(f"%s::{type_name(each)}[]" for each in self._types)
        return f"INSERT {self._into} SELECT * FROM unnest({arrays}) {self._conflict}"

    @property
    def _into(self) -> str:
        names = ", ".join(column.name for column in self.table.columns)
        return f"INTO {self.table.name} ({names})"

    @property
    def _conflict(self) -> str:
        key = ", ".join(column.name for column in self.table.primary_key)
        match self._on_conflict:
            case "fail":
                return ""
            case "ignore":
                return f"ON CONFLICT ({key}) DO NOTHING"
            case "replace":
                names = [c.name for c in self.table.columns if c.name not in self._keeps]
                updates = ", ".join(f"{name} = excluded.{name}" for name in names)
                return f"ON CONFLICT ({key}) DO UPDATE SET {updates}"


def _grouped(rows: Sequence[Row]) -> Iterator[tuple[int, list[Row]]]:
    """Yield sizes of groups, each with the groups of that size, all values one behind the other."""
    begin = 0
    for size in GROUPS:
        end = len(rows) - (len(rows) - begin) % size
        places = range(begin, end, size)
        if places:
            yield size, [tuple(chain(*rows[place : place + size])) for place in places]
        begin = end


class Delete:
    """Deletes the rows of one project that have one of many values in a column."""

    def __init__(self, column: Column[Any]) -> None:
        self.column = column

    def run(self, connection: Connection, project_id: int, values: Collection[Any]) -> None:
        """Delete with one statement."""
        if not values:
            return
        table, name, type_ = self.column.table.name, self.column.name, self.column.type
        if connection.dialect.name == "sqlite":
            rows = [(project_id, value) for value in for_sqlite(type_, list(values))]
            connection.exec_driver_sql(
                f"DELETE FROM {table} WHERE project_id = ? AND {name} = ?", rows
            )
        else:
            connection.exec_driver_sql(
                f"DELETE FROM {table} USING unnest(%s::{type_name(type_)}[]) AS gone (value) "
                f"WHERE {table}.project_id = %s AND {table}.{name} = gone.value",
                (Packer(type_).pack(list(values)), project_id),
            )
