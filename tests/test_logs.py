"""What the service logs: one JSON object a line, whoever says it, and nothing that is personal."""

import os
import signal
import socket
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import httpx
import msgspec
import pytest

from tests.server import PATIENCE, Server

Serve = Callable[..., Server]
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def lines(server: Server) -> list[dict[str, Any]]:
    """Return what was logged; `persons serve` says what it does before that, to people."""
    logged = server.log.read_text().splitlines()
    return [msgspec.json.decode(line) for line in logged if not line.startswith("Serving on ")]


def said(server: Server, text: str) -> dict[str, Any]:
    """Wait for a line with a text, and return it."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        for line in lines(server):
            if text in line["event"]:
                return line
        sleep(0.05)
    raise TimeoutError(server.log.read_text())


@one_database
def test_a_request_is_logged_with_the_id_that_it_was_answered_with(
    database_url: str, serve: Serve
) -> None:
    server = serve(database_url, LOG_LEVEL="debug")
    answer = httpx.get(
        f"{server.url}/api/projects/1/persons?search=canary",
        headers={"Authorization": f"Bearer {server.key}"},
    )
    assert server.stop() == 0  # a request is logged once it is answered

    (line,) = [each for each in lines(server) if each.get("path", "").endswith("/persons")]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["level"], line["method"], line["status"]) == ("debug", "GET", 200)
    assert line["milliseconds"] > 0
    assert "canary" not in server.log.read_text()
    assert server.key not in server.log.read_text()


@one_database
def test_what_is_no_http_is_logged_in_the_same_shape(database_url: str, serve: Serve) -> None:
    server = serve(database_url)
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(b"\x16\x03\x01\r\n\r\n")
        connection.recv(1000)

    line = said(server, "Invalid HTTP request")
    assert line["level"] == "warning"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_that_dies_is_logged(database_url: str, serve: Serve) -> None:
    server = serve(database_url, "--workers", "2")
    killed = min(server.workers())
    os.kill(killed, signal.SIGKILL)

    assert said(server, "died")["event"] == f"Child process [{killed}] died"
