"""How a SQLite file is opened, so that nobody loses what was answered as written."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool

WRITER_PRAGMAS = (
    "synchronous = FULL",
    "cache_size = -16384",  # KiB; of the 2 MiB that are the default, a batch fills more than half
    "wal_autocheckpoint = 4000",  # pages: 16 MiB, of which many are the same page
    "secure_delete = ON",  # what is deleted is written over
)
BUILDER_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",  # what a power cut undoes can be built again
    "cache_size = -16384",  # KiB: rows come in the order of their keys
)
READER_PRAGMAS = ("wal_autocheckpoint = 0", "query_only = ON")
BUSY_TIMEOUT = 30  # seconds that SQLite waits for a lock before it gives up

LIVE = "live"
"""The name of the live file on a connection that builds tables in a file beside it."""

Turn = Callable[[], AbstractContextManager[None]]
"""Makes this process the only one that writes to the file, while inside."""


def open_engine(
    path: Path, turn: Turn, begin: str | None, *, connections: int, reads_only: bool = False
) -> Engine:
    """Return an engine on a file; `begin` begins its transactions, None is for none at all."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: _open(path, turn, pragmas=READER_PRAGMAS if reads_only else WRITER_PRAGMAS),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
    )
    if begin:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def open_beside(path: Path, turn: Turn, beside: Path) -> Engine:
    """Return an engine on a file beside the live one, which is `LIVE` on its connection."""

    def open_both() -> sqlite3.Connection:
        connection = _open(beside, turn, pragmas=BUILDER_PRAGMAS)
        with turn():
            connection.execute(f"ATTACH ? AS {LIVE}", (str(path),))
        for pragma in WRITER_PRAGMAS:
            connection.execute(f"PRAGMA {LIVE}.{pragma}")
        return connection

    engine = create_engine("sqlite://", creator=open_both, poolclass=QueuePool, pool_size=1)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _open(path: Path, turn: Turn, *, pragmas: Sequence[str]) -> sqlite3.Connection:
    class Connection(sqlite3.Connection):
        """Closes in its turn: the last connection to close writes to the file."""

        def close(self) -> None:
            with turn():
                super().close()

    with turn():
        connection = sqlite3.connect(
            path,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
            factory=Connection,
        )
        connection.execute("PRAGMA journal_mode = WAL")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection
