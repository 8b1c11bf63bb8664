"""Rows as the driver gives them: by the hundred thousand, and whatever stands there."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import OperationalError

RawRow = tuple[Any, ...]


def read(connection: Connection, query: Executable) -> Sequence[RawRow]:
    """Return all rows of a query, with no value made what its column's type says.

    On SQLite a column may have anything: texts that are no UTF-8 come as well as they can be told.
    """
    try:
        return _fetched(connection, query)
    except OperationalError:
        if connection.dialect.name != "sqlite":
            raise
    driver: Any = connection.connection.dbapi_connection
    driver.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    try:
        return _fetched(connection, query)
    finally:
        driver.text_factory = str


def _fetched(connection: Connection, query: Executable) -> Sequence[RawRow]:
    with connection.execute(query) as result:
        cursor: Any = result.cursor
        try:
            rows: list[RawRow] = cursor.fetchall()
        except connection.dialect.loaded_dbapi.OperationalError as error:
            raise OperationalError(None, None, error) from error
    return rows
