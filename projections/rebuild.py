"""Building projections anew from the log, beside the live ones, while the service goes on.

The events are folded into side tables. At the end, while nobody can append, the last events are
caught up with and the tables are swapped: writers wait for that moment only.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Column, Connection, Integer, Table, Text, inspect, select

from projections.folding import Folding
from projections.projection import Projection, metadata
from projections.side import SideTables
from projections.views import PROJECTIONS
from storage.engine import Database
from storage.statements import Insert

views = Table(
    "views",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)
"""Which shape of each projection the database has."""

_insert_views = Insert(views, on_conflict="replace")

Progress = Callable[[int, int], None]
"""Called with the number of events done, and of those to be done in all."""


def ensure(database: Database) -> None:
    """Build those projections that are missing or have an older shape; most starts find none."""
    with database.reading() as connection:
        missing = _stale(connection)
    if missing:
        rebuild(database, missing)


def is_current(connection: Connection) -> bool:
    """Tell whether the database has all projections in their newest shape."""
    return not _stale(connection)


def _stale(connection: Connection) -> list[Projection]:
    known: dict[str, int] = {}
    if inspect(connection).has_table(views.name):
        known = {row.name: row.version for row in connection.execute(select(views))}
    return [each for each in PROJECTIONS if known.get(each.name) != each.version]


def rebuild(
    database: Database,
    projections: Sequence[Projection] = PROJECTIONS,
    *,
    progress: Progress = lambda done, total: None,
) -> int:
    """Build projections anew and swap them in; return how many events they were built from."""
    with database.aside() as connection:
        folding = Folding(connection, projections)
        side = SideTables(connection, folding.projections)
        with connection.begin():
            side.create()
        is_behind = True
        while is_behind:
            with connection.begin():
                side.enter()
                is_behind = folding.next_chunk()
                progress(sum(folding.done.values()), sum(folding.heads.values()))
        with database.turn(), connection.begin():
            side.stop_writers()
            side.enter()
            while folding.next_chunk():
                pass
            side.swap(projections)
            side.drop()
            views.create(connection, checkfirst=True)
            _insert_views.run(connection, [(each.name, each.version) for each in projections])
    return sum(folding.done.values())
