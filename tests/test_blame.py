from datetime import UTC, datetime
from typing import Any

import pytest

from tests.annals import BIRTH, get, person
from tests.doors import PERSONS, Capture, new_key
from tests.service import Client

SDK = f"phc_{'t' * 43}"


def blame(client: Client, distinct_id: str) -> dict[str, dict[str, Any]]:
    """Return the blame of a person by key, but for the property of its birth."""
    results = get(client, f"/{person(client, distinct_id)['uuid']}/blame")["results"]
    assert [each["key"] for each in results] == sorted(each["key"] for each in results)
    return {each["key"]: each for each in results if each["key"] != BIRTH}


def merge(client: Client, capture: Capture, target: str, source: str) -> int:
    """Merge one person into another, and return the merge's position."""
    capture("$merge_dangerously", target, {"alias": source})
    merges = get(client, f"/{person(client, target)['uuid']}/merges")["results"]
    return int(merges[-1]["merge"])


def test_a_value_is_blamed_on_who_set_it_last(client: Client, capture: Capture) -> None:
    client.clock.now = datetime(2024, 3, 1, 14, 2, tzinfo=UTC)
    uuid = "0190a1c2-0000-7000-8000-000000000001"
    capture("signed up", "ada", {"$set": {"plan": "free", "seats": 1}}, uuid=uuid)
    client.clock.now = datetime(2024, 3, 2, tzinfo=UTC)
    client.patch(f"{PERSONS}/1", json={"properties": {"plan": "pro"}})

    blamed = blame(client, "ada")

    cause = blamed["plan"].pop("cause")
    assert cause["event"] == "$set"
    assert blamed["plan"] == {
        "key": "plan",
        "value": "pro",
        "since": "2024-03-02T00:00:00Z",
        "position": 3,
        "actor": {"kind": "key", "name": "all"},
        "before": "free",
        "merged_from": None,
    }
    assert blamed["seats"] == {
        "key": "seats",
        "value": 1,
        "since": "2024-03-01T14:02:00Z",
        "position": 2,
        "actor": {"kind": "token", "name": SDK},
        "cause": {"event": "signed up", "uuid": uuid},
        "merged_from": None,
    }


def test_a_value_is_not_blamed_on_who_did_not_change_it(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "pro"}})
    client.patch(f"{PERSONS}/1", json={"properties": {"plan": "pro", "x": 1}})

    assert blame(client, "ada")["plan"]["actor"]["kind"] == "token"


def test_any_key_has_its_own_blame(client: Client, capture: Capture) -> None:
    long = "\N{GRINNING FACE}" * 64  # the index holds so much of a key
    keys = [long, long + "a", long + "b", "", "%_\\", "a" * 64, "a" * 65, 'quoted "key"', "\x01"]
    for number, key in enumerate(keys):
        capture("$set", "ada", {"$set": {key: number}})

    blamed = blame(client, "ada")

    assert {key: each["value"] for key, each in blamed.items()} == {
        k: n for n, k in enumerate(keys)
    }
    assert [blamed[key]["position"] for key in keys] == [*range(2, 2 + len(keys))]


def test_a_merge_of_one_who_was_merged_is_blamed_on_who_set_it_first(
    client: Client, capture: Capture
) -> None:
    capture("$set", "a", {"$set": {"color": "red", "shape": "round"}})
    first = person(client, "a")["uuid"]
    capture("$set", "b", {"$set": {"shape": "flat"}})
    second = person(client, "b")["uuid"]
    capture("$set", "c", {"$set": {"size": 1}})
    merge(client, capture, "b", "a")
    capture("$set", "a", {"$set": {"color": "blue"}})
    merge(client, capture, "c", "b")

    blamed = blame(client, "c")

    assert (blamed["color"]["before"], blamed["color"]["merged_from"]) == ("red", second)
    assert (blamed["shape"]["value"], blamed["shape"]["merged_from"]) == ("flat", second)
    assert blamed["size"]["merged_from"] is None
    assert first not in {each["merged_from"] for each in blamed.values()}


def test_what_was_unset_and_set_again_had_no_value_before(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "pro", "gone": 1}})
    capture("$set", "ada", {"$unset": ["plan", "gone"]})
    capture("$set", "ada", {"$set": {"plan": None}})

    blamed = blame(client, "ada")

    assert blamed.keys() == {"plan"}
    assert (blamed["plan"]["value"], blamed["plan"]["position"]) == (None, 4)
    assert "before" not in blamed["plan"]


