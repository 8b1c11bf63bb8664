from typing import Any

import pytest

from tests.annals import get, head, person
from tests.doors import PERSONS, Capture, new_key
from tests.service import Client


@pytest.fixture
def merge(client: Client, capture: Capture) -> int:
    """The position at which the person visitor, 1, was merged into the person ada, 2."""
    capture("$set", "visitor", {"$set": {"plan": "trial", "color": "red"}})
    capture("$set", "ada", {"$set": {"plan": "pro"}})
    capture("$identify", "ada", {"$anon_distinct_id": "visitor"})
    (listed,) = get(client, "/2/merges")["results"]
    return int(listed["merge"])


def unmerge(client: Client, position: Any, *, query: str = "", **headers: str) -> Any:
    path = f"{PERSONS}/2/unmerge{query}"
    return client.post(path, json={"merge": position}, headers=headers)


def test_both_persons_are_as_they_were(client: Client, merge: int) -> None:
    before = [get(client, f"/{id}", as_of=merge - 2) for id in (2, 1)]

    answer = unmerge(client, merge)

    survivor, restored = before
    assert answer.status_code == 200
    assert answer.json() == {"survivor": survivor, "restored": restored, "conflicts": []}
    assert [get(client, "/2"), get(client, "/1")] == before
    assert int(answer.headers["X-Position"]) == head(client)
    assert person(client, "visitor")["id"] == 1


def test_each_has_what_came_later_through_its_own_distinct_ids(
    client: Client, capture: Capture, merge: int
) -> None:
    capture("$set", "visitor", {"$set": {"plan": "team", "seen": 2}})
    capture("$set", "ada", {"$set": {"name": "Ada"}})
    survivor, restored = (get(client, f"/{id}", as_of=merge - 2) for id in (2, 1))

    answer = unmerge(client, merge).json()

    later = {"plan": "team", "seen": 2}
    assert answer["restored"] == restored | {"properties": restored["properties"] | later}
    assert answer["survivor"]["properties"] == survivor["properties"] | {"name": "Ada"}
    (conflict,) = answer["conflicts"]
    assert conflict.pop("detail").startswith("changed through 'visitor'")
    assert conflict == {"key": "plan", "survivor": "pro", "restored": "team"}


def test_a_dry_run_changes_nothing(client: Client, capture: Capture, merge: int) -> None:
    capture("$set", "visitor", {"$set": {"plan": "team"}})
    before, log = get(client, "/2"), head(client)

    preview = unmerge(client, merge, query="?dry_run=true")

    assert preview.status_code == 200
    assert (get(client, "/2"), head(client)) == (before, log)
    assert client.get(f"{PERSONS}/1").status_code == 404
    assert preview.json() == unmerge(client, merge).json()


def test_merges_tell_which_can_be_taken_back(client: Client, capture: Capture, merge: int) -> None:
    capture("$set", "eve")
    capture("$merge_dangerously", "visitor", {"alias": "eve"})

    first, second = get(client, "/2/merges")["results"]

    visitor = get(client, "/1", as_of=merge - 2)["uuid"]
    assert first.pop("at") < second["at"]
    assert first == {
        "merge": merge,
        "source": visitor,
        "distinct_ids": ["visitor"],
        "can_unmerge": False,
        "detail": f"the merge at {second['merge']} came in through 'visitor':"
        " take that one back first",
    }
    assert (second["can_unmerge"], second["distinct_ids"]) == (True, ["eve"])
    refused = unmerge(client, merge)
    assert (refused.status_code, refused.json()["detail"]) == (409, first["detail"])

    assert unmerge(client, second["merge"]).status_code == 200
    assert unmerge(client, merge).status_code == 200
    taken_back = [each["detail"] for each in get(client, "/2/merges")["results"]]
    assert [each.split(" was ")[1][:13] for each in taken_back] == ["taken back at"] * 2


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "merge"),
        ({"merge": None}, "required", "merge"),
        ({"merge": "6"}, "invalid_input", "merge"),
        ({"merge": 1.5}, "invalid_input", "merge"),
    ],
)
def test_a_body_that_cannot_be_is_refused(
    client: Client, merge: int, body: Any, code: str, attr: str
) -> None:
    answer = client.post(f"{PERSONS}/2/unmerge", json=body)

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["attr"]) == (code, attr)


@pytest.mark.parametrize("position", [0, -1, 4, 2**80])
def test_what_is_no_merge_cannot_be_taken_back(client: Client, merge: int, position: int) -> None:
    answer = unmerge(client, position)

    assert answer.status_code == 409
    assert answer.json() == {
        "type": "invalid_request",
        "code": "cannot_unmerge",
        "detail": f"there is no merge into this person at position {position}",
        "attr": None,
    }


def test_a_stale_version_is_refused(client: Client, capture: Capture, merge: int) -> None:
    seen = client.get(f"{PERSONS}/2").headers["ETag"]
    capture("$set", "ada", {"$set": {"x": 1}})

    assert unmerge(client, merge, **{"If-Match": seen}).status_code == 412
    seen = client.get(f"{PERSONS}/2").headers["ETag"]
    assert unmerge(client, merge, **{"If-Match": seen}).status_code == 200


def test_nobody_can_be_unmerged(client: Client, merge: int) -> None:
    body = {"merge": merge}

    assert client.post(f"{PERSONS}/9/unmerge", json=body).status_code == 404
    assert client.post(f"{PERSONS}/1/unmerge", json=body).status_code == 404
    assert client.post(f"{PERSONS}/ada/unmerge", json=body).status_code == 400
    reader = new_key(client, "person:read")
    assert client.post(f"{PERSONS}/2/unmerge", json=body, headers=reader).status_code == 403


def test_the_merges_of_the_dead_are_told(client: Client, merge: int) -> None:
    client.delete(f"{PERSONS}/2")

    (listed,) = get(client, "/2/merges")["results"]

    assert (listed["merge"], listed["can_unmerge"]) == (merge, False)
    assert "gone" in listed["detail"]
    assert get(client, "/1/merges") == {"results": []}


def test_who_was_away_keeps_the_merges_of_before(
    client: Client, capture: Capture, merge: int
) -> None:
    capture("$set", "eve")
    capture("$merge_dangerously", "eve", {"alias": "ada"})
    capture("$set", "visitor", {"$set": {"plan": "team"}})
    (away,) = get(client, "/3/merges")["results"]
    client.post(f"{PERSONS}/3/unmerge", json={"merge": away["merge"]})
    assert get(client, "/2")["properties"]["plan"] == "team"

    (listed,) = get(client, "/2/merges")["results"]

    assert (listed["merge"], listed["can_unmerge"]) == (merge, False)
    assert "a part of another one" in listed["detail"]
    assert unmerge(client, merge).json()["detail"] == listed["detail"]


def test_a_merge_behind_one_that_was_taken_back_is_taken_back_alone(
    client: Client, capture: Capture, merge: int
) -> None:
    unmerge(client, merge)
    capture("$set", "eve", {"$set": {"size": 5}})
    capture("$merge_dangerously", "eve", {"alias": "ada"})
    (away,) = get(client, "/3/merges")["results"]
    capture("$set", "ada", {"$set": {"while away": 1}})
    client.post(f"{PERSONS}/3/unmerge", json={"merge": away["merge"]})
    before = get(client, "/2")
    capture("$merge_dangerously", "ada", {"alias": "eve"})

    last = get(client, "/2/merges")["results"][-1]
    assert unmerge(client, last["merge"]).json()["survivor"] == before | {"is_identified": False}
