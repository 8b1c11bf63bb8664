"""What a projection is: the tables of a view, and the one function that fills them."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection, MetaData, Table

from storage.appended import Appended

metadata = MetaData()
"""The tables of all projections: nothing in them that a rebuild could not bring back."""


class Projection(NamedTuple):
    """A view. `project` brings its tables up to what was appended, from that alone.

    `version` counts the view's shapes: where the database has another, it is built anew.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    project: Callable[[Connection, Appended], None]
