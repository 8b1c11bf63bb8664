"""What the tests of more than one file need."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page

from api.settings import MEANINGS
from api.web.sessions import COOKIE
from storage.engine import Database
from tests import browser, node, service
from tests.databases import DATABASES, new_database
from tests.population import Population, prepared
from tests.postgres import Postgres, running
from tests.server import Server
from tests.service import Client

# A platform may set PORT or WEB_CONCURRENCY; what a test starts has the settings that it gives.
for name in MEANINGS:
    os.environ.pop(name, None)

# A busy machine is slow: no test may fail because of that.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("default", calm, max_examples=50)
settings.register_profile("long", calm, max_examples=2_000)
settings.load_profile("default")  # --hypothesis-profile comes after this and wins


@pytest.fixture(scope="session")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def postgres(run_path: Path) -> Iterator[Postgres]:
    with running(run_path) as server:
        yield server


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that only this test knows."""
    with new_database(request) as url:
        yield url


@pytest.fixture
def seed() -> int:
    """A number that a failing test shows, for it to be run again."""
    return random.randrange(10**6)


@pytest.fixture
def client(database_url: str) -> Iterator[Client]:
    """A client of the real service in this process, on an empty database of this test's own.

    It is an httpx.Client that sends a key of project 1 with all scopes; the project's token is
    Server.token. Its `clock` is the service's clock, which can be stopped.
    """
    with service.running(database_url) as new_client:
        yield new_client


@pytest.fixture
def capture(client: Client) -> Callable[..., Response]:
    """Capture an event in project 1: `capture(event, distinct_id, properties, **beside)`.

    `beside` is what stands beside the properties: a timestamp, a uuid, a top-level $set.
    """

    def send(
        event: str, distinct_id: Any, properties: dict[str, Any] | None = None, **beside: Any
    ) -> Response:
        body = {"event": event, "distinct_id": distinct_id, "properties": properties or {}}
        answer = client.post("/capture/", json=body | {"api_key": Server.token} | beside)
        assert answer.status_code == 200, answer.text
        return answer

    return send


@pytest.fixture
def signed_in(client: Client) -> Client:
    """The client with the cookie of who has signed in with the key of all scopes."""
    client.cookies.set(COOKIE, Server.key)
    return client


@pytest.fixture(params=DATABASES, scope="module")
def shared_client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client as `client`, on a database that the tests of a module share: much faster.

    Each of them takes a project of its own there.
    """
    with new_database(request) as url, service.running(url) as new_client:
        yield new_client


@pytest.fixture(params=DATABASES, scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with its tables that the tests of a module share."""
    with new_database(request) as url, prepared(url) as new:
        yield new


@pytest.fixture
def population(database: Database) -> Population:
    """Persons of a new project in the shared database, written straight into the views."""
    return Population(database)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start the service: `serve(database_url, *options, **environment)`."""
    servers = []

    def start(database_url: str, *options: str, **environment: str) -> Server:
        servers.append(Server(tmp_path, database_url, *options, **environment))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def site(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """The service as a process, on SQLite: what the tests with a browser look at."""
    return serve(f"sqlite:///{tmp_path}/site.db")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser that the tests of a module share, each with a profile of its own."""
    with browser.running() as started:
        yield started


@pytest.fixture
def page(chromium: Browser, site: Server) -> Iterator[Page]:
    """A page of the site, signed in with all scopes.

    In the end it has asked nothing of others, and logged no error and no violated policy.
    """
    with browser.signed_in(chromium, site) as new_page:
        yield new_page


@pytest.fixture(scope="session")
def node_path(pytestconfig: pytest.Config) -> Path:
    """The NODE_PATH for a script that requires posthog-node."""
    return node.modules(pytestconfig.cache.mkdir("node"), node.POSTHOG)
