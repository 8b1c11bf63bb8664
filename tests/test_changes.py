import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from projections.rebuilding.rebuild import rebuild
from tests.annals import get, head, person, types
from tests.doors import PERSONS, Capture
from tests.server import PATIENCE, Server
from tests.service import Client

FEED = f"{PERSONS}/changes"


def test_the_feed_tells_what_happened_in_the_order_of_the_log(
    client: Client, capture: Capture
) -> None:
    capture("$set", "visitor", {"$set": {"color": "red"}})
    capture("$set", "ada", {"$set": {"plan": "free"}})
    capture("$identify", "ada", {"$anon_distinct_id": "visitor", "$set": {"plan": "pro"}})
    client.delete(f"{PERSONS}/2")

    page = get(client, "/changes")

    assert types(page["results"]) == [
        "PersonCreated",
        "PropertySet",
        "PersonCreated",
        "PropertySet",
        "MergedInto",
        "Merged",
        "Identified",
        "PropertySet",
        "Deleted",
    ]
    assert [each["position"] for each in page["results"]] == list(range(1, 10))
    assert (page["position"], page["next"]) == (9, None)
    assert page["results"][7] == get(client, "/2/history")["results"][-2]
    assert page["results"][7]["changes"] == [{"key": "plan", "before": "free", "after": "pro"}]


def test_pages_go_on_from_where_they_end(client: Client, capture: Capture) -> None:
    for number in range(4):
        capture("$set", "ada", {"$set": {"n": number}})

    first = get(client, "/changes", limit=2)
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    assert [page["position"] for page in (first, second, third)] == [2, 4, 5]
    assert third["next"] is None
    everything = first["results"] + second["results"] + third["results"]
    assert everything == get(client, "/changes")["results"]
    assert get(client, "/changes", after=5) == {"results": [], "position": 5, "next": None}


def test_a_filtered_page_says_up_to_where_it_looked(client: Client, capture: Capture) -> None:
    for name in ("a", "b", "c"):
        capture("$set", name, {"$set": {"n": 1}})

    first = get(client, "/changes", type="PersonCreated", limit=2)
    rest = client.get(first["next"]).json()
    by_topic = get(client, "/changes", topic="PersonCreated", limit=2)

    assert [each["position"] for each in first["results"]] == [1, 3]
    assert by_topic["results"] == first["results"]
    assert ([each["position"] for each in rest["results"]], rest["position"]) == ([5], 6)
    assert get(client, "/changes", type=["Merged", "PersonCreated"])["position"] == 6
    assert get(client, "/changes", type="Merged") == {"results": [], "position": 6, "next": None}


def test_where_a_type_is_rare_a_page_may_be_empty_and_lead_on(
    client: Client, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.feed.MAX_LOOKED", 3)
    for number in range(6):
        capture("$set", "ada", {"$set": {"n": number}})
    client.delete(f"{PERSONS}/1")

    page = get(client, "/changes", type="Deleted")
    pages = 1
    while page["next"]:
        assert (page["results"], page["position"]) == ([], pages * 3)
        page = client.get(page["next"]).json()
        pages += 1

    assert types(page["results"]) == ["Deleted"]
    # Who waits is led on at once.
    assert types(get(client, "/changes", type="Deleted", wait=30)["results"]) == ["Deleted"]


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=-1",
        "after=3",
        "limit=0",
        "wait=-1",
        "wait=x",
        "type=Nothing",
        "topic=Nothing",
        "type=ada",
    ],
)
def test_what_cannot_be_asked_is_refused(client: Client, capture: Capture, query: str) -> None:
    capture("$set", "ada")

    assert client.get(f"{FEED}?{query}").status_code == 400


def test_who_waits_gets_the_next_event_at_once(client: Client, capture: Capture) -> None:
    capture("$set", "ada")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(get, client, "/changes", after=2, wait=30)
        time.sleep(0.2)
        assert not waiting.done()
        capture("$set", "ada", {"$set": {"plan": "free"}})
        page = waiting.result(timeout=5)

    assert (types(page["results"]), page["position"]) == (["PropertySet"], 3)


def test_who_waits_for_a_type_is_not_woken_by_others(client: Client, capture: Capture) -> None:
    capture("$set", "ada")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(get, client, "/changes", after=2, wait=30, type="Deleted")
        capture("$set", "ada", {"$set": {"plan": "free"}})
        time.sleep(0.3)
        assert not waiting.done()
        client.delete(f"{PERSONS}/1")
        page = waiting.result(timeout=5)

    assert (types(page["results"]), page["position"]) == (["Deleted"], 4)


def test_who_waits_in_vain_is_told_so(client: Client, capture: Capture) -> None:
    capture("$set", "ada")
    started = time.monotonic()

    assert get(client, "/changes", after=2, wait=0.2) == {
        "results": [],
        "position": 2,
        "next": None,
    }
    assert time.monotonic() - started >= 0.2


def write(client: Client, capture: Capture, number: int) -> None:
    """Let much happen to one person."""
    name = f"user {number}"
    for step in range(20):
        capture("$set", name, {"$set": {"step": step}})
        capture("$identify", name, {"$anon_distinct_id": f"a{number}-{step}"})
        if step % 5 == 0:
            path = f"{PERSONS}/{person(client, name)['uuid']}"
            client.patch(path, json={"properties": {"edited": step}})


def follow(client: Client, limit: int, is_over: Callable[[], bool]) -> list[dict[str, Any]]:
    """Return the whole feed, read until nothing more is going to come."""
    found: list[dict[str, Any]] = []
    position = 0
    while True:
        was_over = is_over()  # before the page was read: so that has all that was written
        page = get(client, "/changes", after=position, limit=limit, wait=0.1)
        found += page["results"]
        position = page["position"]
        if was_over and not page["results"]:
            return found


def test_nothing_is_skipped_or_repeated_while_many_write_and_views_are_rebuilt(
    client: Client, capture: Capture
) -> None:
    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write, client, capture, number) for number in range(4)]

        def is_over() -> bool:
            return all(each.done() for each in writers)

        followers = [pool.submit(follow, client, limit, is_over) for limit in (1, 7, 100)]
        while not is_over():
            rebuild(client.store.database)
        for each in writers:
            each.result()
        feeds = [each.result() for each in followers]

    positions = list(range(1, head(client) + 1))
    assert [[each["position"] for each in feed] for feed in feeds] == [positions] * 3
    assert feeds[0] == feeds[1] == feeds[2]


def test_a_service_that_stops_lets_nobody_wait(
    database_url: str, serve: Callable[..., Server]
) -> None:
    server = serve(database_url)
    port = urlsplit(server.url).port
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as waiting:
        authorized = {"Authorization": f"Bearer {server.key}"}
        waiting.request("GET", f"{FEED}?wait={PATIENCE}", headers=authorized)
        # It has been sent, so it has come to the service before these, which came later.
        for _ in range(3):
            httpx.get(f"{server.url}/_livez", trust_env=False).raise_for_status()
        server.process.terminate()
        status = server.process.wait(PATIENCE / 2)

        assert (status, json.load(waiting.getresponse())["results"]) == (0, [])
