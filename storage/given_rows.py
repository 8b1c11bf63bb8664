"""Rows that a query is given: a table of parameters, to join with."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, FromClause, Text, bindparam, func, select
from sqlalchemy.types import TypeEngine

from storage.columns import encode_hex
from storage.statements import Row


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
