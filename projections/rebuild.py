"""Building projections anew from the log, beside the live ones, while the service goes on.

The events are folded into side tables of the same names, in a place that the rebuild's own
connection looks into first. At the end, under the locks of all logs, the last events are caught up
with and the tables are swapped: writers wait for that moment only, readers never.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, inspect, select, text

from domain.events import PlacedEvent
from domain.person import Person, fold
from projections import persons
from projections.loading import snapshots
from projections.projection import Projection, metadata
from projections.views import PROJECTIONS
from storage import log
from storage.engine import Database
from storage.mapper import decode_event
from storage.schema import logs
from storage.statements import Insert
from storage.writer import Appended

CHUNK = 2_000  # events that are folded and written at once

views = Table(
    "views", metadata, Column("name", Text, primary_key=True), Column("version", Integer)
)
"""Which shape of each projection the database has."""

_insert_views = Insert(views, on_conflict="replace")

Progress = Callable[[int, int], None]
"""Called with the number of events done and of those to do in all."""


def ensure(database: Database) -> None:
    """Build those projections that are missing or have an older shape; most starts find none."""
    with database.reading() as connection:
        known: dict[str, int] = {}
        if inspect(connection).has_table(views.name):
            known = {row.name: row.version for row in connection.execute(select(views))}
    stale = [each for each in PROJECTIONS if known.get(each.name) != each.version]
    if stale:
        rebuild(database, stale)


def rebuild(
    database: Database,
    projections: Sequence[Projection] = PROJECTIONS,
    *,
    progress: Progress = lambda done, total: None,
) -> int:
    """Build projections anew and swap them in; return how many events they were built from."""
    with database.aside() as connection:
        side = _Side(connection, projections)
        with connection.begin():
            side.create()
        done: dict[int, int] = {}
        while _fold_chunk(side, done, progress):
            pass
        with database.turn(), connection.begin():
            side.stop_writers()
            while _fold_chunk(side, done, progress):
                pass
            side.swap()
    return sum(done.values())


class _Side:
    """The place where side tables stand: a schema on PostgreSQL, temporary tables on SQLite."""

    def __init__(self, connection: Connection, projections: Sequence[Projection]) -> None:
        self.connection = connection
        self.projections = projections
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._name = "temp" if self._is_sqlite else "rebuild"
        self._live = "main"
        # Folding needs the persons so far, whatever is built.
        self._folded = {persons.PROJECTION.name: persons.PROJECTION} | {
            each.name: each for each in projections
        }
