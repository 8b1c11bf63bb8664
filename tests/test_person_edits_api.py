from typing import Any

import pytest

from tests.doors import PERSONS, Capture, refusal
from tests.service import Client

REQUIRED = "This field is required."


@pytest.fixture
def ada(capture: Capture) -> str:
    """The path of a person whose integer id is 1."""
    capture("$set", "foo", {"$set": {"plan": "pro", "age": 5}})
    return f"{PERSONS}/1"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_patch_sets_properties_and_answers_the_person(
    client: Client, ada: str, method: str
) -> None:
    before = client.get(ada)

    answer = client.request(method, ada, json=before.json() | {"properties": {"plan": None}})

    assert answer.status_code == 200
    assert answer.json()["properties"] == before.json()["properties"] | {"plan": None}
    assert answer.json() == client.get(ada).json()
    assert answer.headers["etag"] == client.get(ada).headers["etag"] != before.headers["etag"]
    assert int(answer.headers["x-position"]) > 0


def test_a_patch_without_properties_is_refused_before_its_person_is_looked_for(
    client: Client,
) -> None:
    for body in ({}, {"properties": None}):
        answer = client.patch(f"{PERSONS}/99", json=body)

        assert answer.status_code == 400
        assert answer.json() == refusal("required", REQUIRED, "properties")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", None, 400),
        (b'{"properties": {"a": 1}}', None, 200),
        (b'{"properties": {"a": 1}}', "application/json; charset=utf-8", 200),
        (b"properties=1", "application/x-www-form-urlencoded", 415),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b'{"properties": []}', "application/json", 400),
        (b'{"properties": {"a": NaN}}', "application/json", 400),
        (b'{"properties": {"a": 1e999}}', "application/json", 400),
        (b'{"properties": {"a": "\\ud800"}}', "application/json", 400),
        (b'{"properties": {"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}", "application/json", 400),
        (b'{"properties": {"a": "' + b"x" * 700_000 + b'"}}', "application/json", 400),
        (b" " * (20 * 2**20 + 1), "application/json", 413),
    ],
)
def test_no_body_is_too_odd_to_be_answered(
    client: Client, ada: str, content: bytes, content_type: str | None, status: int
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    answer = client.patch(ada, content=content, headers=headers)

    assert answer.status_code == status
    assert status == 200 or answer.json().keys() == {"type", "code", "detail", "attr"}


@pytest.mark.parametrize("value", [None, False, 0, "", [1, {"a": "b"}], 12345678901234567890123])
def test_update_property_sets_a_value_of_any_kind(client: Client, ada: str, value: Any) -> None:
    answer = client.post(f"{ada}/update_property", json={"key": "k", "value": value})

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert client.get(ada).json()["properties"]["k"] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("true", True),
        ("null", None),
        ('["a"]', ["a"]),
        ("free", "free"),
        ("", ""),
        ("NaN", "NaN"),
    ],
)
def test_update_property_reads_its_query_as_json_where_it_is(
    client: Client, ada: str, text: str, value: Any
) -> None:
    answer = client.post(f"{ada}/update_property", params={"key": "k", "value": text})

    assert answer.status_code == 200
    assert client.get(ada).json()["properties"]["k"] == value


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "value"),
        ({"key": "a"}, "value"),
        ({"value": 1}, "key"),
        ({"value": 1, "key": None}, "key"),
    ],
)
def test_update_property_needs_a_key_and_a_value(
    client: Client, ada: str, body: dict[str, Any], attr: str
) -> None:
    answer = client.post(f"{ada}/update_property", json=body)

    assert answer.status_code == 400
    assert answer.json() == refusal("required", REQUIRED, attr)


def test_delete_property_takes_one_or_many_away(client: Client, ada: str) -> None:
    client.patch(ada, json={"properties": {"a": 1, "b": 2, "c": 3, "d": 4}})

    for request in (
        {"json": {"$unset": "a"}},
        {"json": {"$unset": ["b", "absent"]}},
        {"params": {"$unset": ["c", "d"]}},
        {"json": {"$unset": "never there"}},
    ):
        answer = client.post(f"{ada}/delete_property", **request)
        assert (answer.status_code, answer.json()) == (200, {"success": True})

    assert {"a", "b", "c", "d"}.isdisjoint(client.get(ada).json()["properties"])


@pytest.mark.parametrize(
    "body", [{}, {"$unset": ""}, {"$unset": []}, {"$unset": None}, {"$unset": 5}]
)
def test_delete_property_needs_names(client: Client, ada: str, body: dict[str, Any]) -> None:
    answer = client.post(f"{ada}/delete_property", json=body)

    assert (answer.status_code, answer.json()["attr"]) == (400, "$unset")


@pytest.mark.parametrize("action", ["update_property", "delete_property", "split", "delete_events"])
def test_an_unknown_person_cannot_be_changed(client: Client, action: str) -> None:
    body = {"key": "a", "value": 1, "$unset": "a"}

    assert client.post(f"{PERSONS}/99/{action}", json=body).status_code == 404
    assert client.post(f"{PERSONS}/x@y/{action}", json=body).status_code == 400


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        ("PATCH", "", {"properties": {"plan": "x"}}),
        ("PUT", "", {"properties": {"plan": "x"}}),
        ("POST", "/update_property", {"key": "plan", "value": "x"}),
        ("POST", "/delete_property", {"$unset": "plan"}),
        ("POST", "/split", {}),
        ("POST", "/delete_events", {}),
        ("DELETE", "", None),
    ],
)
def test_a_stale_condition_fails_and_changes_nothing(
    client: Client, ada: str, method: str, action: str, body: Any
) -> None:
    before = client.get(ada)
    stale = {"If-Match": '"1"'}

    refused = client.request(method, ada + action, json=body, headers=stale)

    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert client.get(ada).json() == before.json()
    current = {"If-Match": before.headers["etag"]}
    assert client.request(method, ada + action, json=body, headers=current).is_success
