from typing import Any

import pytest

from tests.doors import PERSONS, Capture, new_key
from tests.service import Client

PROPERTIES = {
    "type": "Person",
    "action": "changed",
    "field": "properties",
    "before": None,
    "after": None,
}


@pytest.fixture
def ada(capture: Capture) -> str:
    """The path of a person with the distinct ids b and a, in that order."""
    capture("$set", "b", {"$set": {"plan": "pro"}})
    capture("$create_alias", "b", {"alias": "a"})
    return f"{PERSONS}/1"


def activity(client: Client, path: str = f"{PERSONS}/activity") -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = client.get(path).json()["results"]
    return results


def test_what_sdks_do_is_no_activity(client: Client, ada: str) -> None:
    assert client.get(f"{ada}/activity").json() == {
        "results": [],
        "next": None,
        "previous": None,
        "total_count": 0,
    }


def test_an_edit_is_told_without_its_values(client: Client, ada: str) -> None:
    editor = new_key(client, "person:write")
    client.patch(ada, json={"properties": {"plan": "free"}}, headers=editor)

    (item,) = activity(client, f"{ada}/activity")

    assert item.pop("created_at").endswith("Z")
    assert item == {
        "user": {"first_name": "narrow", "email": None},
        "activity": "updated",
        "scope": "Person",
        "item_id": "1",
        "detail": {
            "changes": [PROPERTIES],
            "trigger": None,
            "name": None,
            "short_id": None,
            "type": None,
        },
    }


def test_what_changes_nothing_is_no_activity(client: Client, ada: str) -> None:
    client.patch(ada, json={"properties": {"plan": "pro"}})
    client.post(f"{ada}/delete_property", json={"$unset": "absent"})

    assert activity(client) == []


def test_everything_that_a_key_does_is_told_newest_first(client: Client, ada: str) -> None:
    uuid = client.get(ada).json()["uuid"]
    client.post(f"{ada}/update_property", json={"key": "x", "value": 1})
    client.post(f"{PERSONS}/{uuid}/delete_property", json={"$unset": "x"})
    client.post(f"{ada}/split", json={"main_distinct_id": "a"})
    client.delete(ada)

    deleted, split, unset, updated = activity(client)

    assert {item["item_id"] for item in (deleted, split, unset, updated)} == {"1"}
    assert (deleted["activity"], deleted["detail"]["changes"]) == ("deleted", None)
    assert deleted["detail"]["name"] == split["detail"]["name"] == unset["detail"]["name"] == uuid
    assert split["activity"] == "split_person"
    assert split["detail"]["changes"] == [
        PROPERTIES | {"action": "split", "field": None, "after": {"distinct_ids": ["b", "a"]}}
    ]
    assert unset["activity"] == "delete_property"
    assert unset["detail"]["changes"] == [PROPERTIES | {"field": None}]
    assert updated["activity"] == "updated"
    assert client.get(f"{ada}/activity").status_code == 404


def test_a_split_tells_who_was_asked_to_leave(client: Client, ada: str) -> None:
    client.post(f"{ada}/split", json={"distinct_ids_to_split": ["a"]})

    (split,) = activity(client)
    (change,) = split["detail"]["changes"]
    assert change["after"] == {"distinct_ids": ["b", "a"], "distinct_ids_to_split": ["a"]}


def test_a_person_born_again_inherits_no_activity(
    client: Client, capture: Capture, ada: str
) -> None:
    client.patch(ada, json={"properties": {"x": 1}})
    client.delete(ada)
    capture("hi", "b")

    assert activity(client, f"{PERSONS}/2/activity") == []
    assert len(activity(client)) == 2


def test_links_lead_through_the_pages(client: Client, ada: str) -> None:
    for number in range(5):
        client.patch(ada, json={"properties": {"x": number}})

    first = client.get(f"{ada}/activity/?limit=2").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert [page["total_count"] for page in (first, second, third)] == [5, 5, 5]
    assert third["next"] is first["previous"] is None
    assert client.get(third["previous"]).json() == second
    assert client.get(second["previous"]).json() == first
    assert "page=2" in first["next"]
    assert "limit=2" in first["next"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("page=0", 400),
        ("page=x", 400),
        ("limit=0", 400),
        ("limit=x", 400),
        ("page=2", 404),
        ("source=x", 400),
    ],
)
def test_a_page_that_cannot_be_is_refused(
    client: Client, ada: str, query: str, status: int
) -> None:
    assert client.get(f"{ada}/activity?{query}").status_code == status


def test_all_sources_tell_what_captured_events_did_from_what_to_what(
    client: Client, capture: Capture, ada: str
) -> None:
    client.patch(ada, json={"properties": {"x": 1}})
    capture("$set", "a", {"$set": {"plan": "free"}})

    first = client.get(f"{ada}/activity?source=all&limit=2").json()
    rest = activity(client, f"{ada}/activity?source=all&limit=100")

    captured, edited = first["results"]
    assert captured["item_id"] == "1"
    assert captured["detail"]["changes"] == [
        PROPERTIES | {"field": "plan", "before": "pro", "after": "free"}
    ]
    assert edited["detail"]["changes"] == [
        PROPERTIES | {"action": "created", "field": "x", "after": 1}
    ]
    assert first["total_count"] == len(activity(client, f"{PERSONS}/activity?source=all&limit=100"))
    assert rest[-1]["activity"] == "created"
