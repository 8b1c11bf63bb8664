"""What is too much: requests at once, requests in a while, and queries that do not end."""

from collections.abc import Callable
from contextlib import ExitStack

import httpx
import psycopg
import pytest
from sqlalchemy import Connection, text

from storage.engine import Database
from storage.errors import QueryTimeoutError
from storage.migrate import migrate
from storage.postgresql import READING
from tests import service
from tests.server import Server
from tests.service import Client
from tests.test_crash import half_sent

PERSONS = "/api/projects/@current/persons"
COUNTING = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
ENDLESS = {
    "sqlite": f"{COUNTING}) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}
only_once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@only_once
def test_one_request_too_many_is_told_to_come_again(
    database_url: str, serve: Callable[..., Server]
) -> None:
    server = serve(database_url, PERSONS_MAX_REQUESTS="2")
    with ExitStack() as stack:
        finish = [stack.enter_context(half_sent(server)) for _ in range(2)]
        refused = httpx.get(f"{server.url}/api/schema")
        captured = httpx.post(f"{server.url}/e/", headers={"Origin": "https://a.example"})
        health = [httpx.get(server.url + path) for path in ("/_livez", "/_readyz")]
        done = [each() for each in finish]

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.json()["code"] == "too_many_requests_at_once"
    assert "X-Request-Id" in refused.headers
    assert captured.status_code == 503
    assert captured.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert [each.status_code for each in health] == [200, 200]
    assert all(each.startswith(b"HTTP/1.1 200 ") for each in done)
    assert httpx.get(f"{server.url}/api/schema").status_code == 200


@only_once
def test_bodies_that_are_too_much_together_are_told_to_come_again(
    database_url: str, serve: Callable[..., Server]
) -> None:
    server = serve(database_url, PERSONS_MAX_BODY_MIB="1")
    large = {"api_key": server.token, "event": "visit", "distinct_id": "ada", "n": "x" * 2**20}
    with half_sent(server) as finish:
        refused = httpx.post(f"{server.url}/e/", json=large)
        small = httpx.post(f"{server.url}/e/", json=large | {"n": ""})
        done = finish()
    alone = httpx.post(f"{server.url}/e/", json=large)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert small.status_code == alone.status_code == 200
    assert done.startswith(b"HTTP/1.1 200 ")


@only_once
def test_a_key_that_asks_too_often_is_told_when_it_may_again(database_url: str) -> None:
    with service.running(database_url, persons_rate_limit="100/hour;3/minute") as client:
        answers = [client.get(PERSONS) for _ in range(5)]
        captured = client.post(
            "/capture/", json={"api_key": Server.token, "event": "e", "distinct_id": "ada"}
        )

    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    wait = int(answers[3].headers["Retry-After"])
    assert 50 <= wait <= 60
    assert answers[3].json() == {
        "type": "throttled_error",
        "code": "throttled",
        "detail": f"Request was throttled. Expected available in {wait} seconds.",
        "attr": None,
    }
    assert captured.status_code == 200


@only_once
def test_keys_are_counted_each_by_itself_and_unknown_ones_not_at_all(database_url: str) -> None:
    with service.running(database_url, persons_rate_limit="1/minute") as client:
        unknown = [
            client.get(PERSONS, headers={"Authorization": "Bearer phx_unknown"}).status_code
            for _ in range(3)
        ]
        first = client.get(PERSONS).status_code

    assert (unknown, first) == ([401, 401, 401], 200)


def test_there_is_no_rate_limit_unless_it_is_asked_for(shared_client: Client) -> None:
    assert {shared_client.get(PERSONS).status_code for _ in range(300)} == {200}


def test_a_query_that_takes_too_long_is_ended_and_says_so(database_url: str) -> None:
    with service.running(database_url, persons_query_seconds=1e-6) as client:
        answers = [client.get(PERSONS, params=each) for each in ({}, {"as_of": "1"})]
        captured = client.post(
            "/capture/", json={"api_key": Server.token, "event": "e", "distinct_id": "ada"}
        )
        one = client.get(f"{PERSONS}/1")

    for answer in answers:
        assert answer.status_code == 504
        assert answer.json()["code"] == "query_timeout"
        assert "1e-06 seconds" in answer.json()["detail"]
    assert (captured.status_code, one.status_code) == (200, 200)


def test_the_database_itself_ends_an_endless_query(database_url: str) -> None:
    database = Database(database_url)
    endless = ENDLESS[database.url.get_backend_name()]
    migrate(database)

    for _ in range(20):  # more often than there are connections
        with pytest.raises(QueryTimeoutError), database.reading(seconds=0.02) as connection:
            connection.execute(text(endless))
    with database.reading() as connection:
        slept = slow(connection)

    assert slept == 1
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_table_that_is_locked_for_long_keeps_nobody_waiting(database_url: str) -> None:
    with service.running(database_url, persons_query_seconds=0.2) as client:
        with psycopg.connect(database_url) as other:
            other.execute(f"LOCK TABLE {READING} IN ACCESS EXCLUSIVE MODE")
            refused = client.get(PERSONS)
        listed = client.get(PERSONS)

    assert (refused.status_code, refused.json()["code"]) == (504, "query_timeout")
    assert listed.status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_says_nothing_is_not_ready_and_not_up(
    client: Client, database_url: str
) -> None:
    with psycopg.connect(database_url) as other:
        other.execute(f"LOCK TABLE {READING} IN ACCESS EXCLUSIVE MODE")
        ready = client.get("/_readyz")
        metrics = client.get("/metrics")

    assert (ready.status_code, ready.json()["database"]) == (503, False)
    assert "\npersons_store_up 0.0\n" in metrics.text
    assert client.get("/_readyz").status_code == 200


def slow(connection: Connection) -> int:
    """Ask what takes longer than was allowed before."""
    is_postgresql = connection.dialect.name == "postgresql"
    query = (
        "SELECT 1 FROM pg_sleep(0.1)"
        if is_postgresql
        else f"{COUNTING} LIMIT 500000) SELECT min(i) FROM n"
    )
    return int(connection.execute(text(query)).scalar_one())
