"""Changes of a view's tables, as values: what is to be written, before anybody writes it."""

from collections.abc import Collection
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection

from storage.statements import Delete, Insert, Row


class Put(NamedTuple):
    """These rows are to stand in a table."""

    insert: Insert
    rows: Collection[Row]

    def run(self, connection: Connection) -> None:
        """Write them."""
        self.insert.run(connection, self.rows)


class Drop(NamedTuple):
    """The rows of a project that have one of these values in a column are to go."""

    delete: Delete
    project_id: int
    values: Collection[Any]

    def run(self, connection: Connection) -> None:
        """Delete them."""
        self.delete.run(connection, self.project_id, self.values)


Change: TypeAlias = Put | Drop
