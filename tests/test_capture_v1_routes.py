import gzip
import json
from typing import Any

import pytest

from tests.capture_recorder import Client, Recorder
from tests.capture_v1_bodies import ADA, ELEVEN, EVE, HEADERS, event

V1 = "/i/v1/analytics/events"


@pytest.fixture
def store() -> Recorder:
    return Recorder()


@pytest.fixture
def client(store: Recorder) -> Client:
    return Client(store)


def batch(*events: Any) -> dict[str, Any]:
    return {"created_at": ELEVEN, "batch": list(events)}


@pytest.mark.parametrize("slash", ["", "/"])
def test_w45_v1_answers_each_event(client: Client, store: Recorder, slash: str) -> None:
    body = batch(event(), event(uuid=EVE, event=...))
    answer = client.post(V1 + slash, json=body, headers=HEADERS)

    assert answer.status_code == 200
    assert answer.json() == {
        "results": {
            ADA: {"result": "ok"},
            EVE: {"result": "drop", "details": "missing_event_name"},
        }
    }
    assert answer.headers["PostHog-Request-Id"] == HEADERS["posthog-request-id"]
    assert answer.headers["X-Position"] == "41"
    assert "Retry-After" not in answer.headers
    assert store.events == ["visit"]


def test_v1_takes_a_content_encoding(client: Client, store: Recorder) -> None:
    body = gzip.compress(json.dumps(batch(event())).encode())
    answer = client.post(V1, content=body, headers=HEADERS | {"content-encoding": "gzip"})

    assert answer.status_code == 200
    assert store.events == ["visit"]


def test_v1_writes_nothing_where_all_is_dropped(client: Client, store: Recorder) -> None:
    answer = client.post(V1, json=batch(event(event="")), headers=HEADERS)

    assert answer.json()["results"][ADA]["result"] == "drop"
    assert (answer.status_code, store.written) == (200, [])


@pytest.mark.parametrize(
    ("changed", "body", "status", "tag"),
    [
        ({"authorization": "Bearer phc_u"}, batch(event()), 401, "invalid_api_token"),
        ({"authorization": ""}, batch(event()), 401, "missing_authorization"),
        ({"content-encoding": "compress"}, batch(event()), 415, "unsupported_encoding"),
        ({"content-encoding": "gzip"}, batch(event()), 400, "request_decoding_error"),
        ({}, batch(), 400, "empty_batch"),
        ({}, batch(event(uuid="7")), 400, "invalid_event_uuid"),
    ],
)
def test_v1_errors_are_json_and_speak_cors(
    client: Client, changed: dict[str, str], body: Any, status: int, tag: str
) -> None:
    headers = HEADERS | {"origin": "https://a.example"} | changed
    answer = client.post(V1, json=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (status, tag)
    assert answer.json().keys() == {"error", "error_description", "error_uri"}
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert answer.headers["PostHog-Request-Id"] == HEADERS["posthog-request-id"]


def test_v1_an_empty_body_is_refused(client: Client) -> None:
    answer = client.post(V1, content=b"", headers=HEADERS | {"content-encoding": "gzip"})

    assert (answer.status_code, answer.json()["error"]) == (400, "empty_body")


def test_v1_an_outage_may_be_retried(client: Client, store: Recorder) -> None:
    store.is_down = True
    answer = client.post(V1, json=batch(event()), headers=HEADERS)

    assert (answer.status_code, answer.json()["error"]) == (503, "service_unavailable")
    assert answer.headers["Retry-After"] == "1"
