"""`persons serve` before it serves: what it makes, what it says once, and what it refuses."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from tests.machine import free_port
from tests.server import Server
from tests.test_cli import Run, refused, running


@pytest.fixture
def run(database_url: str) -> Run:
    return running(database_url)


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def said_at_start(database_url: str) -> str:
    """Return what a service prints that is started, and then stopped."""
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(free_port())]
    process = subprocess.Popen(
        [*command, "--database-url", database_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr
        assert process.stderr.readline().startswith("Serving on http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate()
    assert process.returncode == 0
    return told


@on_sqlite
def test_a_first_start_prints_a_token_and_a_key_once(database_url: str) -> None:
    first, second = said_at_start(database_url), said_at_start(database_url)

    assert re.search(r"^Project token.* phc_[\w-]{43}$", first, re.MULTILINE)
    assert re.search(r"^API key.* phx_[\w-]{43}$", first, re.MULTILINE)
    assert second == ""


@on_sqlite
def test_a_token_and_a_key_may_be_short(database_url: str, serve: Callable[..., Server]) -> None:
    server = serve(database_url, PERSONS_API_KEY="phx_k", PERSONS_PROJECT_TOKEN="phc_t")
    event = {"api_key": "phc_t", "event": "visit", "distinct_id": "mia"}

    assert httpx.post(f"{server.url}/e/", json=event).is_success
    persons = f"{server.url}/api/projects/1/persons"
    assert httpx.get(persons, headers={"Authorization": "Bearer phx_k"}).is_success


@on_sqlite
def test_an_address_that_is_taken_is_refused_before_anything_is_made(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = refused(run("serve", PORT=port))

    assert told.startswith(f"persons: cannot listen on 127.0.0.1, port {port}: ")
    assert run("projects", "list").stdout == ""


@on_sqlite
@pytest.mark.parametrize(
    "options", [("--project", "2"), ("--project", "1", "--scope", "person:read")]
)
def test_a_key_that_opens_something_else_is_refused(run: Run, options: tuple[str, ...]) -> None:
    run("projects", "create", "first")
    run("projects", "create", "second")
    _, secret = run("keys", "create", *options).stdout.split()

    assert refused(run("serve", PORT="0", PERSONS_API_KEY=secret)).startswith(
        "persons: PERSONS_API_KEY: "
    )
