"""Queries that may take only so long: the database itself ends them, on both kinds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from storage.errors import QueryTimeoutError

STEPS = 10_000  # of SQLite's machine between two looks at the clock: about half a millisecond

TIMEOUT = "statement_timeout"  # milliseconds


def begin_limited(connection: Connection) -> None:
    """Let PostgreSQL end what a transaction asks that begins now, if that is `limited`."""
    milliseconds = connection.get_execution_options().get(TIMEOUT)
    if milliseconds:
        connection.exec_driver_sql(f"SET LOCAL {TIMEOUT} = {milliseconds}")


@contextmanager
def limited(connection: Connection, seconds: float) -> Iterator[None]:
    """Let the statements of one transaction end after some seconds, counted from now; 0 for never.

    Raises:
        QueryTimeoutError: they did not come to an end by themselves.
    """
    if not seconds:
        yield
        return
    end = time.monotonic() + seconds
    is_sqlite = connection.dialect.name == "sqlite"

    def check(*_: object) -> None:
        if time.monotonic() > end:
            raise _timeout(seconds)

    event.listen(connection, "before_cursor_execute", check)
    if is_sqlite:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    else:
        connection.execution_options(**{TIMEOUT: max(1, round(seconds * 1000))})
    try:
        yield
    except DBAPIError as error:
        if _was_ended(error):
            raise _timeout(seconds) from error
        raise
    finally:
        if is_sqlite:
            driver.set_progress_handler(None, 0)


def _was_ended(error: DBAPIError) -> bool:
    names = {getattr(error.orig, name, None) for name in ("sqlite_errorname", "sqlstate")}
    return bool(names & {"SQLITE_INTERRUPT", "57014"})


def _timeout(seconds: float) -> QueryTimeoutError:
    return QueryTimeoutError(f"the query took longer than {seconds:g} seconds, and was ended")
