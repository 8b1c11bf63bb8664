from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.purge.erasing import Tools
from api.purge.purging import Purge, Purged
from domain.events import Actor
from storage.checkpoints import Notary
from tests.doors import PERSONS, Capture, new_key
from tests.service import Client

MONTH = timedelta(days=30)
WEDNESDAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
SUNDAY = "2024-05-05T05:00:00Z"


@pytest.fixture
def ada(client: Client, capture: Capture) -> str:
    """The path of a person with the distinct ids a and b, and properties."""
    client.clock.now = WEDNESDAY
    capture("$set", "a", {"$set": {"plan": "pro", "email": "ada@example.com"}})
    capture("$create_alias", "a", {"alias": "b"})
    return f"{PERSONS}/1"


def purge(client: Client) -> Purged:
    store = client.store
    tools = Tools(store.database, store.writer.submit, Notary(store.database), store.clock)
    return Purge(tools, actor=Actor("system", "purge")).all(MONTH)


def waiting(client: Client, query: str = "") -> dict[str, Any]:
    page: dict[str, Any] = client.get(f"{PERSONS}/erasures{query}").json()
    return page


def test_an_undeleted_person_is_back_whole(client: Client, ada: str) -> None:
    before = client.get(ada).json()
    client.delete(ada)

    answer = client.post(f"{PERSONS}/{before['uuid']}/undelete")

    assert (answer.status_code, answer.json()) == (200, before)
    assert answer.headers["etag"] == client.get(ada).headers["etag"]
    assert int(answer.headers["x-position"]) > 0
    assert client.get(ada).json() == before
    activity = client.get(f"{ada}/activity").json()["results"]
    assert [each["activity"] for each in activity] == ["undeleted", "deleted"]
    assert activity[0]["user"]["first_name"] == "all"
    assert waiting(client)["results"] == []


def test_the_integer_id_brings_a_person_back_as_well(client: Client, ada: str) -> None:
    client.delete(ada)

    assert client.post(f"{ada}/undelete/").status_code == 200
    assert client.get(PERSONS, params={"distinct_id": "b"}).json()["results"][0]["name"]


def test_who_cannot_be_undeleted_is_told_why(client: Client, capture: Capture, ada: str) -> None:
    uuid = client.get(ada).json()["uuid"]

    def refused(id: str, status: int, reason: str) -> None:
        answer = client.post(f"{PERSONS}/{id}/undelete")
        assert answer.status_code == status
        assert reason in answer.json()["detail"]

    refused(uuid, 409, "is not deleted")
    refused("17", 404, "Not found.")
    refused("00000000-0000-0000-0000-000000000000", 404, "Not found.")
    refused("ada", 400, "does not look like a personID")
    capture("hi", "eve")
    capture("$merge_dangerously", "a", {"alias": "eve"})
    refused("2", 409, f"was merged into {uuid}")
    client.delete(ada)
    capture("hi", "a")
    capture("hi", "b")
    capture("hi", "eve")
    refused(uuid, 409, "belong to others now")
    client.delete(f"{PERSONS}/3", params={"erase": "now"})
    purge(client)
    refused("3", 409, "was erased for good")


def test_undeleting_needs_the_scope_to_write(client: Client, ada: str) -> None:
    client.delete(ada)

    reader = new_key(client, "person:read")

    assert client.post(f"{ada}/undelete", headers=reader).status_code == 403


def test_who_waits_for_erasure_is_listed_with_the_time(
    client: Client, capture: Capture, ada: str
) -> None:
    uuid = client.get(ada).json()["uuid"]
    capture("hi", "eve")
    client.delete(ada)
    client.delete(f"{PERSONS}/2", params={"erase": "now", "delete_events": "true"})

    page = waiting(client)

    eve = page["results"][1].pop("person_uuid")
    assert eve != uuid
    assert page == {
        "count": 2,
        "next": None,
        "previous": None,
        "results": [
            {
                "person_uuid": uuid,
                "person_id": 1,
                "deleted_at": "2024-05-01T12:00:00Z",
                "erases_at": "2024-06-02T05:00:00Z",
                "deletes_events": False,
            },
            {
                "person_id": 2,
                "deleted_at": "2024-05-01T12:00:00Z",
                "erases_at": SUNDAY,
                "deletes_events": True,
            },
        ],
    }
    second = client.get(waiting(client, "?limit=1")["next"]).json()
    assert [each["person_uuid"] for each in second["results"]] == [eve]


def test_erasing_now_and_keeping_is_a_contradiction(client: Client, ada: str) -> None:
    one = client.delete(ada, params={"erase": "now", "keep_person": "true"})
    many = client.post(
        f"{PERSONS}/bulk_delete", json={"distinct_ids": ["a"], "erase": "now", "keep_person": True}
    )
    unknown = client.delete(ada, params={"erase": "soon"})

    for answer in (one, many, unknown):
        assert (answer.status_code, answer.json()["attr"]) == (400, "erase")
    assert client.get(ada).status_code == 200


def test_an_erased_person_leaves_a_receipt(client: Client, capture: Capture, ada: str) -> None:
    uuid = client.get(ada).json()["uuid"]
    assert client.get(f"{ada}/erasure").status_code == 404
    client.post(f"{PERSONS}/bulk_delete", json={"distinct_ids": ["a"], "erase": "now"})
    assert client.get(f"{ada}/erasure").status_code == 404

    purge(client)

    receipt = client.get(f"{ada}/erasure").json()
    assert client.get(f"{PERSONS}/{uuid}/erasure").json() == receipt
    assert (receipt["person"], receipt["number"]) == (uuid, 1)
    assert receipt["by"] == {"kind": "system", "name": "purge"}
    assert receipt["erased_at"] == receipt["completed_at"] == "2024-05-01T12:00:00Z"
    assert receipt["positions"][uuid][0] == 1
    found = [each["table"] for each in receipt["sweep"]["columns"] if each["found"]]
    assert set(found) == {"captured_events"}
    assert receipt["checkpoint"] == client.get(f"{PERSONS}/audit/checkpoint").json()["checkpoint"]
    assert client.get(f"{PERSONS}/18/erasure").status_code == 404
    activity = client.get(f"{PERSONS}/activity").json()["results"]
    assert [each["activity"] for each in activity] == ["erased", "deleted"]
    assert activity[0]["user"]["is_system"]


def test_the_status_tells_when_events_were_deleted(
    client: Client, capture: Capture, ada: str
) -> None:
    client.post(f"{ada}/delete_events")
    client.clock.now = WEDNESDAY + timedelta(days=4)
    purge(client)

    (entry,) = client.get(f"{PERSONS}/deletion_status?status=completed").json()["results"]

    assert entry["delete_verified_at"] == "2024-05-05T12:00:00Z"
    assert client.get(f"{ada}/events").json()["results"] == []
    capture("hi", "a")
    assert client.post(f"{ada}/delete_events").status_code == 202
    assert purge(client).captured_events == 1
