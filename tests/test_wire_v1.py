"""Capture v1 over the wire: the cases W45 to W48, into a real store on both databases."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import httpx
import pytest
import zstandard

from tests.scenario import NAMESPACE
from tests.service import Client
from tests.wire import Wire, wired

V1 = "/i/v1/analytics/events"
HEADERS = {
    "Authorization": "Bearer phc_t",
    "Content-Type": "application/json",
    "PostHog-Sdk-Info": "posthog-python/7.91.1",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": str(NAMESPACE),
    "PostHog-Request-Timestamp": "2024-06-01T12:00:00Z",
}
ORIGIN = {"Origin": "https://a.example"}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.fixture
def wire(shared_client: Client) -> Iterator[Wire]:
    with wired(shared_client) as new_wire:
        yield new_wire


def uuid(number: int) -> str:
    return f"0189c5de-0000-7000-8000-{number:012}"


def event(number: int, **fields: Any) -> dict[str, Any]:
    """Return an event with these fields; one that is ... is left out."""
    base = {
        "event": "visit",
        "uuid": uuid(number),
        "distinct_id": "mia",
        "timestamp": "2024-06-01T11:00:00Z",
    }
    return {name: value for name, value in (base | fields).items() if value is not ...}


def send(wire: Wire, *events: Any, encoding: str = "", **headers: str) -> httpx.Response:
    body = {"created_at": "2024-06-01T12:00:00Z", "batch": list(events)}
    packed = PACKINGS.get(encoding, bytes)(json.dumps(body).encode())
    return wire.send(V1, content=packed, headers=HEADERS | {"Content-Encoding": encoding} | headers)


@pytest.mark.parametrize("encoding", PACKINGS)
def test_w45_each_event_gets_its_verdict(wire: Wire, encoding: str) -> None:
    answer = send(
        wire,
        event(1, properties={"$set": {"a": 1}}),
        event(2, event=...),
        event(3, distinct_id="x" * 201),
        event(4, timestamp="soon"),
        event(5, properties=[]),
        event(6, options={"cookieless_mode": "perhaps"}),
        event(7, event="$performance_event"),
        encoding=encoding,
    )

    assert answer.status_code == 200
    assert answer.json()["results"] == {
        uuid(1): {"result": "ok"},
        uuid(2): {"result": "drop", "details": "missing_event_name"},
        uuid(3): {"result": "drop", "details": "distinct_id_too_large"},
        uuid(4): {"result": "drop", "details": "invalid_event_timestamp"},
        uuid(5): {"result": "drop", "details": "malformed_event_properties"},
        uuid(6): {"result": "drop", "details": "invalid_options"},
        uuid(7): {"result": "drop", "details": "dropped_performance_event"},
    }
    assert answer.headers["posthog-request-id"] == str(NAMESPACE)
    assert wire.names() == ["visit"]
    assert [person.properties for person in wire.persons()] == [{"a": 1}]


def test_w45_an_event_that_comes_again_is_ok(wire: Wire) -> None:
    send(wire, event(1, properties={"$set": {"a": 1}}))
    send(wire, event(2, properties={"$set": {"a": 2}}))
    answer = send(wire, event(1, properties={"$set": {"a": 1}}), event(3))

    assert [each["result"] for each in answer.json()["results"].values()] == ["ok", "ok"]
    assert wire.names() == ["visit"] * 3
    assert [person.properties for person in wire.persons()] == [{"a": 2}]


def test_w45_a_warning_is_told(wire: Wire) -> None:
    merge = {"$anon_distinct_id": "null"}
    answer = send(wire, event(1, event="$identify", properties=merge))

    assert answer.json()["results"] == {
        uuid(1): {"result": "warning", "details": "cannot_merge_with_illegal_distinct_id"}
    }


@pytest.mark.parametrize(
    ("events", "headers", "status", "tag"),
    [
        ([event(1, uuid=...), event(2, uuid="x")], {}, 400, "missing_event_uuid"),
        ([event(2, uuid="x"), event(1, uuid=...)], {}, 400, "invalid_event_uuid"),
        ([], {}, 400, "empty_batch"),
        ([event(1)], {"PostHog-Attempt": "0"}, 400, "invalid_header_value"),
        ([event(1)], {"PostHog-Attempt": ""}, 400, "missing_required_headers"),
        ([event(1)], {"Authorization": "Bearer phc_u"}, 401, "invalid_api_token"),
        ([event(1)], {"Authorization": "phc_t"}, 401, "missing_authorization"),
        ([event(1)], {"Content-Type": "text/plain"}, 415, "unsupported_content_type"),
        ([event(1)], {"Content-Encoding": "banana"}, 415, "unsupported_encoding"),
        ([event(1)], {"Content-Encoding": "gzip"}, 400, "request_decoding_error"),
    ],
)
def test_w46_what_is_refused_leaves_nothing(
    wire: Wire, events: list[Any], headers: dict[str, str], status: int, tag: str
) -> None:
    answer = send(wire, *events, **headers, **ORIGIN)

    assert (answer.status_code, answer.json()["error"]) == (status, tag)
    assert answer.json().keys() == {"error", "error_description", "error_uri"}
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert wire.names() == []


def test_w46_an_event_without_a_uuid_of_its_own_is_skipped_and_the_rest_stored(wire: Wire) -> None:
    answer = send(wire, event(1), event(2, uuid=...), event(1, event="again"), event(3))

    assert answer.status_code == 200
    assert answer.json() == {
        "results": {uuid(1): {"result": "ok"}, uuid(3): {"result": "ok"}},
        "skipped": [
            {"index": 1, "detail": "an event has no uuid"},
            {"index": 2, "detail": f"{uuid(1)} comes twice"},
        ],
    }
    assert wire.names() == ["visit", "visit"]


@pytest.mark.parametrize("distinct_id", ["anonymous", " Guest ", "NULL", "0", "[object Object]"])
def test_w47_strangers_share_no_person(wire: Wire, distinct_id: str) -> None:
    answer = send(wire, event(1, distinct_id=distinct_id, properties={"$set": {"a": 1}}))

    assert answer.json()["results"] == {
        uuid(1): {"result": "ok", "details": "person_processing_disabled"}
    }
    assert wire.names() == ["visit"]
    assert wire.persons() == []


def test_w48_options_become_properties(wire: Wire) -> None:
    options = {"process_person_profile": "0", "disable_skew_correction": True}
    send(wire, event(1, options=options, session_id="s", distinct_id=" mia "))
    (kept,) = wire.kept()

    assert kept.distinct_id == "mia"
    assert kept.properties == {
        "$process_person_profile": False,
        "$ignore_sent_at": True,
        "$session_id": "s",
        "$lib": "posthog-python",
        "$lib_version": "7.91.1",
    }
    assert kept.timestamp.isoformat() == "2024-06-01T11:00:00+00:00"
    assert wire.persons() == []
