import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api import positions
from tests.doors import PERSONS, Capture
from tests.postgres import Postgres
from tests.server import Server
from tests.service import Client


def seen(position: int | str) -> dict[str, str]:
    return {"X-Min-Position": str(position)}


def test_a_read_sees_the_position_of_a_write(client: Client, capture: Capture) -> None:
    capture("$set", "ada")
    written = client.patch(f"{PERSONS}/1", json={"properties": {"x": 1}})

    read = client.get(f"{PERSONS}/1", headers=seen(written.headers["X-Position"]))

    assert written.headers["X-Position"] == "3"
    assert read.json()["properties"]["x"] == 1


@pytest.mark.parametrize("path", ["", "/1", "/changes", "/1/history", "/activity", "/values?key=x"])
def test_every_read_waits(client: Client, capture: Capture, path: str) -> None:
    capture("$set", "ada")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.get, PERSONS + path, headers=seen(3))
        time.sleep(0.1)
        assert not waiting.done()
        capture("$set", "ada", {"$set": {"x": 1}})

        assert waiting.result(timeout=5).status_code == 200


def test_a_position_that_does_not_come_is_told_to_be_tried_again(
    client: Client, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "PATIENCE", 0.1)
    capture("$set", "ada")

    answer = client.get(f"{PERSONS}/1", headers=seen(99))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json() == {
        "type": "server_error",
        "code": "service_unavailable",
        "detail": "The log has come to position 2, not to 99 yet. Please try again.",
        "attr": None,
    }


@pytest.mark.parametrize("position", ["", "x", "-1", "1.5", "9" * 30])
def test_what_is_no_position_is_refused(client: Client, position: str) -> None:
    answer = client.get(PERSONS, headers=seen(position))

    assert (answer.status_code, answer.json()["attr"]) == (400, "X-Min-Position")


def test_writes_are_read_on_any_worker(postgres: Postgres, serve: Callable[..., Server]) -> None:
    with postgres.database() as url:
        server = serve(url, "--workers", "2")
        headers = {"Authorization": f"Bearer {server.key}"}
        for number in range(50):
            # A new connection each: it may come to either worker.
            with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
                event = {"event": "$set", "distinct_id": "ada", "$set": {"n": number}}
                written = http.post("/capture/", json=event | {"api_key": server.token})
            with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
                read = http.get(f"{PERSONS}/1", headers=seen(written.headers["X-Position"]))
            assert read.json()["properties"]["n"] == number
        server.stop()
