from typing import Any

import pytest

from tests.doors import PERSONS, Capture
from tests.service import Client

LISTED = "distinct_ids_to_split"


@pytest.fixture
def ada(capture: Capture) -> str:
    """The path of a person with the distinct ids a, b and c, and a property."""
    capture("$set", "a", {"$set": {"plan": "pro"}})
    capture("$create_alias", "a", {"alias": "b"})
    capture("$create_alias", "a", {"alias": "c"})
    return f"{PERSONS}/1"


def owner(client: Client, distinct_id: str) -> dict[str, Any]:
    found = client.get(PERSONS, params={"distinct_id": distinct_id}).json()["results"]
    person: dict[str, Any] = found[0]
    return person


@pytest.mark.parametrize(
    ("body", "staying"),
    [
        ({}, ["a"]),
        ({"main_distinct_id": ""}, ["a"]),
        ({"main_distinct_id": None, "distinct_ids_to_split": None}, ["a"]),
        ({"main_distinct_id": "b"}, ["b"]),
        ({"distinct_ids_to_split": ["b", "b"]}, ["a", "c"]),
        ({"distinct_ids_to_split": ["a"]}, ["b", "c"]),
    ],
)
def test_a_split_gives_each_leaving_distinct_id_a_person_of_its_own(
    client: Client, ada: str, body: dict[str, Any], staying: list[str]
) -> None:
    before = client.get(ada).json()

    answer = client.post(f"{ada}/split", json=body)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert client.get(ada).json() == before | {
        "distinct_ids": staying,
        "name": staying[0],
    }
    for distinct_id in {"a", "b", "c"} - set(staying):
        person = owner(client, distinct_id)
        assert person["distinct_ids"] == [distinct_id]
        assert person["properties"] == {}
        assert person["uuid"] != before["uuid"]


@pytest.mark.parametrize(
    ("body", "attr", "detail"),
    [
        ({"main_distinct_id": "x"}, "main_distinct_id", "not on this person: ['x']"),
        ({"main_distinct_id": 5}, "main_distinct_id", "Expected `str | null`, got `int`"),
        ({LISTED: ["y", "b", "x"]}, LISTED, "not on this person: ['x', 'y']"),
        ({LISTED: "b"}, LISTED, "must be a list of strings"),
        ({LISTED: [1]}, LISTED, "must be a list of strings"),
        ({LISTED: []}, LISTED, "must not be empty"),
        (
            {LISTED: ["b"], "main_distinct_id": "a"},
            None,
            "main_distinct_id cannot be combined with distinct_ids_to_split",
        ),
    ],
)
def test_a_wrong_split_is_refused_and_moves_nothing(
    client: Client, ada: str, body: dict[str, Any], attr: str | None, detail: str
) -> None:
    answer = client.post(f"{ada}/split", json=body)

    assert answer.status_code == 400
    assert answer.json() == {
        "type": "validation_error",
        "code": "invalid_input",
        "detail": detail,
        "attr": attr,
    }
    assert client.get(ada).json()["distinct_ids"] == ["a", "b", "c"]
