"""A streaming replica that answers reads, whenever it has all that was answered as written.

The contract says that every later read sees an answered write, on any worker and any machine. So
each read asks the primary how far its write-ahead log is durable, which is at least as far as all
that was answered; those that ask at the same time share the question. The replica may answer once
it has replayed that much; where it has not in time, the primary answers.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from storage.engine import Database
from storage.errors import StoreUnavailableError
from storage.merged_reads import MergedReads

PATIENCE = 0.25  # seconds that a read waits for the replica
PAUSE = 0.005  # seconds between two looks
REST = 2.0  # seconds for which nobody waits, once somebody has waited in vain


class _Place(NamedTuple):
    """A place in the write-ahead log of one server, as a database of it sees it.

    `lsn` is None for what is said to be a replica and is none.
    """

    cluster: int
    database: int
    lsn: int | None

    def covers(self, wanted: "_Place") -> bool:
        """Tell whether all up to another place is there."""
        is_same = (self.cluster, self.database) == (wanted.cluster, wanted.database)
        return is_same and (self.lsn or 0) >= (wanted.lsn or 0)


class Replica:
    """A replica at work; `database` is where it is read."""

    def __init__(self, database: Database, primary: MergedReads) -> None:
        """Ask `primary` what the replica must have."""
        self.database = database
        self._primary = primary
        self._points = MergedReads(database)
        self._seen: _Place | None = None
        self._resting_until = 0.0

    async def is_current(self) -> bool:
        """Tell, in a moment, whether it has all that had been written when this was asked.

        Raises:
            StoreUnavailableError: the primary does not answer.
        """
        wanted = await self._primary.read(_durable, None)
        assert wanted
        now = asyncio.get_running_loop().time()
        if self._seen and self._seen.covers(wanted):
            return True
        if now < self._resting_until:
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                await self._catch_up(wanted)
        except (TimeoutError, StoreUnavailableError):
            self._resting_until = asyncio.get_running_loop().time() + REST
            return False
        return True

    async def _catch_up(self, wanted: _Place) -> None:
        self._seen = await self._points.read(_replayed, None)
        while not (self._seen and self._seen.covers(wanted)):
            await asyncio.sleep(PAUSE)
            self._seen = await self._points.read(_replayed, None)

    def close(self) -> None:
        """Close all connections to the replica."""
        self._points.close()
        self.database.close()


def is_replica(database: Database, *, of: Database) -> bool:
    """Tell whether one database is a replica of another.

    Raises:
        DBAPIError: one of them does not answer.
    """
    with of.autocommitting() as connection:
        durable = _durable(connection, [None])[None]
    with database.autocommitting() as connection:
        replayed = _replayed(connection, [None])[None]
    return replayed.lsn is not None and replayed.covers(durable._replace(lsn=0))


def _place(lsn: str) -> TextClause:
    return text(
        "SELECT system_identifier, oid::bigint,"
        f" pg_wal_lsn_diff({lsn}, '0/0')::bigint"
        " FROM pg_control_system(), pg_database WHERE datname = current_database()"
    )


_DURABLE = _place("pg_current_wal_flush_lsn()")
_REPLAYED = _place("CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END")


def _durable(connection: Connection, keys: Sequence[None]) -> dict[None, _Place]:
    return dict.fromkeys(keys, _Place(*connection.execute(_DURABLE).one()))


def _replayed(connection: Connection, keys: Sequence[None]) -> dict[None, _Place]:
    return dict.fromkeys(keys, _Place(*connection.execute(_REPLAYED).one()))
