"""The writer: one thread a process that turns all waiting requests into one transaction.

This is group commit: the log's lock, the loads and the commit are paid once for all who wait.
"""

from collections.abc import Callable
from concurrent.futures import Future
from itertools import groupby
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from domain.commands import ReadsHistory, Request
from storage.appended import Views
from storage.engine import Database
from storage.errors import StoreUnavailableError
from storage.transaction import Committed, Written, carry_out

MAX_COMMANDS = 500  # after which a batch takes no further request


class Writer:
    """Carries out requests in the order of their arrival; `close` finishes those that wait."""

    def __init__(
        self,
        database: Database,
        views: Views,
        *,
        watch: Callable[[Committed], None] = lambda committed: None,
    ) -> None:
        """Start the thread; it tells `watch` of each transaction."""
        self._database = database
        self._views = views
        self._watch = watch
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> Future[Written]:
        """Queue a request; the future is done once it is durable or has failed.

        Cancelled while it waits, the request is left out; later it is too late to cancel it.

        Raises, in the future:
            StoreUnavailableError: the transaction failed, and nothing of it was stored.
            ProjectNotFoundError: there is no such project.
        """
        job = _Job(request, Future())
        self._queue.put(job)
        return job.future

    def waiting(self) -> int:
        """Return how many requests wait."""
        return self._queue.qsize()

    def close(self) -> None:
        """Finish all requests that wait, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            jobs = []
            job = self._queue.get()
            commands = 0
            while job is not None:
                if job.future.set_running_or_notify_cancel():
                    jobs.append(job)
                    commands += len(job.request.commands)
                if commands >= MAX_COMMANDS or self._queue.empty():
                    break
                job = self._queue.get()
            is_open = job is not None
            for (project_id, _), group in groupby(_in_batches(jobs), key=lambda each: each[0]):
                self._answer(project_id, [job for _, job in group])

    def _answer(self, project_id: int, jobs: list["_Job"]) -> None:
        """Write the jobs of one project together; if that fails for another reason than the
        database's, each alone, so that one bad request takes no other with it."""
        try:
            answers, committed = carry_out(
                self._database, self._views, project_id, [job.request for job in jobs]
            )
        except Exception as error:
            is_outage = isinstance(error, DBAPIError) and _is_outage(error)
            if len(jobs) > 1 and not is_outage:
                for job in jobs:
                    self._answer(project_id, [job])
                return
            for job in jobs:
                job.future.set_exception(_as_answer(error))
            return
        for job, answer in zip(jobs, answers, strict=True):
            job.future.set_result(answer)
        self._watch(committed)


class _Job(NamedTuple):
    request: Request
    future: Future[Written]


def _in_batches(jobs: list[_Job]) -> list[tuple[tuple[int, int], _Job]]:
    """Return jobs by project, in order, each with the batch that it belongs to.

    What reads history must find there all that came before: such a request gets a batch of its own.
    """
    batched = []
    batch = 0
    for job in jobs:
        reads_history = any(isinstance(each, ReadsHistory) for each in job.request.commands)
        batch += reads_history
        batched.append(((job.request.project_id, batch), job))
        batch += reads_history
    return sorted(batched, key=lambda each: each[0])


def _is_outage(error: DBAPIError) -> bool:
    # PostgreSQL calls it operational too where a value is too large for an index: class 54.
    is_too_large = str(getattr(error.orig, "sqlstate", "")).startswith("54")
    is_operational = isinstance(error, OperationalError) and not is_too_large
    return error.connection_invalidated or is_operational


def _as_answer(error: Exception) -> Exception:
    if isinstance(error, SQLAlchemyError):
        return StoreUnavailableError(f"nothing was stored: {error}")
    return error
