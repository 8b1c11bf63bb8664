"""Whether the rows of the live views are those of the views made anew."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, MetaData, Table, func, select, type_coerce
from sqlalchemy.types import NullType

from projections.findings import Finding
from projections.side import SideTables

Key = tuple[Any, ...]


class RowCheck:
    """Compares tables of the live views with the scratch ones, row by row."""

    def __init__(
        self, connection: Connection, side: SideTables, *, broken: Collection[int], only: int | None
    ) -> None:
        """Compare all rows but those of `broken` projects; with `only`, those of one project."""
        self._connection = connection
        self._live = side.live()
        self._made = side.side
        self._broken = broken
        self._only = only
        if connection.dialect.name == "sqlite":
            # What is no UTF-8 is told as well as it goes.
            driver: Any = connection.connection.dbapi_connection
            driver.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")

    def count(self, table: Table) -> int:
        """Return how many rows the live table has."""
        live = _in(self._live, table)
        query = select(func.count()).select_from(live).where(*self._chosen(live))
        return self._connection.execute(query).scalar_one()

    def differences(self, table: Table) -> Iterator[Finding]:
        """Yield each row that is not in both, or has another value in some column."""
        names = [column.name for column in table.primary_key]
        found = self._only_in(self._live, self._made, table, names)
        wanted = self._only_in(self._made, self._live, table, names)
        for key in sorted(found.keys() | wanted.keys(), key=str):
            row = found.get(key) or wanted[key]
            if row["project_id"] in self._broken:
                continue
            named = ", ".join(f"{name} {value}" for name, value in zip(names, key, strict=True))
            detail = f"{table.name}: row {named} {_difference(found.get(key), wanted.get(key))}"
            yield Finding(row["project_id"], detail, row.get("position"), _person_id(row))

    def _only_in(
        self, schema: str, other: str, table: Table, key: list[str]
    ) -> dict[Key, dict[str, Any]]:
        one, two = (self._rows(_in(each, table)) for each in (schema, other))
        rows = [dict(row._mapping) for row in self._connection.execute(one.except_(two))]
        return {tuple(row[name] for name in key): row for row in rows}

    def _rows(self, table: Table) -> Any:
        # As the driver gives them: what was changed may be of no type at all.
        columns = (type_coerce(column, NullType()).label(column.name) for column in table.c)
        return select(*columns).where(*self._chosen(table))

    def _chosen(self, table: Table) -> list[ColumnElement[bool]]:
        return [] if self._only is None else [table.c.project_id == self._only]


def _difference(found: dict[str, Any] | None, wanted: dict[str, Any] | None) -> str:
    if wanted is None:
        return "is there and should not be"
    if found is None:
        return "is missing"
    columns = [name for name, value in found.items() if value != wanted[name]]
    return f"differs in {', '.join(columns)}"


def _person_id(row: dict[str, Any]) -> UUID | None:
    with suppress(ValueError):
        return UUID(str(row.get("person_id")))
    return None


def _in(schema: str, table: Table) -> Table:
    return table.to_metadata(MetaData(), schema=schema)
