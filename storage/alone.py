"""Background work that one process does for all: whoever comes later leaves it alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from storage.engine import Database


@contextmanager
def alone(database: Database, lock: int) -> Iterator[bool]:
    """Tell whether nobody else is inside, by one of PostgreSQL's advisory locks.

    On SQLite there is one service, so nobody is.
    """
    if database.is_sqlite:
        yield True
        return
    with database.writing() as connection:
        yield connection.execute(select(func.pg_try_advisory_xact_lock(lock))).scalar_one()
