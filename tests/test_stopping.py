"""A service that is asked to stop: it is not ready any more, and then it is gone."""

from collections.abc import Callable
from time import monotonic, sleep

import httpx
import pytest

from tests.server import PATIENCE, Server
from tests.test_crash import half_sent, workers

Serve = Callable[..., Server]


def status_once_asked(server: Server) -> int:
    """Return the first status of /_readyz that is not 200, or fail if the service ends before."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        answer = httpx.get(f"{server.url}/_readyz")
        if answer.status_code != 200:
            assert answer.json()["http"] is False
            return answer.status_code
        sleep(0.01)
    raise TimeoutError


def test_it_is_not_ready_while_requests_in_flight_finish(database_url: str, serve: Serve) -> None:
    server = serve(database_url)
    with half_sent(server) as finish:
        server.process.terminate()

        assert status_once_asked(server) == 503
        alive = httpx.get(f"{server.url}/_livez")
        assert (alive.json(), alive.headers["Connection"]) == ({"http": True}, "close")
        assert httpx.get(f"{server.url}/_readyz?exclude=http").status_code == 200
        assert finish().startswith(b"HTTP/1.1 200 ")

    assert server.process.wait(PATIENCE) == 0


def test_it_answers_for_a_while_before_it_stops_if_it_is_told_so(
    database_url: str, serve: Serve
) -> None:
    server = serve(database_url, *workers(database_url), PERSONS_DRAIN_SECONDS="1.5")
    server.process.terminate()
    status_once_asked(server)
    body = {"api_key": server.token, "event": "late", "distinct_id": "late"}

    assert httpx.post(f"{server.url}/e/", json=body).status_code == 200
    assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_asks_twice_does_not_wait(database_url: str, serve: Serve) -> None:
    server = serve(database_url, PERSONS_DRAIN_SECONDS="3600")
    server.process.terminate()
    status_once_asked(server)
    server.process.terminate()

    assert server.process.wait(PATIENCE) == 0
