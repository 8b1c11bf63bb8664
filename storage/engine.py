"""The database: everything in which SQLite and PostgreSQL differ for those who open one."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from storage.errors import InvalidDatabaseUrlError, StoreInUseError

READERS = 8  # connections for reading that a process keeps open
BUSY_TIMEOUT = 30  # seconds that SQLite waits for a lock before it gives up


class Database:
    """A database, opened: `writing` and `reading` give connections in a transaction.

    On SQLite a process has one writing connection, and all processes take turns under a file
    lock: SQLite before 3.51.3 can corrupt a file that two connections write at once.
    """

    def __init__(self, url: str, *, prepare_threshold: int | None = 5) -> None:
        """Open the database, without touching it yet.

        `prepare_threshold`: after how many runs PostgreSQL prepares a statement; None for never,
        as old versions of PgBouncer need it.

        Raises:
            InvalidDatabaseUrlError: the URL is neither of SQLite nor of PostgreSQL.
        """
        self.url = _parse(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._prepare_threshold = prepare_threshold
        self._service: IO[str] | None = None
        if self.is_sqlite:
            self.path = Path(self.url.database or "persons.db")
            self._writer = self._sqlite("BEGIN IMMEDIATE", connections=1)
            self._reader = self._sqlite("BEGIN", connections=READERS)
        else:
            self._writer = self._postgresql(connections=4)
            self._reader = self._postgresql(connections=READERS)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that may write; it commits unless you raise."""
        if not self.is_sqlite:
            with self._writer.begin() as connection:
                yield connection
            return
        with self._turn(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and cannot write."""
        with self._reader.connect() as connection:
            yield connection

    def serve_alone(self) -> None:
        """Be the one service on this SQLite file until the process ends; nothing on PostgreSQL.

        Raises:
            StoreInUseError: another process is.
        """
        if not self.is_sqlite:
            return
        lock = Path(f"{self.path}-service").open("w")  # noqa: SIM115 - held as long as we live
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise StoreInUseError(f"another service already runs on {self.path}") from None
        self._service = lock

    def driver_connection(self) -> Any:
        """Return a driver's own connection for reading, in autocommit; the caller closes it."""
        if self.is_sqlite:
            return self._open_sqlite(reads_only=True)
        connection = self._reader.raw_connection()
        connection.detach()
        driver: Any = connection.driver_connection
        driver.autocommit = True
        return driver

    def close(self) -> None:
        """Close all connections."""
        self._reader.dispose()
        self._writer.dispose()
        if self._service:
            self._service.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with Path(f"{self.path}-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _sqlite(self, begin: str, *, connections: int) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=lambda: self._open_sqlite(reads_only=begin == "BEGIN"),
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _open_sqlite(self, *, reads_only: bool) -> sqlite3.Connection:
        take_turn = self._turn

        class Connection(sqlite3.Connection):
            """Closes in its turn: the last connection to close writes to the file."""

            def close(self) -> None:
                with take_turn():
                    super().close()

        connection = sqlite3.connect(
            self.path,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
            factory=Connection,
        )
        with take_turn():
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if reads_only:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA query_only = ON")
        return connection

    def _postgresql(self, *, connections: int) -> Engine:
        return create_engine(
            self.url,
            pool_size=connections,
            max_overflow=0,
            connect_args={"prepare_threshold": self._prepare_threshold},
        )


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise InvalidDatabaseUrlError(f"not a database URL: {text!r}") from None
    if url.get_backend_name() in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        return url
    raise InvalidDatabaseUrlError(
        f"{text!r} is neither sqlite:///<file> nor postgresql://<user>@<host>/<database>"
    )
