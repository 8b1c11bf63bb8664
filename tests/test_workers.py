"""Several workers on one database: whichever of them answers, the laws are those of one."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from api.service.verifying import Verifying
from api.settings import Settings
from storage.engine import Database
from tests import service
from tests.answered import check, command, opened
from tests.audited import audited, new_life, wait_for_verification
from tests.doors import PERSONS
from tests.folding import Folding, exact
from tests.lives import march
from tests.load import Load
from tests.postgres import Postgres
from tests.server import Server
from tests.service import Client
from tests.test_laws import Laws
from tests.witness import view

LIVES = 15  # of up to 25 steps


class InTurn(httpx.BaseTransport):
    """Lets several services answer, each request by the next of them."""

    def __init__(self, *services: Client) -> None:
        self._transports = cycle([each.transport for each in services])

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return next(self._transports).handle_request(request)


@pytest.fixture
def client(postgres: Postgres) -> Iterator[Client]:
    """A client of two services with threads and connections of their own, which answer in turn."""
    with (
        postgres.database() as url,
        service.running(url) as one,
        service.serving(Database(url), Settings(), one.clock) as two,
        Client(one.app, InTurn(one, two), one.clock) as both,
    ):
        yield both


def test_the_laws_hold_whoever_answers(client: Client) -> None:
    machine: Any = lambda: Laws(client)  # noqa: E731 - it is called like the class
    chosen = settings(max_examples=LIVES, stateful_step_count=25)
    run_state_machine_as_test(machine, settings=chosen)


def test_one_worker_verifies_for_all(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    code = f"open({str(runs)!r}, 'a').write('x'); from api.cli import main; main(['verify'])"
    monkeypatch.setattr("api.service.verifying.COMMAND", [sys.executable, "-c", code])
    with postgres.database() as url, audited(url) as database, new_life(database):
        others = [Database(url) for _ in range(3)]
        verifying = [Verifying(each, lambda: march(1), hours=24, look=0.02) for each in others]
        wait_for_verification(database)
        sleep(0.3)
        for each, other in zip(verifying, others, strict=True):
            each.close()
            other.close()

    assert runs.read_text() == "x"


class Follower:
    """Follows a project's change feed, each page from whichever worker answers."""

    def __init__(self, server: Server) -> None:
        self.folding = Folding()
        self.position = 0
        self.is_over = Event()
        self._server = server
        self._thread = Thread(target=self._follow)
        self._thread.start()

    def stop(self) -> None:
        """End at the end of the log."""
        self.is_over.set()
        self._thread.join()

    def _follow(self) -> None:
        is_last = False
        while not is_last:
            is_last = self.is_over.is_set()
            while self._page():
                pass

    def _page(self) -> bool:
        query = {"after": self.position, "limit": 50}
        headers = {"Authorization": f"Bearer {Server.key}"}
        with httpx.Client(base_url=self._server.url, headers=headers, trust_env=False) as http:
            try:
                page = http.get(f"{PERSONS}/changes", params=query).json()
            except httpx.TransportError:
                return True  # that worker was just killed
        for event in page["results"]:
            assert event["position"] == self.position + 1
            self.folding.happen(event)
            self.position += 1
        return bool(page["results"])


def test_a_worker_that_is_killed_takes_nothing_with_it(
    postgres: Postgres, serve: Callable[..., Server]
) -> None:
    with postgres.database() as url:
        server = serve(url, "--workers", "3")
        load, follower = Load(server), Follower(server)
        with load.on():
            sleep(0.5)
            os.kill(min(server.workers()), signal.SIGKILL)
            sleep(1)
        load.send_again()
        follower.stop()

        assert len(load.answered) > 20
        with opened(url) as database:
            check(database, server, load)
        check_followed(follower, server)
        command("verify", database_url=url)
        assert server.stop() == 0


def check_followed(follower: Follower, server: Server) -> None:
    """See that the feed, as it was read while many wrote, gives the persons that there are."""
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
        listed = http.get(PERSONS, params={"limit": 10_000}).json()["results"]
    assert exact(view(listed)) == exact(follower.folding.view())
