"""When the service purges by itself: each Sunday at 05:00 UTC, or as soon as it runs after that."""

from datetime import datetime, time, timedelta
from threading import Event, Thread

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from api.purge.erasing import Tools
from api.purge.purging import Purge, Purged, purging_alone
from domain.events import Actor
from projections import deletions
from storage import erasure_receipts, event_deletions
from storage.errors import StoreError

SUNDAY = 6
HOUR = time(5)  # UTC
WEEK = timedelta(days=7)
LOOK = 60.0  # seconds between two looks whether it is time
REST = 600.0  # seconds after a purge that failed, or left something undone

log = structlog.get_logger()


def last_time(at: datetime) -> datetime:
    """Return the last time that a purge was to begin: `at` this time, or before it."""
    sunday = at.date() - timedelta(days=(at.weekday() - SUNDAY) % 7)
    begins = datetime.combine(sunday, HOUR, tzinfo=at.tzinfo)
    return begins if begins <= at else begins - WEEK


def next_time(at: datetime) -> datetime:
    """Return the next time that a purge is to begin: `at` this time, or after it."""
    last = last_time(at)
    return last if last == at else last + WEEK


def is_overdue(connection: Connection, scheduled: datetime, retention: timedelta) -> bool:
    """Tell whether something should have been purged at a time, and is not."""
    entries = event_deletions.waiting(connection)
    return (
        any(each.created_at <= scheduled for each in entries)
        or any(
            each.deleted_at <= scheduled
            for each in deletions.due(connection, scheduled - retention)
        )
        or bool(erasure_receipts.incomplete(connection))
    )


class PurgeSchedule:
    """Purges when it is time, in one of all processes."""

    def __init__(
        self, tools: Tools, retention: timedelta, *, is_on: bool, look: float = LOOK
    ) -> None:
        """Start the thread if it `is_on`; it looks every `look` seconds whether it is time."""
        self._tools = tools
        self._retention = retention
        self._look = look
        self._looked: datetime | None = None
        self._is_closed = Event()
        self._thread = Thread(target=self._run, name="purge", daemon=True)
        if is_on:
            self._thread.start()

    def close(self) -> None:
        """End the thread; what a purge under way leaves undone, the next one does."""
        self._is_closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = self._look
        while not self._is_closed.wait(pause):
            pause = self._look
            try:
                if self._is_time():
                    with purging_alone(self._tools.database) as is_alone:
                        if is_alone and self._is_time() and self._purge().waiting:
                            pause = REST
            except (SQLAlchemyError, StoreError) as error:
                log.error("the purge failed", error=repr(error))
                pause = REST
            except _ClosedError:
                return

    def _is_time(self) -> bool:
        scheduled = last_time(self._tools.clock())
        if scheduled == self._looked:
            return False
        with self._tools.database.reading() as connection:
            if is_overdue(connection, scheduled, self._retention):
                return True
        self._looked = scheduled
        return False

    def _purge(self) -> Purged:
        purge = Purge(self._tools, actor=Actor("system", "purge"), progress=self._go_on)
        purged = purge.all(self._retention)
        log.info("purged", **msgspec.structs.asdict(purged))
        return purged

    def _go_on(self, doing: str, done: int, total: int) -> None:
        if self._is_closed.is_set():
            raise _ClosedError


class _ClosedError(Exception):
    """The service ends, and the purge with it."""
