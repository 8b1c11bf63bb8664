"""What the tests of more than one file need."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from tests import node
from tests.machine import database_folder
from tests.postgres import Postgres, running
from tests.server import Server

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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that only this test knows."""
    if request.param == "sqlite":
        with TemporaryDirectory(dir=database_folder(), ignore_cleanup_errors=True) as folder:
            yield f"sqlite:///{folder}/persons.db"
    else:
        # Asked for here, so that a test on SQLite alone does not start a server.
        postgres: Postgres = request.getfixturevalue("postgres")
        with postgres.database() as url:
            yield url


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


@pytest.fixture(scope="session")
def node_path(pytestconfig: pytest.Config) -> Path:
    """The NODE_PATH for a script that requires posthog-node."""
    return node.posthog_node(pytestconfig.cache.mkdir("posthog-node"))
