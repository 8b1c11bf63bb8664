"""Queries that are compiled once, straight on the driver, and the values that they join with."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    Connection,
    Dialect,
    FromClause,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from storage.columns import Packer, encode_hex
from storage.statements import Row


class Query:
    """A query that is compiled once for each kind of database.

    It takes values and gives rows as the driver does, without SQLAlchemy's types between; only
    lists become what the database can join with: on SQLite JSON, on PostgreSQL arrays.
    """

    def __init__(self, build: Callable[[str], ClauseElement]) -> None:
        """Compile what `build` makes for `sqlite` or `postgresql`, when it is first needed."""
        self._build = build
        self._compiled: dict[str, SQLCompiler] = {}
        self._packers: dict[str, Packer] = {}

    def run(self, connection: Connection, parameters: dict[str, Any]) -> Sequence[Any]:
        """Return all rows, read in the connection's transaction."""
        name = connection.dialect.name
        compiled = self._compiled.get(name) or self._compile(connection.dialect)
        values = compiled.params | parameters
        if name == "sqlite":
            placed = tuple(_plain(values[place]) for place in compiled.positiontup or ())
            return connection.exec_driver_sql(compiled.string, placed).all()
        for place, packer in self._packers.items():
            values[place] = packer.pack(values[place])
        return connection.exec_driver_sql(compiled.string, values).all()

    def _compile(self, dialect: Dialect) -> SQLCompiler:
        compiled = self._build(dialect.name).compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        for name, bound in compiled.binds.items():
            if isinstance(bound.type, ARRAY):
                self._packers[name] = Packer(bound.type.item_type)
        self._compiled[dialect.name] = compiled
        return compiled


def _plain(value: Any) -> Any:
    return encode_hex(value).decode() if isinstance(value, list) else value


def among(dialect: str, name: str, type_: type[TypeEngine[Any]]) -> Any:
    """Return a column of the many values of one parameter: to join with, in a Query.

    An outer join keeps the database to the order that is right: the few values first, then a row
    by its key for each.
    """
    value, _ = placed(dialect, name, type_)
    return value


def placed(dialect: str, name: str, type_: type[TypeEngine[Any]]) -> tuple[Any, Any]:
    """Return what `among` does, and the column of the places that the values have, from 0."""
    if dialect == "sqlite":
        each = func.json_each(bindparam(name, type_=Text))
        values = each.table_valued("value", "key", name=name)
        return values.c.value, values.c.key
    unnested = func.unnest(bindparam(name, type_=ARRAY(type_)))
    values = unnested.table_valued("value", with_ordinality="place", name=name).render_derived()
    return values.c.value, values.c.place - 1


class GivenRows:
    """A table of these columns: JSON on SQLite, on PostgreSQL an array a column.

    It also has the column `place`: that of the row among those given, from 1. An outer join with
    it keeps the database to the order that is right: the few rows first, then others by their keys.
    """

    def __init__(self, name: str, **types: TypeEngine[Any]) -> None:
        """Call the table by this name, which no parameter of the query may have."""
        self._name = name
        self._types = types

    def table(self, dialect: str) -> FromClause:
        """Return the table, for `sqlite` or `postgresql`."""
        if dialect == "sqlite":
            each = func.json_each(bindparam(self._name, type_=Text)).table_valued("key", "value")
            columns = [
                func.json_extract(each.c.value, f"$[{place}]", type_=type_).label(name)
                for place, (name, type_) in enumerate(self._types.items())
            ]
            return select(*columns, (each.c.key + 1).label("place")).subquery(self._name)
        arrays = [
            bindparam(parameter, type_=ARRAY(type_))
            for parameter, type_ in zip(self._parameters, self._types.values(), strict=True)
        ]
        return (
            func.unnest(*arrays)
            .table_valued(*self._types, with_ordinality="place", name=self._name)
            .render_derived()
        )

    def parameters(self, dialect: str, rows: Iterable[Row]) -> dict[str, Any]:
        """Return the parameters that give these rows."""
        given = list(rows)
        if dialect == "sqlite":
            return {self._name: encode_hex(given).decode()}
        return {
            parameter: [row[place] for row in given]
            for place, parameter in enumerate(self._parameters)
        }

    @property
    def _parameters(self) -> list[str]:
        return [f"{self._name}_{column}" for column in self._types]