def test_what_came_by_a_merge_is_blamed_on_who_set_it_there(
    client: Client, capture: Capture
) -> None:
    capture("$set", "visitor", {"$set": {"color": "red", "plan": "trial"}})
    capture("$set", "visitor", {"$set": {"color": "blue"}})
    visitor = person(client, "visitor")["uuid"]
    capture("$set", "ada", {"$set": {"plan": "pro"}})
    merge(client, capture, "ada", "visitor")

    blamed = blame(client, "ada")

    assert (blamed["color"]["position"], blamed["color"]["before"]) == (3, "red")
    assert blamed["color"]["merged_from"] == visitor
    assert (blamed["plan"]["position"], blamed["plan"]["merged_from"]) == (5, None)


def test_what_came_by_several_merges_is_followed_to_the_first(
    client: Client, capture: Capture
) -> None:
    editor = new_key(client, "person:write")
    capture("$set", "eve", {"$set": {"a": 1}})
    client.patch(f"{PERSONS}/1", json={"properties": {"color": "red"}}, headers=editor)
    capture("$set", "visitor", {"$set": {"b": 1}})
    visitor = person(client, "visitor")["uuid"]
    capture("$set", "ada")
    merge(client, capture, "visitor", "eve")
    merge(client, capture, "ada", "visitor")

    blamed = blame(client, "ada")

    assert blamed["color"]["actor"] == {"kind": "key", "name": "narrow"}
    assert (blamed["color"]["position"], blamed["a"]["position"]) == (3, 2)
    # It says through whom the value came to this person: the merge that it came through.
    assert {each["merged_from"] for each in blamed.values()} == {visitor}


def test_after_a_merge_was_taken_back_each_is_blamed_on_who_had_set_it(
    client: Client, capture: Capture
) -> None:
    capture("$set", "visitor", {"$set": {"color": "red", "plan": "trial", "x": 1}})
    capture("$set", "ada", {"$set": {"plan": "free"}})
    merged = merge(client, capture, "ada", "visitor")
    client.patch(f"{PERSONS}/2", json={"properties": {"plan": "edited"}})
    capture("$set", "visitor", {"$set": {"plan": "team"}})
    capture("$set", "ada", {"$set": {"y": 1}, "$unset": ["x"]})
    team = get(client, "/2/history")["results"][-3]["position"]
    client.post(f"{PERSONS}/2/unmerge", json={"merge": merged})

    visitor, ada = blame(client, "visitor"), blame(client, "ada")

    told = {key: (each["value"], each["position"]) for key, each in visitor.items()}
    assert told == {"color": ("red", 2), "x": (1, 2), "plan": ("team", team)}
    told = {key: (each["value"], each["position"]) for key, each in ada.items()}
    assert told == {"plan": ("edited", team - 1), "y": (1, team + 1)}
    assert {each["merged_from"] for each in (*visitor.values(), *ada.values())} == {None}


def test_what_only_taking_a_merge_back_brought_is_blamed_on_that(
    client: Client, capture: Capture
) -> None:
    capture("$set", "visitor")
    capture("$set", "ada", {"$set": {"plan": "pro"}})
    merged = merge(client, capture, "ada", "visitor")
    capture(
        "$set", "visitor", {"$set": {"plan": "pro"}}
    )  # changes nothing, as long as they are one
    client.post(f"{PERSONS}/2/unmerge", json={"merge": merged})

    blamed = blame(client, "visitor")["plan"]

    assert (blamed["value"], blamed["cause"]) == ("pro", None)
    assert blamed["actor"] == {"kind": "key", "name": "all"}


@pytest.mark.parametrize(("path", "status"), [("/9/blame", 404), ("/ada/blame", 400)])
def test_nobody_has_no_blame(client: Client, path: str, status: int) -> None:
    assert client.get(PERSONS + path).status_code == status


def test_the_dead_have_no_blame(client: Client, capture: Capture) -> None:
    capture("$set", "ada")
    client.delete(f"{PERSONS}/1")

    assert client.get(f"{PERSONS}/1/blame").status_code == 404


def test_ten_thousand_changes_are_no_burden(client: Client, capture: Capture) -> None:
    events = [
        {"event": "$set", "distinct_id": "ada", "properties": {"$set": {f"k{n % 7}": n}}}
        for n in range(10_000)
    ]
    for start in range(0, len(events), 1_000):
        body = {"api_key": SDK, "batch": events[start : start + 1_000]}
        assert client.post("/batch/", json=body).status_code == 200

    blamed = blame(client, "ada")

    assert {each["value"] - each["before"] for each in blamed.values()} == {7}
    assert {each["value"] for each in blamed.values()} == set(range(9_993, 10_000))
