"""What a projection is: the tables of a view, and the one function that fills them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, MetaData, Table

from storage.appended import Appended
from storage.changes import Change

metadata = MetaData()
"""The tables of all projections: nothing in them that a rebuild could not bring back."""


class Projection(NamedTuple):
    """A view. `project` says what changes in its tables by what was appended, from that alone.

    `version` counts the view's shapes: where the database has another, it is built anew.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    project: Callable[[Appended], Iterator[Change]]

    def bring_up(self, connection: Connection, appended: Appended) -> None:
        """Bring the tables up to what was appended."""
        for change in self.project(appended):
            change.run(connection)
