from typing import Any

import pytest

from tests.doors import PERSONS, Capture, refusal
from tests.service import Client

ADA = "146d7b3f-8d79-5c40-b735-cb7482a5db63"  # of `foo` in project 1


@pytest.fixture
def ada(capture: Capture) -> str:
    """The path of a person whose integer id is 1."""
    capture("$set", "foo", {"$set": {"plan": "pro", "age": 5}})
    return f"{PERSONS}/1"


def test_many_persons_are_found_by_their_names(client: Client, capture: Capture, ada: str) -> None:
    capture("hi", "bar")
    names = ["foo", "bar", "nobody"]

    found = client.post(f"{PERSONS}/batch_by_distinct_ids", json={"distinct_ids": names}).json()
    by_uuid = client.post(f"{PERSONS}/batch_by_uuids/", json={"uuids": [ADA.upper()]}).json()

    assert {name: person["id"] for name, person in found["results"].items()} == {"foo": 1, "bar": 2}
    assert by_uuid == {"results": {ADA: client.get(ada).json()}}


@pytest.mark.parametrize(
    "body", [{}, {"distinct_ids": []}, {"distinct_ids": "foo"}, {"distinct_ids": [5]}]
)
def test_a_batch_of_nobody_is_empty(client: Client, ada: str, body: dict[str, Any]) -> None:
    answer = client.post(f"{PERSONS}/batch_by_distinct_ids", json=body)

    assert (answer.status_code, answer.json()) == (200, {"results": {}})


def test_a_batch_looks_at_200_names_and_shows_ten_of_each_person(
    client: Client, capture: Capture, ada: str
) -> None:
    for number in range(12):
        capture("$create_alias", "foo", {"alias": f"foo{number}"})
    names = [f"nobody{number}" for number in range(199)]

    body = {"distinct_ids": [*names, "foo", "foo1"]}
    found = client.post(f"{PERSONS}/batch_by_distinct_ids", json=body).json()["results"]

    assert list(found) == ["foo"]
    assert len(found["foo"]["distinct_ids"]) == 10


@pytest.mark.parametrize("uuid", ["x", 5, None, {}])
def test_a_batch_refuses_what_is_no_uuid(client: Client, uuid: Any) -> None:
    answer = client.post(f"{PERSONS}/batch_by_uuids", json={"uuids": [ADA, uuid]})

    assert answer.status_code == 400
    assert answer.json() == refusal("invalid_input", "One or more UUIDs are invalid.")


def test_values_of_a_property_are_counted(client: Client, capture: Capture) -> None:
    for name, plan in (("a", "pro"), ("b", "pro"), ("c", "free"), ("d", "probe")):
        capture("$set", name, {"$set": {"plan": plan}})

    counted = client.get(f"{PERSONS}/values", params={"key": "plan", "value": "PRO"}).json()

    assert counted["results"] == [{"name": "pro", "count": 2}, {"name": "probe", "count": 1}]
    assert client.get(f"{PERSONS}/values").json()["results"] == []


def test_a_timeline_is_a_whole_life_or_an_insight(client: Client, ada: str) -> None:
    client.patch(ada, json={"properties": {"plan": "free"}})

    life = client.get(f"{ada}/properties_timeline", params={"key": ["plan", "age"]}).json()
    insight = client.get(f"{ada}/properties_timeline", params={"events": "[]"}).json()

    assert life["crucial_property_keys"] == ["age", "plan"]
    assert [point["properties"]["plan"] for point in life["points"]] == ["pro", "free"]
    assert [point["relevant_event_count"] for point in insight["points"]] == [2]
    assert client.get(f"{ada}/properties_timeline?events=x").json()["attr"] == "events"


def test_warnings_are_counted_by_kind(client: Client, capture: Capture, ada: str) -> None:
    for _ in range(2):
        capture("$identify", "foo", {"$anon_distinct_id": "null"})

    (summary,) = client.get("/api/projects/@current/ingestion_warnings/").json()["results"]

    assert summary["type"] == "cannot_merge_with_illegal_distinct_id"
    assert summary["count"] == len(summary["warnings"]) == summary["sparkline"][0][1] == 2
    assert summary["lastSeen"] == summary["warnings"][0]["timestamp"]
    assert summary["warnings"][0]["details"]["illegalDistinctId"] == "null"
