from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from storage.schema import events
from tests.annals import get, head, person
from tests.doors import PERSONS, Capture, new_key
from tests.server import Server
from tests.service import Client


@pytest.fixture
def life(client: Client, capture: Capture) -> str:
    """The path of ada, to whom much happened."""
    editor = new_key(client, "person:write")
    capture("$set", "visitor", {"$set": {"color": "red"}})
    capture("$set", "ada", {"$set": {"plan": "free", "gone": 1}})
    capture("$identify", "ada", {"$anon_distinct_id": "visitor", "$set": {"plan": "pro"}})
    capture("$create_alias", "ada", {"alias": "a"})
    client.post(f"{PERSONS}/2/delete_property", json={"$unset": "gone"})
    client.patch(f"{PERSONS}/2", json={"properties": {"plan": "team"}}, headers=editor)
    client.post(f"{PERSONS}/2/split", json={"distinct_ids_to_split": ["a"]})
    (merge,) = get(client, "/2/merges")["results"]
    client.post(f"{PERSONS}/2/unmerge", json={"merge": merge["merge"]})
    client.delete(f"{PERSONS}/1")
    return f"{PERSONS}/2/activity"


def told(client: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(path, params={"limit": 100} | query)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    results: list[dict[str, Any]] = page["results"]
    assert page["total_count"] == len(results)
    return results


def names(items: list[dict[str, Any]]) -> list[str]:
    return [each["activity"] for each in items]


def test_everything_that_happened_is_told(client: Client, life: str) -> None:
    ada, visitor = person(client, "ada"), get(client, "/1", as_of=2)

    items = told(client, life, source="all")

    changes = {each["activity"]: each["detail"]["changes"] for each in reversed(items)}
    short = {
        name: [
            (each["action"], each["field"], each["before"], each["after"]) for each in told_changes
        ]
        for name, told_changes in changes.items()
    }
    ids = {"distinct_ids": ["ada"]}
    assert short == {
        "created": [("created", None, None, ids)],
        "merged": [
            ("merged", None, None, {"source": visitor["uuid"], "distinct_ids": ["visitor"]}),
            ("created", "color", None, "red"),
        ],
        "identified": [("identified", None, None, None)],
        "distinct_id_added": [("attached", None, None, {"added": "a"})],
        "delete_property": [("deleted", "gone", 1, None)],
        "updated": [("changed", "plan", "pro", "team")],
        "split_person": [
            (
                "split",
                None,
                None,
                {"distinct_ids": ["ada", "visitor", "a"], "distinct_ids_to_split": ["a"]},
            )
        ],
        "unmerged": [
            ("unmerged", None, None, {"other": visitor["uuid"]} | ids),
            ("deleted", "color", "red", None),
        ],
    }
    assert {each["detail"]["name"] for each in items} == {ada["uuid"]}
    assert {each["item_id"] for each in items} == {"2"}
    assert {each["type"] for each in items[0]["detail"]["changes"]} == {"Person"}


def test_the_dead_and_the_merged_are_told_in_the_project(client: Client, life: str) -> None:
    items = told(client, f"{PERSONS}/activity", source="all")

    assert len(items) == head(client)
    mine = [each for each in items if each["item_id"] == "1"]
    assert names(mine) == ["deleted", "unmerged", "merged_into", "updated", "created"]
    assert [each["action"] for each in mine[0]["detail"]["changes"]] == ["deleted"]


@pytest.mark.parametrize("source", ["api", "all"])
def test_activities_are_found_by_what_was_done(client: Client, life: str, source: str) -> None:
    assert names(told(client, life, source=source, activity="unmerged")) == ["unmerged"]
    everywhere = told(client, f"{PERSONS}/activity", source=source, activity="deleted")
    assert [each["item_id"] for each in everywhere] == ["1"]


@pytest.mark.parametrize("parameter", ["actor", "user"])
def test_activities_are_found_by_who_did_it(client: Client, life: str, parameter: str) -> None:
    for source in ("api", "all"):
        (edit,) = told(client, life, source=source, **{parameter: "narrow"})
        assert (edit["activity"], edit["user"]["first_name"]) == ("updated", "narrow")
    captured = told(client, life, source="all", **{parameter: Server.token})
    assert {each["user"]["first_name"] for each in captured} == {Server.token}
    assert told(client, life, source="all", **{parameter: "nar"}) == []
    assert told(client, life, source="all", **{parameter: '"%'}) == []


def test_activities_are_found_by_when(client: Client, capture: Capture) -> None:
    for day in (1, 2, 3):
        client.clock.now = datetime(2024, 3, day, tzinfo=UTC)
        capture("$set", "ada", {"$set": {"captured": day}})
        client.patch(f"{PERSONS}/1", json={"properties": {"day": day}})

    for source, count in (("api", 1), ("all", 2)):
        spans: list[dict[str, Any]] = [
            {"from": "2024-03-01", "to": "2024-03-02T12:00:00Z"},
            {"from": 3, "to": 5},
        ]
        for query in spans:
            for path in (f"{PERSONS}/activity", f"{PERSONS}/1/activity"):
                found = told(client, path, source=source, **query)
                times = [each["created_at"] for each in found]
                assert times == ["2024-03-02T00:00:00Z"] * count
    both = told(client, f"{PERSONS}/activity", activity="updated", actor="all", **{"from": 3})
    assert len(both) == 2


def test_found_activities_have_pages(client: Client, capture: Capture) -> None:
    for number in range(5):
        capture("$set", "ada", {"$set": {"n": number}})

    query: dict[str, Any] = {"source": "all", "activity": "updated", "limit": 2}
    first = client.get(f"{PERSONS}/1/activity", params=query).json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    assert [page["total_count"] for page in (first, second, third)] == [5, 5, 5]
    after = [
        each["detail"]["changes"][-1]["after"]
        for page in (first, second, third)
        for each in page["results"]
    ]
    assert after == [4, 3, 2, 1, 0]
    assert third["next"] is None


def test_of_what_was_erased_no_values_are_told(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    with client.store.database.writing() as connection:
        connection.execute(update(events).where(events.c.version == 2).values(state=None))

    erased, _ = told(client, f"{PERSONS}/1/activity", source="all")

    assert (erased["activity"], erased["detail"]["changes"]) == ("updated", None)
    assert erased["user"]["first_name"] == "System"


@pytest.mark.parametrize("query", ["activity=nothing", "from=x", "to=99", "from=2999-01-01"])
def test_what_cannot_be_asked_is_refused(client: Client, life: str, query: str) -> None:
    assert client.get(f"{life}?{query}").status_code == 400
