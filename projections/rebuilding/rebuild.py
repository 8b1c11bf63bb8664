"""Building projections anew from the log, beside the live ones, while the service goes on."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import func, select

from projections.projection import Projection
from projections.rebuilding.building import Progress, build
from projections.rebuilding.shapes import stale
from projections.rebuilding.side import SCHEMA
from projections.views import PROJECTIONS
from storage.alone import alone
from storage.engine import Database
from storage.errors import StoreInUseError
from storage.turns import Turns, hold

REBUILD_LOCK = 7_736_220  # another of PostgreSQL's advisory locks: see `storage.migrate`


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


def rebuild(
    database: Database,
    projections: Sequence[Projection] = PROJECTIONS,
    *,
    progress: Progress = lambda done, total: None,
) -> int:
    """Build projections anew and swap them in; return how many events they were built from.

    Where a rebuild of the same projections was broken off, this one goes on.
    """
    with _alone(database):
        return _build(database, projections, progress)


def discard_unfinished(database: Database) -> None:
    """Delete what a rebuild that was broken off has left behind; one that is at work is let be."""
    if database.is_sqlite:
        with suppress(StoreInUseError), hold(_lock_file(database), str(database.beside)):
            _remove_file(database)
        return
    with alone(database, REBUILD_LOCK) as is_alone:
        if is_alone:
            with database.writing() as connection:
                connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Wait to be the only one that builds: the side tables are there but once."""
    if database.is_sqlite:
        with closing(Turns(_lock_file(database))) as turns, turns.take():
            yield
        return
    with database.writing() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(REBUILD_LOCK)))
        yield


def _lock_file(database: Database) -> Path:
    return Path(f"{database.beside}-lock")


def _build(database: Database, projections: Sequence[Projection], progress: Progress) -> int:
    count = build(database, projections, progress)
    if database.is_sqlite:
        _remove_file(database)
    return count


def _remove_file(database: Database) -> None:
    for rest in ("", "-wal", "-shm"):
        Path(f"{database.beside}{rest}").unlink(missing_ok=True)
