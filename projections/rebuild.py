"""Building projections anew from the log, beside the live ones, while the service goes on.

The events are folded into side tables. At the end, while nobody can append, the last events are
caught up with and the tables are swapped: all others wait for that moment only.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Integer, Table, Text, inspect, select, text

from projections.folding import Folding
from projections.projection import Projection, metadata
from projections.side import SideTables
from projections.views import PROJECTIONS
from storage.engine import Database
from storage.statements import Insert

REBUILD_LOCK = 7_736_220  # another of PostgreSQL's advisory locks: see `storage.migrate`
PAUSE = 1.0  # seconds until we ask again for a moment alone

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
    if _missing(database):
        with _alone(database):
            # Whoever was alone before us may have built them.
            if missing := _missing(database):
                _build(database, missing, lambda done, total: None)


def _missing(database: Database) -> list[Projection]:
    with database.reading() as connection:
        return stale(connection)


def is_current(connection: Connection) -> bool:
    """Tell whether the database has all projections in their newest shape."""
    return not stale(connection)


def stale(connection: Connection) -> list[Projection]:
    """Return the projections that the database lacks, or has in an older shape."""
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
    with _alone(database):
        return _build(database, projections, progress)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Be the only one that builds: PostgreSQL has the side tables' schema but once."""
    if database.is_sqlite:
        yield
        return
    with database.writing() as connection:
        lock = {"lock": REBUILD_LOCK}
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), lock)
        yield


def _build(database: Database, projections: Sequence[Projection], progress: Progress) -> int:
    with database.aside() as connection:
        folding = Folding(connection, projections)
        side = SideTables(connection, folding.projections)
        with connection.begin():
            side.create()
        is_swapped = False
        while not is_swapped:
            is_behind = True
            while is_behind:
                with connection.begin():
                    side.enter()
                    is_behind = folding.next_chunk()
                    progress(sum(folding.done.values()), sum(folding.heads.values()))
            with database.turn(), connection.begin():
                is_swapped = side.stop_others() and _swap(side, folding, projections)
            if not is_swapped:
                time.sleep(PAUSE)
    return sum(folding.done.values())


def _swap(side: SideTables, folding: Folding, projections: Sequence[Projection]) -> bool:
    side.enter()
    while folding.next_chunk():
        pass
    side.swap(projections)
    side.drop()
    views.create(side.connection, checkfirst=True)
    _insert_views.run(side.connection, [(each.name, each.version) for each in projections])
    return True
