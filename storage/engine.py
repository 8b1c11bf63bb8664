"""The database: everything in which SQLite and PostgreSQL differ for those who open one."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from storage import postgresql, sqlite
from storage.deadlines import limited
from storage.errors import InvalidDatabaseUrlError
from storage.pipelining import pipelining
from storage.turns import Turns, hold

READERS = 8  # connections for reading that a process keeps open
WRITERS = 4  # and those for writing, on PostgreSQL


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
        self.prepare_threshold = prepare_threshold
        self._turns: Turns | None = None
        if self.is_sqlite:
            self.path = Path(str(self.url.database))
            self._turns = Turns(Path(f"{self.path}-lock"))
            open_sqlite = partial(sqlite.open_engine, self.path, self.turn)
            self._open_aside = partial(open_sqlite, "BEGIN", connections=1)
            self._writer = open_sqlite("BEGIN IMMEDIATE", connections=1)
            self._reader = open_sqlite("BEGIN", connections=READERS, reads_only=True)
            self._pointer = open_sqlite(None, connections=1, reads_only=True)
        else:
            open_postgresql = partial(
                postgresql.open_engine, self.url, prepare_threshold=prepare_threshold
            )
            self._writer = open_postgresql("READ COMMITTED", connections=WRITERS)
            self._reader = open_postgresql("REPEATABLE READ", connections=READERS)
            self._pointer = open_postgresql("AUTOCOMMIT", connections=1)
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
    def reading(self, *, seconds: float = 0) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and cannot write.

        Raises:
            QueryTimeoutError: its statements took longer than `seconds`; 0 is for ever.
        """
        with self._reader.connect() as connection, limited(connection, seconds):
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
        with _only(self._open_aside()) as connection:
            yield connection

    @contextmanager
    def building(self) -> Iterator[Connection]:
        """Give a connection of one's own, in no transaction, to build tables beside the live ones.

        On SQLite they stand in a file of their own, to which the live one is attached: that may be
        written to in a `turn` only.
        """
        if not self.is_sqlite:
            with self._writer.connect() as connection:
                yield connection
            return
        with _only(sqlite.open_beside(self.path, self.turn, self.beside)) as connection:
            yield connection

    @property
    def beside(self) -> Path:
        """The file in which `building` builds on SQLite."""
        return Path(f"{self.path}-rebuild")

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


@contextmanager
def _only(engine: Engine) -> Iterator[Connection]:
    """Give the one connection of an engine, and then close both."""
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


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
    if connection.dialect.name == "sqlite":
        yield
        connection.commit()
        return
    driver: Any = connection.connection.driver_connection
    with driver.pipeline():
        with pipelining(driver):
            yield
        connection.commit()


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
