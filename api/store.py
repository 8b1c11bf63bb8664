"""The store: the one composition of database, writer and views that all ways in share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from api.answers import Answers
from api.purge.erasing import Tools
from api.purge.schedule import PurgeSchedule
from api.service import metrics
from api.service.verifying import Verifying
from api.uuids import new_uuid
from domain.commands import Request
from projections import people
from projections.people import PersonRow
from projections.views import Views
from storage import log, projects
from storage.access import Access, opened_by, projects_of
from storage.checkpoints import Checkpoint, Notary
from storage.engine import READERS, Database
from storage.errors import StoreUnavailableError
from storage.merged_reads import MergedReads
from storage.projects import Project
from storage.replica import Replica
from storage.transaction import Written
from storage.tree import Tree
from storage.tree_growth import TreeGrowth
from storage.writer import Writer

Answer = TypeVar("Answer")


class Store:
    """A prepared database at work. Everything that is answered as written is durable."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        audit_key: bytes | None = None,
        verify_hours: float = 0,
        retention: timedelta = timedelta(days=30),
        purges: bool = False,
        query_seconds: float = 0,
        replica: Database | None = None,
    ) -> None:
        """Start the threads that write and read; `clock` is the only clock there is.

        `audit_key` is the secret that signs checkpoints; None for that which the database keeps.
        All is verified every `verify_hours`; 0 for never. Deleted persons can be brought back for
        the time of `retention`; who `purges` erases them after that, on schedule. What is read may
        take `query_seconds`; 0 for as long as it likes. A `replica` answers queries.
        """
        self.database = database
        self.clock = clock
        self.writer = Writer(database, Views(), watch=metrics.committed)
        self._notary = Notary(database, secret=audit_key)
        self._trees = TreeGrowth(database)
        self._verifying = Verifying(database, clock, hours=verify_hours)
        self.retention = retention
        tools = Tools(database, self.writer.submit, self._notary, clock)
        self._purging = PurgeSchedule(tools, retention, is_on=purges)
        self._answers = Answers()
        self._points = MergedReads(database)
        self._query_seconds = query_seconds
        self._replica = Replica(replica, self._points) if replica else None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def write(self, request: Request) -> Written:
        """Carry out the commands of a request, and return once all of it is durable.

        Raises:
            StoreUnavailableError: nothing of it was stored; try again later.
            ProjectNotFoundError: there is no such project.
        """
        with metrics.waiting:
            return await self._answers.wait(self.writer.submit(request))

    async def read(self, query: Callable[[Connection], Answer]) -> Answer:
        """Return what a query answers on one consistent state that has all answered writes.

        Raises:
            StoreUnavailableError: the database does not answer.
            QueryTimeoutError: it takes too long.
        """
        if self._replica and await self._replica.is_current():
            # It may go away, or end a query that keeps it from following.
            with suppress(StoreUnavailableError):
                return await self._read_from(self._replica.database, query)
        return await self._read_from(self.database, query)

    async def _read_from(self, database: Database, query: Callable[[Connection], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, self._read, database, query
        )

    def _read(self, database: Database, query: Callable[[Connection], Answer]) -> Answer:
        try:
            with database.reading(seconds=self._query_seconds) as connection:
                return query(connection)
        except (DBAPIError, NoConnectionError) as error:
            raise StoreUnavailableError(f"the database does not answer: {error}") from error

    async def attest(
        self, project_id: int, find: Callable[[Connection, Tree], Answer]
    ) -> tuple[Checkpoint, Answer]:
        """Return a signed checkpoint of a log, and what `find` finds in that state of it.

        Raises:
            TamperedError: the log is not what an earlier checkpoint said.
            StoreUnavailableError: the database does not answer.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, self._attest, project_id, find
        )

    def _attest(
        self, project_id: int, find: Callable[[Connection, Tree], Answer]
    ) -> tuple[Checkpoint, Answer]:
        try:
            return self._notary.attest(project_id, self.clock(), find)
        except DBAPIError as error:
            raise StoreUnavailableError(f"the database does not answer: {error}") from error

    async def person(self, project_id: int, id: int | UUID) -> PersonRow | None:
        """Return a living person by integer id or uuid; None if the project has none such."""
        return await self._points.read(people.points, (project_id, id))

    async def head(self, project_id: int) -> int:
        """Return the position of the last event of a project; 0 for none."""
        return await self._points.read(log.heads, project_id) or 0

    async def project(self, project_id: int) -> Project | None:
        """Return a project; None if there is none."""
        return await self._points.read(projects.by_ids, project_id)

    async def project_by_token(self, token: str) -> Project | None:
        """Return the project that a token belongs to; None for an unknown one."""
        return await self._points.read(projects_of, token)

    async def access(self, secret: str) -> Access | None:
        """Return what an API key opens; None for an unknown or a revoked one."""
        return await self._points.read(opened_by, secret)

    def new_uuid(self) -> UUID:
        """Return a UUIDv7: later ones sort behind earlier ones."""
        return new_uuid(self.clock())

    def close(self) -> None:
        """Finish what waits to be written, then close the database."""
        self._purging.close()
        self._verifying.close()
        self._trees.close()
        self.writer.close()
        self._points.close()
        self._readers.shutdown()
        if self._replica:
            self._replica.close()
        self.database.close()
