"""A service that is killed, stopped or started twice: what was answered is there, once."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import sleep
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from projections.views import PROJECTIONS
from storage.engine import Database
from tests.answered import check, command, opened, stored
from tests.load import Load
from tests.project import Project
from tests.scenario import event
from tests.server import Server

ANSWERS = [3, 40, 41]  # after which the service is killed
Serve = Callable[..., Server]


def views(database: Database) -> dict[str, list[Any]]:
    """Return all rows of all views."""
    with database.reading() as connection:
        return {
            table.name: sorted(connection.execute(select(table)).all(), key=repr)
            for projection in PROJECTIONS
            for table in projection.tables
        }


def refusal(*arguments: str, database_url: str) -> str:
    """Return the one line with which a process of `persons` refuses to start, with status 2."""
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        check=False,
        env=os.environ | {"DATABASE_URL": database_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,  # seconds
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    return ended.stderr


def workers(database_url: str) -> list[str]:
    """Return the options for as many processes as the database allows."""
    return [] if database_url.startswith("sqlite") else ["--workers", "2"]


def test_what_was_answered_outlives_a_kill(database_url: str, serve: Serve) -> None:
    server = serve(database_url, *workers(database_url))
    loads = []
    with opened(database_url) as database:
        for answers in ANSWERS:
            load = Load(server)
            loads.append(load)
            load.kill(after=answers)
            server.restart()
            check(database, server, load)
            load.send_again()
            check(database, server, load)

        every = {uuid for load in loads for sent in load.sent for uuid in sent.uuids}
        assert every == {each["uuid"] for each in stored(database)}
        before = views(database)
        command("rebuild", database_url=database_url)
        assert views(database) == before
    command("verify", database_url=database_url)
    assert server.stop() == 0


def test_commands_work_beside_the_service(database_url: str, serve: Serve) -> None:
    run = partial(command, database_url=database_url)
    server = serve(database_url)
    load = Load(server)
    with load.on(), httpx.Client(base_url=server.url) as http:
        made = json.loads(run("projects", "create", "other", "--json"))
        key = json.loads(run("keys", "create", "--project", "2", "--json"))
        other = Project(http, made["id"], made["token"], key["key"])
        other.capture(event("visit", "mia"))
        run("projects", "set", "2", "filter_noisy_properties=off")
        run("rebuild")
        assert [person.distinct_ids for person in other.persons()] == [["mia"]]
        assert key["key"] not in run("keys", "list")
        run("keys", "revoke", str(key["id"]))
        refused = http.get("/api/projects/2/persons", headers=other.headers)
        assert refused.status_code == 401

    assert all(sent.status == 200 for sent in load.sent)
    with opened(database_url) as database:
        check(database, server, load)


def test_a_stop_finishes_what_is_in_flight(database_url: str, serve: Serve) -> None:
    server = serve(database_url)
    load = Load(server)
    with load.on():
        sleep(0.5)
        with half_sent(server) as finish:
            server.process.terminate()
            sleep(0.3)
            assert finish().startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(30) == 0
    server.restart()

    with opened(database_url) as database:
        assert stored_names(database).count("slow") == 1
        check(database, server, load)
    assert server.stop() == 0


@contextmanager
def half_sent(server: Server) -> Iterator[Callable[[], bytes]]:
    """Send half of a request that the service then waits for.

    Give what sends the rest and returns the answer.
    """
    body = f'{{"api_key":"{server.token}","event":"slow","distinct_id":"slow"}}'.encode()
    headers = f"Host: a\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
    address = httpx.URL(server.url)

    def finish() -> bytes:
        connection.sendall(body[10:])
        return connection.recv(65_536)

    with socket.create_connection((address.host, address.port or 80), timeout=30) as connection:
        connection.sendall(f"POST /e/ HTTP/1.1\r\n{headers}\r\n".encode() + body[:10])
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
        yield finish


def stored_names(database: Database) -> list[str]:
    return [each["event"] for each in stored(database)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_service_on_the_same_file_is_refused(database_url: str, serve: Serve) -> None:
    server = serve(database_url)
    refused = refusal("serve", "--port", "0", database_url=database_url)

    path = database_url.removeprefix("sqlite:///")
    assert refused == f"persons: another service already runs on {path}\n"
    assert httpx.get(f"{server.url}/_readyz").is_success


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_more_workers_than_one_are_refused_on_sqlite(database_url: str) -> None:
    refused = refusal("serve", "--workers", "2", database_url=database_url)

    assert refused == "persons: --workers: more than one worker needs PostgreSQL\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_platform_that_asks_for_many_workers_gets_one_on_sqlite(
    database_url: str, serve: Serve
) -> None:
    server = serve(database_url, WEB_CONCURRENCY="4")

    assert server.stop() == 0
