from typing import Any

import pytest

from tests.doors import PERSONS, Capture
from tests.service import Client


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


def queued(client: Client, query: str = "") -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = client.get(f"{PERSONS}/deletion_status{query}").json()[
        "results"
    ]
    return results


def test_a_deleted_person_is_gone_and_its_distinct_id_can_be_born_again(
    client: Client, capture: Capture, ada: str
) -> None:
    uuid = client.get(ada).json()["uuid"]

    answer = client.delete(f"{ada}/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert int(answer.headers["x-position"]) > 0
    assert client.get(ada).status_code == client.delete(ada).status_code == 404
    assert client.get(PERSONS).json()["results"] == []
    assert queued(client) == []
    capture("hi", "b")
    assert owner(client, "b")["uuid"] != uuid


@pytest.mark.parametrize(
    ("query", "is_queued"),
    [
        ("", False),
        ("?delete_events=false", False),
        ("?delete_events=true", True),
        ("?delete_events", True),
    ],
)
def test_deleting_events_means_what_it_says(
    client: Client, ada: str, query: str, is_queued: bool
) -> None:
    uuid = client.get(ada).json()["uuid"]

    assert client.delete(ada + query).status_code == 204

    entries = queued(client)
    assert [entry["person_uuid"] for entry in entries] == ([uuid] if is_queued else [])
    assert all(entry["status"] == "pending" for entry in entries)


def test_events_can_go_while_the_person_stays(client: Client, ada: str) -> None:
    assert client.delete(f"{ada}?keep_person=true&delete_events=true").status_code == 204
    again = client.post(f"{ada}/delete_events")

    assert (again.status_code, again.content) == (202, b"")
    assert client.get(ada).status_code == 200
    assert len(queued(client)) == 1


def test_a_wrong_flag_deletes_nothing(client: Client, ada: str) -> None:
    answer = client.delete(f"{ada}?delete_events=perhaps")

    assert (answer.status_code, answer.json()["attr"]) == (400, "delete_events")
    assert client.get(ada).status_code == 200


def test_the_deletion_status_is_filtered_and_paged(
    client: Client, capture: Capture, ada: str
) -> None:
    uuid = client.get(ada).json()["uuid"]
    capture("hi", "bob")
    client.delete(f"{ada}?delete_events=true")
    client.delete(f"{PERSONS}/2?delete_events=true")

    page = client.get(f"{PERSONS}/deletion_status?limit=1").json()

    assert page["count"] == 2
    assert page["results"][0]["person_uuid"] != uuid
    assert client.get(page["next"]).json()["results"][0]["person_uuid"] == uuid
    assert client.get(client.get(page["next"]).json()["previous"]).json() == page
    assert len(queued(client, "?status=pending")) == len(queued(client, "?status=all")) == 2
    assert queued(client, "?status=completed") == []
    assert [entry["person_uuid"] for entry in queued(client, f"?person_uuid={uuid}")] == [uuid]


@pytest.mark.parametrize(
    ("query", "code", "detail"),
    [
        ("status=x", "invalid_choice", '"x" is not a valid choice.'),
        ("person_uuid=x", "invalid_input", "Must be a valid UUID."),
    ],
)
def test_a_wrong_deletion_status_is_refused(
    client: Client, query: str, code: str, detail: str
) -> None:
    answer = client.get(f"{PERSONS}/deletion_status?{query}")

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["detail"]) == (code, detail)
    assert answer.json()["attr"] == query.partition("=")[0]


def test_many_persons_are_deleted_by_uuid_or_distinct_id(
    client: Client, capture: Capture, ada: str
) -> None:
    capture("hi", "bob")
    capture("hi", "eve")
    uuid = client.get(ada).json()["uuid"]

    by_uuid = client.post(f"{PERSONS}/bulk_delete", json={"ids": [uuid, uuid, 2, "x"]})
    by_name = client.post(
        f"{PERSONS}/bulk_delete/",
        json={"distinct_ids": ["bob", "nobody"], "delete_events": True},
    )

    nothing = {"persons_queued_for_deletion": 0, "recordings_queued_for_deletion": False}
    done = {"persons_found": 1, "persons_deleted": 1, "deletion_errors": [], **nothing}
    assert (by_uuid.status_code, by_name.status_code) == (202, 202)
    assert by_uuid.json() == done | {"events_queued_for_deletion": False}
    assert by_name.json() == done | {"events_queued_for_deletion": True}
    assert [each["name"] for each in client.get(PERSONS).json()["results"]] == ["eve"]
    assert len(queued(client)) == 1


def test_a_bulk_deletion_may_keep_its_persons(client: Client, ada: str) -> None:
    body = {"distinct_ids": ["a", "b"], "keep_person": True, "delete_events": True}

    answer = client.post(f"{PERSONS}/bulk_delete", json=body).json()

    assert (answer["persons_found"], answer["persons_deleted"]) == (1, 0)
    assert client.get(ada).status_code == 200
    assert len(queued(client)) == 1


def test_a_bulk_deletion_of_nobody_queues_nothing(client: Client, ada: str) -> None:
    body = {"distinct_ids": ["nobody"], "delete_events": True, "delete_recordings": True}

    answer = client.post(f"{PERSONS}/bulk_delete", json=body)

    assert answer.status_code == 202
    assert not any(answer.json().values())


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "You need to specify either distinct_ids or ids"),
        ({"ids": [], "distinct_ids": []}, "You need to specify either distinct_ids or ids"),
        (
            {"ids": ["x"], "distinct_ids": ["a"]},
            "You must provide either distinct_ids or ids, not both",
        ),
        ({"ids": ["x"] * 1001}, "You can only pass 1000 ids in one call"),
        ({"distinct_ids": ["x"] * 1001}, "You can only pass 1000 distinct_ids in one call"),
    ],
)
def test_a_wrong_bulk_deletion_is_refused(
    client: Client, body: dict[str, Any], detail: str
) -> None:
    answer = client.post(f"{PERSONS}/bulk_delete", json=body)

    assert (answer.status_code, answer.json()["detail"]) == (400, detail)
    assert (answer.json()["code"], answer.json()["attr"]) == ("invalid_input", None)


def test_a_reset_is_always_accepted(client: Client, ada: str) -> None:
    path = f"{PERSONS}/reset_person_distinct_id"

    for distinct_id in ("a", "nobody"):
        answer = client.post(path, json={"distinct_id": distinct_id})
        assert (answer.status_code, answer.content) == (202, b"")

    for body in ({}, {"distinct_id": ""}, {"distinct_id": 5}, {"distinct_id": None}):
        refused = client.post(path, json=body)
        assert (refused.status_code, refused.json()["detail"]) == (400, "distinct_id is required")
