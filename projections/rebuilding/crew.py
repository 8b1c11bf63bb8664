"""Processes that read one state of the database together, each on a connection of its own.

While others write to the database, all of them see the same: PostgreSQL hands a snapshot on; on
SQLite they all begin in a moment in which nobody can write.
"""

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError, Thread
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, select, text

from storage.engine import Database
from storage.errors import ProcessLostError
from storage.schema import logs

LONG = 50_000  # events from which on more processes than one pay
PATIENCE = 60.0  # seconds that a process may take to begin

Task = TypeVar("Task")
Result = TypeVar("Result")


class Crew(Protocol):
    """Whoever does the work."""

    def do(
        self,
        work: Callable[[Connection, Task], Result],
        tasks: Iterable[Task],
        *,
        ahead: int | None = None,
    ) -> Iterator[Result]:
        """Do the work for each task, and yield what came of it, in their order.

        It may begin at once, and go on while nobody asks for what came of it: for as many tasks as
        `ahead` says, or for all.
        """


@contextmanager
def crew(database: Database, events: int) -> Iterator[tuple[Connection, Crew]]:
    """Give a connection and a crew that see one state of the database: for that many events.

    Raises:
        ProcessLostError: one of the crew was ended from outside.
    """
    count = len(os.sched_getaffinity(0)) if events >= LONG else 1
    with database.aside(is_snapshot=True) as connection, _without_collector():
        if count == 1:
            with connection.begin():
                yield connection, _Alone(connection)
            return
        with _telling_who_is_lost(), _together(database, connection, count) as pool:
            yield connection, _Together(pool)


@contextmanager
def _telling_who_is_lost() -> Iterator[None]:
    try:
        yield
    except (BrokenProcessPool, BrokenBarrierError) as error:
        raise ProcessLostError(
            "a process that worked along was ended from outside, for want of memory perhaps;"
            " nothing is lost: start again"
        ) from error


@contextmanager
def _without_collector() -> Iterator[None]:
    """Spare the collector: what is held are millions of values, in no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Alone(NamedTuple):
    connection: Connection

    def do(
        self,
        work: Callable[[Connection, Task], Result],
        tasks: Iterable[Task],
        *,
        ahead: int | None = None,
    ) -> Iterator[Result]:
        return (work(self.connection, each) for each in tasks)


class _Together(NamedTuple):
    pool: ProcessPoolExecutor

    def do(
        self,
        work: Callable[[Connection, Task], Result],
        tasks: Iterable[Task],
        *,
        ahead: int | None = None,
    ) -> Iterator[Result]:
        rest = iter(tasks)
        begun = deque(self.pool.submit(_work, work, each) for each in islice(rest, ahead))
        return self._results(begun, (self.pool.submit(_work, work, each) for each in rest))

    @staticmethod
    def _results(begun: deque[Future[Result]], rest: Iterator[Future[Result]]) -> Iterator[Result]:
        while begun:
            result = begun.popleft().result()
            begun.extend(islice(rest, 1))
            yield result


class _Meeting(NamedTuple):
    """Where processes come together that are to see the same: `snapshot` is PostgreSQL's."""

    barrier: Barrier
    snapshot: str | None

    def wait(self) -> None:
        """Wait until all are here."""
        self.barrier.wait(PATIENCE)


@contextmanager
def _together(
    database: Database, connection: Connection, count: int
) -> Iterator[ProcessPoolExecutor]:
    context = get_context("spawn")
    begun = connection.begin() if not database.is_sqlite else None
    snapshot = None
    if begun:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    meeting = _Meeting(context.Barrier(count + 1), snapshot)
    url = database.url.render_as_string(hide_password=False)
    arguments = url, database.prepare_threshold, meeting
    with ProcessPoolExecutor(count, context, _join, arguments) as pool:
        for _ in range(count):
            pool.submit(os.getpid)  # only what is asked for something begins
        meeting.wait()
        with database.turn():
            meeting.wait()
            _see(connection)
            meeting.wait()
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
            connection.rollback()


_opened: list[Connection] = []
_kept: list[AbstractContextManager[Connection]] = []


def _join(url: str, prepare_threshold: int | None, meeting: _Meeting) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()
    database = Database(url, prepare_threshold=prepare_threshold)
    opening = database.aside(is_snapshot=True)
    connection = opening.__enter__()
    _kept.append(opening)
    meeting.wait()
    meeting.wait()
    if meeting.snapshot:
        connection.begin()
        connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{meeting.snapshot}'")
    _see(connection)
    _opened.append(connection)
    meeting.wait()


def _see(connection: Connection) -> None:
    """See from now on the state that the database has now."""
    connection.execute(select(logs.c.project_id).limit(1)).all()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent
    parent.join()
    os._exit(1)


def _work(work: Callable[[Connection, Task], Result], task: Task) -> Result:
    return work(_opened[0], task)
