"""The service in this process, with nothing in the place of anything real."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette

from api import app
from api.databases import open_database, open_replica, prepare
from api.settings import Settings
from api.store import Store
from storage import projects
from storage.engine import Database
from tests.server import Server


class Clock:
    """The service's clock: it shows the real time, until `now` is set."""

    def __init__(self) -> None:
        self.now: datetime | None = None

    def __call__(self) -> datetime:
        return self.now or datetime.now(UTC)


class Client(httpx.Client):
    """Sends requests to `app`, a service that runs by `clock`, with a key that has all scopes.

    What the service does not expect is raised here, as it was raised there.
    """

    def __init__(self, app: Starlette, transport: httpx.BaseTransport, clock: Clock) -> None:
        super().__init__(
            transport=transport,
            base_url="http://persons",
            headers={"Authorization": f"Bearer {Server.key}"},
        )
        self.app = app
        self.transport = transport
        self.clock = clock

    @property
    def store(self) -> Store:
        store: Store = self.app.state.store
        return store


class _Transport(httpx.BaseTransport):
    """Lets the service answer on its own event loop, which is in another thread."""

    def __init__(self, app: Starlette, portal: BlockingPortal) -> None:
        self._asgi = httpx.ASGITransport(app)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._portal.call(self._answer, request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


@contextmanager
def running(database_url: str, **chosen: Any) -> Iterator[Client]:
    """Give a client of a service on a new database, with project 1 as `Server` has it.

    `chosen` are settings that are not to be the usual ones.
    """
    # What a failed test shows is long enough without a line for each request.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    settings = Settings(database_url=database_url, **chosen)
    database = open_database(settings)
    prepare(database)
    with database.writing() as connection:
        at = datetime.now(UTC)
        project = projects.create(connection, "Default project", at=at, token=Server.token)
        projects.create_key(
            connection,
            project.id,
            secret=Server.key,
            name="all",
            scopes=projects.ALL_SCOPES,
            at=at,
        )
    with serving(database, settings, Clock()) as client:
        yield client


@contextmanager
def serving(database: Database, settings: Settings, clock: Clock) -> Iterator[Client]:
    """Give a client of one more service on a database that is there, and close that at the end."""
    store = partial(
        Store,
        database,
        clock=clock,
        query_seconds=settings.persons_query_seconds,
        replica=open_replica(settings),
    )
    service = app.create(store, settings)
    with start_blocking_portal() as portal:
        lifespan: Any = service.router.lifespan_context(service)
        client = Client(service, _Transport(service, portal), clock)
        with portal.wrap_async_context_manager(lifespan), client:
            yield client
