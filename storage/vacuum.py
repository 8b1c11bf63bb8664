"""Letting no page keep what was deleted: on SQLite the file is written anew.

On PostgreSQL dead rows are taken out of the pages, and out of the planner's statistics. What a page
has between its rows may still say something of them, until it is written over; only a `full` vacuum
writes the tables anew, and nobody can use a table meanwhile. What the write-ahead log and backups
have stays in them until they are gone: that is not for us to change.
"""

import sqlite3
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, inspect

from storage.engine import Database
from storage.errors import StoreUnavailableError

STATISTICS = "pg_statistic"
PATIENCE = 5_000  # milliseconds for which those who want to write wait for those who read

Progress = Callable[[int, int], None]
"""Called with the number of tables done, and of those to be done in all."""


def vacuum(
    database: Database,
    *,
    is_full: bool = False,
    progress: Progress = lambda done, total: None,
) -> bool:
    """Clean all pages; tell whether none holds anything any more that was deleted.

    On PostgreSQL that takes a full vacuum. On SQLite the write-ahead log may hold some while
    somebody goes on reading from it; nobody else can write until it is done, but all can read.

    Raises:
        StoreUnavailableError: the SQLite file could not be written anew: no room, somebody writes.
    """
    if not database.is_sqlite:
        return _postgresql(database, is_full=is_full, progress=progress)
    progress(0, 1)
    try:
        is_clean = _sqlite(database)
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"the file could not be written anew: {error}") from error
    progress(1, 1)
    return is_clean


def _sqlite(database: Database) -> bool:
    with database.turn(), database.aside() as connection:
        file = connection.connection.dbapi_connection  # not in a transaction, as SQLAlchemy's are
        assert isinstance(file, sqlite3.Connection)
        file.execute("VACUUM")
        file.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        (is_busy, _, _) = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy


def _postgresql(database: Database, *, is_full: bool, progress: Progress) -> bool:
    with database.aside() as pooled:
        connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
        tables = _tables(connection)
        options = "FULL, ANALYZE" if is_full else "ANALYZE"
        for done, name in enumerate(tables):
            progress(done, len(tables))
            connection.exec_driver_sql(f'VACUUM ({options}) "{name}"')
        # The rows of statistics that were just replaced have to go as well.
        connection.exec_driver_sql(f"VACUUM {'(FULL) ' if is_full else ''}{STATISTICS}")
        progress(len(tables), len(tables))
    return is_full


def _tables(connection: Connection) -> Sequence[str]:
    return sorted(inspect(connection).get_table_names())
