import gzip
import json

import pytest

from api.capture.intake import MAX_BODY
from domain.events import Actor
from tests.capture_bodies import batch, event
from tests.capture_recorder import NOW, Client, Recorder

ORIGIN = {"Origin": "https://a.example"}
V1 = "/i/v1/analytics/events"


@pytest.fixture
def store() -> Recorder:
    return Recorder()


@pytest.fixture
def client(store: Recorder) -> Client:
    return Client(store)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    "path", ["/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage", "/i/v0/ai/batch"]
)
def test_w01_every_path_takes_every_shape(
    client: Client, store: Recorder, path: str, slash: str
) -> None:
    for body in (event(), [event(), event()], batch(event())):
        answer = client.post(path + slash, json=body)

        assert (answer.status_code, answer.json()) == (200, {"status": 1})
        assert answer.headers["X-Position"] == "41"
    assert store.events == ["visit"] * 4


def test_what_is_written_says_who_and_when(client: Client, store: Recorder) -> None:
    client.post("/e/", json=event())
    (written,) = store.written

    assert (written.project_id, written.actor) == (7, Actor("token", "phc_t"))
    assert written.at == NOW


@pytest.mark.parametrize("query", ["data={}", "ip=1&data={}&_=1717243210000"])
def test_an_event_may_come_in_the_query(client: Client, store: Recorder, query: str) -> None:
    answer = client.get("/e/?" + query.format(json.dumps(event())))

    assert answer.status_code == 200
    assert store.events == ["visit"]


def test_an_event_without_a_name_identifies_on_engage_only(client: Client, store: Recorder) -> None:
    assert client.post("/engage/", json=event(event=...)).status_code == 200
    assert client.post("/e/", json=event(event=...)).status_code == 400
    assert store.events == ["$identify"]


def test_a_beacon_gets_no_content(client: Client, store: Recorder) -> None:
    answer = client.post("/e/?beacon=1", content=gzip.compress(json.dumps(event()).encode()))

    assert (answer.status_code, answer.content) == (204, b"")
    assert store.events == ["visit"]


def test_w31_bad_and_refused_events_are_named(client: Client, store: Recorder) -> None:
    store.refuses = {"refused"}
    body = batch(event(event="refused"), event(), event(distinct_id=""))
    answer = client.post("/batch/", json=body)

    assert answer.status_code == 200
    assert answer.json() == {
        "status": 1,
        "skipped": [
            {"index": 0, "detail": "no"},
            {"index": 2, "detail": "event submitted without a distinct_id"},
        ],
    }


def test_a_request_whose_events_are_all_refused_is_refused(client: Client, store: Recorder) -> None:
    store.refuses = {"visit"}
    answer = client.post("/e/", json=event())

    assert (answer.status_code, answer.text) == (400, "no")


def test_nothing_is_written_for_events_that_vanish(client: Client, store: Recorder) -> None:
    answer = client.post("/e/", json=event(event="$performance_event"))

    assert (answer.status_code, answer.json(), store.written) == (200, {"status": 1}, [])


def test_errors_are_plain_text_and_speak_cors(client: Client) -> None:
    for body, status in [(b"", 400), (json.dumps(event(api_key="phc_u")).encode(), 401)]:
        answer = client.post("/e/", content=body, headers=ORIGIN)

        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "project API key" in answer.text


def test_w39_too_large_a_body_is_refused(client: Client) -> None:
    answer = client.post("/e/", content=b" " * (MAX_BODY + 1), headers=ORIGIN)

    assert answer.status_code == 413
    assert answer.text.startswith("maximum event size exceeded")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"


def test_an_outage_may_be_retried(client: Client, store: Recorder) -> None:
    store.is_down = True
    answer = client.post("/e/", json=event(), headers=ORIGIN)

    assert (answer.status_code, answer.text) == (503, "transient error, please retry")
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After, X-Position"


def test_a_large_body_is_translated_too(client: Client, store: Recorder) -> None:
    events = [event(properties={"x": "x" * 600_000}), event(properties={"x": "x" * 600_000})]

    assert client.post("/batch/", json=batch(*events)).status_code == 200
    assert store.events == ["visit", "visit"]


@pytest.mark.parametrize("path", ["/e/", "/batch", V1, "/flags/", "/array/phc_t/config"])
def test_a_preflight_is_granted(client: Client, path: str) -> None:
    asked = ORIGIN | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-anything",
    }
    answer = client.options(path, headers=asked)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type, x-anything"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
    assert client.options(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/batch/", 405),
        ("DELETE", V1, 405),
        ("POST", "/batch/more", 404),
        ("GET", "/i/v9/e/", 404),
        ("GET", "/array/phc_t/unknown.js", 404),
    ],
)
def test_what_is_not_there_says_so_to_any_page(
    client: Client, method: str, path: str, status: int
) -> None:
    answer = client.ask(method, path, headers=ORIGIN)

    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_a_session_recording_is_accepted_and_thrown_away(client: Client, store: Recorder) -> None:
    answer = client.post("/s/", content=b"anything")

    assert (answer.status_code, answer.json(), store.written) == (200, {"status": 1}, [])
