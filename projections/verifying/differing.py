"""Where live rows and those made of events differ, told by table, row and column."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from projections.verifying.findings import Finding
from projections.verifying.share_check import Differing
from storage.raw_rows import RawRow

Key = tuple[Any, ...]


class Differences:
    """The rows of a table that are not the same in both: found live, and wanted by the events.

    A row whose person was changed is found in one share and wanted in another.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        names = [column.name for column in table.columns]
        self._key = [names.index(column.name) for column in table.primary_key]
        self._names = names
        self._found: dict[Key, RawRow] = {}
        self._wanted: dict[Key, RawRow] = {}

    def add(self, differing: Differing) -> None:
        """Take those of a share into account."""
        self._found |= {self._key_of(row): row for row in differing.live}
        self._wanted |= {self._key_of(row): row for row in differing.made}

    def _key_of(self, row: RawRow) -> Key:
        return tuple(row[place] for place in self._key)

    def findings(self) -> Iterator[Finding]:
        """Yield each row that is not in both, or has another value in some column."""
        for key in sorted(self._found.keys() | self._wanted.keys(), key=str):
            found, wanted = self._found.get(key), self._wanted.get(key)
            row = dict(zip(self._names, found or wanted or (), strict=True))
            named = ", ".join(
                f"{self._names[place]} {value}" for place, value in zip(self._key, key, strict=True)
            )
            detail = f"{self._table.name}: row {named} {self._difference(found, wanted)}"
            yield Finding(
                row["project_id"], detail, row.get("position"), person_id(row["person_id"])
            )

    def _difference(self, found: RawRow | None, wanted: RawRow | None) -> str:
        if wanted is None:
            return "is there and should not be"
        if found is None:
            return "is missing"
        both = zip(self._names, found, wanted, strict=True)
        return f"differs in {', '.join(name for name, one, other in both if one != other)}"


def person_id(id: Any) -> UUID | None:
    """Return the uuid that stands in a column; None for what is none."""
    with suppress(ValueError):
        return UUID(str(id))
    return None
