"""Capture over the wire: the cases W01 to W44, into a real store on both databases."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.scenario import identify
from tests.service import Client
from tests.wire import Wire, wired
from tests.wire_cases import ACCEPTED, ENGAGED, PATHS, REFUSED, Accepted, B, Refused, b, batch

ORIGIN = {"Origin": "https://a.example"}
ALLOWED = ("access-control-allow-origin", "https://a.example")


@pytest.fixture
def wire(shared_client: Client) -> Iterator[Wire]:
    with wired(shared_client) as new_wire:
        yield new_wire


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_accepted_is_kept(wire: Wire, case: Accepted) -> None:
    answer = wire.send(case.path, case.method, **case.options)

    assert (answer.status_code, answer.json()) == (200, {"status": 1})
    assert tuple(wire.names()) == case.kept


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_leaves_nothing(wire: Wire, case: Refused) -> None:
    options = case.options | {"headers": case.options.get("headers", {}) | ORIGIN}
    answer = wire.send(case.path, **options)

    assert (answer.status_code, answer.text[: len(case.text)]) == (case.status, case.text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert ALLOWED in answer.headers.items()
    assert (wire.names(), wire.persons()) == ([], [])


@pytest.mark.parametrize("name", [name for name in ACCEPTED if name < "W18"])
def test_no_packing_changes_what_is_inside(wire: Wire, name: str) -> None:
    case = ACCEPTED[name]
    wire.send(case.path, case.method, **case.options)

    for kept in wire.kept():
        assert (kept.distinct_id, kept.properties["q"]) == ("mia", ">>>???é")


def test_w29_the_distinct_id_may_stand_in_the_properties(wire: Wire) -> None:
    wire.send("/e/", json=b(distinct_id=None, properties={"distinct_id": "x"}))

    assert [each.distinct_id for each in wire.kept()] == ["x"]


def test_w02_a_batch_is_kept_in_its_order(wire: Wire) -> None:
    personless = {"$process_person_profile": False}
    uuids = [f"0189c5de-0000-7000-8000-00000000000{digit}" for digit in "3120"]
    events = [b(event=each[-1], uuid=each, properties=personless) for each in uuids]
    wire.send("/batch/", json=batch(*events))

    assert wire.names() == ["3", "1", "2", "0"]


def test_w31_a_bad_event_is_named_and_the_others_are_kept(wire: Wire) -> None:
    bad: list[Any] = [b(distinct_id=""), 5, b(event=""), b(properties=[]), b(uuid="x")]
    answer = wire.send("/batch/", json=batch(B, *bad, b(event="last")))

    assert answer.status_code == 200
    skipped = {each["index"]: each["detail"] for each in answer.json()["skipped"]}
    assert list(skipped) == [1, 2, 3, 4, 5]
    assert skipped[1] == "event submitted without a distinct_id"
    assert wire.names() == ["visit", "last"]


def test_w34_a_uuid_comes_again_and_changes_nothing(wire: Wire) -> None:
    event = b(uuid="0189C5DE-0000-4000-8000-00000000000A", properties={"$set": {"x": 1}})
    wire.send("/e/", json=event)
    wire.send("/e/", json=b(properties={"$set": {"x": 2}}))
    again = wire.send("/batch/", json=batch(event, b(uuid=event["uuid"].lower())))
    other = wire.send("/batch/", json=batch(event | {"event": "other"}))

    assert again.status_code == other.status_code == 200
    assert wire.names() == ["visit", "visit", "other"]
    assert [person.properties for person in wire.persons()] == [{"x": 1}]


def test_w36_a_beacon_gets_no_content(wire: Wire) -> None:
    answer = wire.send("/e/?beacon=1", json=B, headers=ORIGIN)

    assert (answer.status_code, answer.content) == (204, b"")
    assert ALLOWED in answer.headers.items()
    assert wire.names() == ["visit"]


def test_w37_engage_means_identify(wire: Wire) -> None:
    answer = wire.send("/engage/", json=ENGAGED)
    (person,) = wire.persons()

    assert answer.status_code == 200
    assert wire.names() == ["$identify"]
    assert (person.properties, person.is_identified) == ({"a": 1}, False)


@pytest.mark.parametrize("path", ["/e/", "/batch", "/s/", "/i/v1/analytics/events", "/engage"])
def test_w40_a_bomb_is_refused(wire: Wire, path: str) -> None:
    bomb = gzip.compress(b" " * (101 * 2**20), 1)
    answer = wire.send(path, content=bomb, headers=V1 if "v1" in path else {})

    assert answer.status_code == (200 if path == "/s/" else 413)
    assert wire.names() == []


V1 = {
    "Authorization": "Bearer phc_t",
    "Content-Type": "application/json",
    "Content-Encoding": "gzip",
    "PostHog-Sdk-Info": "a/1",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": "0189c5de-0000-7000-8000-00000000000a",
    "PostHog-Request-Timestamp": "2024-06-01T12:00:00Z",
}


@pytest.mark.parametrize("path", [*PATHS, "/i/v1/analytics/events", "/flags", "/decide", "/s"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_w42_a_preflight_is_granted(wire: Wire, path: str, slash: str) -> None:
    asked = ORIGIN | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = wire.send(path + slash, "OPTIONS", headers=asked)

    assert answer.status_code == 200
    assert answer.headers.items() >= {
        ALLOWED,
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-headers", "content-type"),
        ("access-control-allow-methods", "GET, POST, OPTIONS"),
    }


def test_w41_an_outage_speaks_cors_and_leaves_nothing(wire: Wire) -> None:
    wire.send("/e/", json=B)
    before = wire.persons()
    _rename(wire, "captured_events", "elsewhere")
    answer = wire.send("/batch/", json=batch(identify("mia", "anon", a=1)), headers=ORIGIN)
    _rename(wire, "elsewhere", "captured_events")

    assert (answer.status_code, answer.text) == (503, "transient error, please retry")
    assert ALLOWED in answer.headers.items()
    assert answer.headers["retry-after"] == "1"
    assert (wire.names(), wire.persons()) == (["visit"], before)
    assert wire.send("/e/", json=B).status_code == 200


def _rename(wire: Wire, old: str, new: str) -> None:
    with wire.client.store.database.writing() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/e/", 405),
        ("DELETE", "/batch", 405),
        ("GET", "/i/v1/analytics/events", 405),
        ("POST", "/array/phc_t/config", 405),
        ("POST", "/nothing", 404),
        ("POST", "/e/more", 404),
        ("GET", "/static/array.js", 404),
        ("GET", "/batch//", 404),
    ],
)
def test_w44_other_methods_and_paths_do_not_exist(
    wire: Wire, method: str, path: str, status: int
) -> None:
    answer = wire.send(path, method, json=B, follow_redirects=False)

    assert answer.status_code == status
    assert answer.json().keys() == {"type", "code", "detail", "attr"}
    assert wire.names() == []
