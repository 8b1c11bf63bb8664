"""The database: everything in which SQLite and PostgreSQL differ for those who open one."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from storage.columns import Array, ArrayDumper
from storage.errors import InvalidDatabaseUrlError
from storage.schema import logs
from storage.turns import Turns, hold

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
        self._turns: Turns | None = None
        if self.is_sqlite:
            self.path = Path(str(self.url.database))
            self._turns = Turns(Path(f"{self.path}-lock"))
            self._writer = self._sqlite("BEGIN IMMEDIATE", connections=1)
            self._reader = self._sqlite("BEGIN", connections=READERS, reads_only=True)
            self._pointer = self._sqlite(None, connections=1, reads_only=True)
        else:
            self._writer = self._postgresql(connections=4)
            self._reader = self._postgresql(connections=READERS, isolation="REPEATABLE READ")
            event.listen(self._reader, "begin", _keep_tables)
            self._pointer = self._postgresql(connections=1, isolation="AUTOCOMMIT")
        event.listen(self._writer, "checkin", _end_transaction)

    def check(self) -> None:
        """Connect once, to learn whether there is such a database.

        Raises:
            InvalidDatabaseUrlError: there is not, or it cannot be opened; the text is one line.
        """
        try:
            with self.writing():
                pass
        except (OSError, DBAPIError) as error:
            self.close()
            known = str(error.orig) if isinstance(error, DBAPIError) else error.strerror
            url = self.url.set(drivername=self.url.get_backend_name())
            reason, *_ = str(known).splitlines()
            raise InvalidDatabaseUrlError(f"{url!r} cannot be opened: {reason}") from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that may write; it commits unless you raise."""
        with self.turn(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and cannot write."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def aside(self, *, is_snapshot: bool = False) -> Iterator[Connection]:
        """Give a connection of one's own, in no transaction, for work that takes its time.

        On SQLite it may write to temporary tables at any time, but to others only in a `turn`.
        With `is_snapshot`, each of its transactions sees one state of the database, as SQLite's do.
        """
        if not self.is_sqlite:
            with (self._reader if is_snapshot else self._writer).connect() as connection:
                yield connection
            return
        engine = self._sqlite("BEGIN", connections=1)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the one process that writes to the SQLite file; on PostgreSQL all may write."""
        with self._turns.take() if self._turns else nullcontext():
            yield

    @contextmanager
    def serving_alone(self) -> Iterator[None]:
        """Be the one service on this SQLite file meanwhile; on PostgreSQL there may be many.

        Raises:
            StoreInUseError: another process is.
        """
        if not self.is_sqlite:
            yield
            return
        with hold(Path(f"{self.path}-service"), str(self.path)):
            yield

    def autocommitting(self) -> Connection:
        """Return a connection for reads that each see all that is committed; the caller closes it.

        Only one thread may use it.
        """
        return self._pointer.connect()

    def close(self) -> None:
        """Close all connections."""
        self._pointer.dispose()
        self._reader.dispose()
        self._writer.dispose()
        if self._turns:
            self._turns.close()

    def _sqlite(self, begin: str | None, *, connections: int, reads_only: bool = False) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=lambda: self._open_sqlite(reads_only=reads_only),
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
        )
        if begin:
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _open_sqlite(self, *, reads_only: bool) -> sqlite3.Connection:
        turn = self.turn

        class Connection(sqlite3.Connection):
            """Closes in its turn: the last connection to close writes to the file."""

            def close(self) -> None:
                with turn():
                    super().close()

        with turn():
            connection = sqlite3.connect(
                self.path,
                timeout=BUSY_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
                factory=Connection,
            )
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if reads_only:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA secure_delete = ON")  # what is deleted is written over
        return connection

    def _postgresql(
        self, *, connections: int, isolation: IsolationLevel = "READ COMMITTED"
    ) -> Engine:
        engine = create_engine(
            self.url,
            isolation_level=isolation,
            pool_size=connections,
            max_overflow=0,
            connect_args={"prepare_threshold": self._prepare_threshold},
        )
        event.listen(engine, "connect", _take_arrays)
        return engine


def _take_arrays(driver: Any, _: object) -> None:
    driver.adapters.register_dumper(Array, ArrayDumper)


def _end_transaction(driver: Any, _: object) -> None:
    """Roll back: where a commit has failed, SQLAlchemy takes the transaction for ended."""
    if driver is not None:
        driver.rollback()


@contextmanager
def committing(connection: Connection) -> Iterator[None]:
    """Write to several tables, then commit: PostgreSQL works while the next rows are made.

    Nothing waits for its answers before the commit, so no statement may be one that reads, and
    what goes wrong in one is raised by a later one or by the commit.
    """
    driver: Any = connection.connection.driver_connection
    with nullcontext() if connection.dialect.name == "sqlite" else driver.pipeline():
        yield
        connection.commit()


def _keep_tables(connection: Connection) -> None:
    """Let nobody swap a table for a new one until this transaction ends; who swaps stops the log.

    In the new one a snapshot would see no row that is younger than itself, so this comes before
    there is a snapshot.
    """
    connection.exec_driver_sql(f"LOCK TABLE {logs.name} IN ACCESS SHARE MODE")


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
