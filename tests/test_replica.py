"""Reads from a real streaming replica: whatever it lags, every read sees every answered write."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, text

from api.cli import main
from tests import service
from tests.doors import PERSONS
from tests.replica import Replicated, replicated
from tests.server import Server
from tests.service import Client

PATIENCE = 30  # seconds until the replica is trusted again
READS = ["", "/1", "/1/history", "/1/events", "/changes", "/1/blame", "/1/properties_timeline"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with replicated(tmp_path_factory.mktemp("replicated")) as servers:
        yield servers


@pytest.fixture(scope="module")
def client(pair: Replicated) -> Iterator[Client]:
    with service.running(pair.url, read_database_url=pair.replica_url) as new_client:
        yield new_client


def write(http: httpx.Client, number: int) -> None:
    event = {"event": "$set", "distinct_id": "ada", "$set": {"n": number}}
    answer = http.post("/capture/", json=event | {"api_key": Server.token})
    assert answer.status_code == 200, answer.text


def listed(http: httpx.Client) -> int:
    answer = http.get(PERSONS, params={"distinct_id": "ada"})
    assert answer.status_code == 200, answer.text
    (person,) = answer.json()["results"]
    number: int = person["properties"]["n"]
    return number


def is_read_from_replica(client: Client) -> bool:
    def query(connection: Connection) -> bool:
        return bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one())

    return asyncio.run(client.store.read(query))


def wait_for_replica(client: Client) -> None:
    end = monotonic() + PATIENCE
    while not is_read_from_replica(client):
        assert monotonic() < end
        sleep(0.05)


def test_the_replica_answers_and_has_what_was_just_written(client: Client) -> None:
    for number in range(30):
        write(client, number)
        assert listed(client) == number

    wait_for_replica(client)
    assert listed(client) == 29


def test_the_primary_answers_while_the_replica_lags(client: Client, pair: Replicated) -> None:
    write(client, 1)
    wait_for_replica(client)
    pair.pause()
    try:
        before = {path: client.get(PERSONS + path).text for path in READS}
        write(client, 2)
        after = {path: client.get(PERSONS + path).text for path in READS}

        assert [path for path in READS if before[path] == after[path]] == []
        assert not is_read_from_replica(client)
        position = client.get(f"{PERSONS}/changes").json()["position"]
        waited = client.get(PERSONS, headers={"X-Min-Position": str(position)})
        assert waited.json()["results"][0]["properties"]["n"] == 2
    finally:
        pair.resume()
    wait_for_replica(client)


def test_a_write_that_leaves_the_log_as_it_is_is_seen_too(client: Client, pair: Replicated) -> None:
    write(client, 1)
    wait_for_replica(client)
    pair.pause()
    try:
        client.post(f"{PERSONS}/1/delete_events")
        queued = client.get(f"{PERSONS}/deletion_status").json()["results"]
        nobody = {"distinct_id": "ada", "properties": {"$anon_distinct_id": "null"}}
        client.post("/capture/", json=nobody | {"event": "$identify", "api_key": Server.token})
        warned = client.get("/api/projects/1/ingestion_warnings").json()["results"]
    finally:
        pair.resume()

    assert len(queued) == 1
    assert len(warned) == 1


def test_a_replica_that_comes_and_goes_is_never_noticed(
    pair: Replicated, tmp_path: Path, serve: Callable[..., Server]
) -> None:
    with replicated(tmp_path) as own:
        server = serve(own.url, "--workers", "2", READ_DATABASE_URL=own.replica_url)
        headers = {"Authorization": f"Bearer {server.key}"}

        def live(name: str) -> None:
            for number in range(50):
                # A new connection each: it may come to either worker.
                with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
                    event = {"event": "$set", "distinct_id": name, "$set": {"n": number}}
                    written = http.post("/capture/", json=event | {"api_key": server.token})
                    assert written.status_code == 200
                with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
                    read = http.get(PERSONS, params={"distinct_id": name}).json()["results"]
                assert read[0]["properties"]["n"] == number

        with ThreadPoolExecutor() as pool:
            living = [pool.submit(live, name) for name in ("ada", "eve", "bob")]
            sleep(0.2)
            own.pause()
            sleep(0.2)
            own.resume()
            sleep(0.2)
            own.stop()
            for each in living:
                each.result(timeout=120)
        server.restart()
        live("mia")
        assert server.stop() == 0
        assert "The replica cannot be read now, so the primary is: " in server.log.read_text()


def refused(**environment: str) -> str:
    ended = CliRunner(env=environment).invoke(main, ["serve", "--port", "0"])
    assert ended.exit_code == 2
    return ended.output


def test_what_is_no_replica_is_refused(pair: Replicated, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/persons.db"
    other = f"{pair.replica_url.removesuffix('postgres')}template1"

    for database_url, read_url in [(url, pair.replica_url), (pair.url, url), (url, url)]:
        told = refused(DATABASE_URL=database_url, READ_DATABASE_URL=read_url)
        assert told == "persons: READ_DATABASE_URL: only PostgreSQL has replicas, SQLite has none\n"
    for read_url in (pair.url, other):
        told = refused(DATABASE_URL=pair.url, READ_DATABASE_URL=read_url)
        assert told == "persons: READ_DATABASE_URL: this is no streaming replica of DATABASE_URL\n"
