from datetime import UTC, datetime
from typing import Any

import pytest

from tests.annals import get, head, person, results, without_birth
from tests.doors import PERSONS, Capture
from tests.service import Client

NOTHING: dict[str, Any] = {
    "added": {},
    "changed": {},
    "removed": {},
    "distinct_ids": {"gained": [], "lost": []},
}


@pytest.fixture
def ada(capture: Capture) -> str:
    """The path of a person; it is born at 1, has plan and seats at 2, another plan at 3, and at 5
    no seats but an e-mail address."""
    capture("$set", "ada", {"$set": {"plan": "free", "seats": 5}})
    capture("$set", "ada", {"$set": {"plan": "pro"}})
    capture("$set", "ada", {"$set": {"email": "a@example.com"}, "$unset": ["seats"]})
    return "/1"


def diff(client: Client, path: str, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = get(client, f"{path}/diff", **query)
    return found


def test_a_diff_tells_what_differs(client: Client, ada: str) -> None:
    assert diff(client, ada, **{"from": 2, "to": 5}) == {
        "from": 2,
        "to": 5,
        "added": {"email": "a@example.com"},
        "changed": {"plan": {"before": "free", "after": "pro"}},
        "removed": {"seats": 5},
        "distinct_ids": {"gained": [], "lost": []},
    }


def test_what_came_and_went_between_does_not_differ(client: Client, capture: Capture) -> None:
    for plan in ("free", "pro", "free"):
        capture("$set", "ada", {"$set": {"plan": plan}})
    capture("$set", "ada", {"$set": {"x": 1}})
    capture("$set", "ada", {"$unset": ["x"]})

    assert diff(client, "/1", **{"from": 2}).items() >= NOTHING.items()


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (None, ""), ([1], [True])])
def test_a_value_of_another_kind_differs(
    client: Client, capture: Capture, before: Any, after: Any
) -> None:
    capture("$set", "ada", {"$set": {"x": before}})
    capture("$set", "ada", {"$set": {"x": after}})

    changed = diff(client, "/1", **{"from": 2})["changed"]
    assert str(changed) == str({"x": {"before": before, "after": after}})


def test_a_diff_may_be_asked_by_time_and_goes_up_to_now(client: Client, capture: Capture) -> None:
    for day in (1, 2, 3):
        client.clock.now = datetime(2024, 3, day, tzinfo=UTC)
        capture("$set", "ada", {"$set": {"day": day}})

    found = diff(client, "/1", **{"from": "2024-03-01T12:00:00+00:00"})
    assert (found["from"], found["to"]) == ("2024-03-01T12:00:00Z", "2024-03-03T00:00:00Z")
    assert found["changed"] == {"day": {"before": 1, "after": 3}}
    assert diff(client, "/1", **{"from": "2024-03-01", "to": "2024-03-02"})["changed"] == {
        "day": {"before": 1, "after": 2}
    }
    assert (
        diff(client, "/1", **{"from": "2024-02-01", "to": "2024-02-02"}).items() >= NOTHING.items()
    )


def test_a_diff_tells_distinct_ids(client: Client, capture: Capture) -> None:
    capture("$set", "ada")
    capture("$create_alias", "ada", {"alias": "a"})
    capture("$create_alias", "ada", {"alias": "b"})
    client.post(f"{PERSONS}/1/split", json={"distinct_ids_to_split": ["a"]})

    assert diff(client, "/1", **{"from": 4})["distinct_ids"] == {"gained": ["b"], "lost": ["a"]}


def test_who_does_not_live_has_nothing(client: Client, ada: str) -> None:
    everything = {"plan": "pro", "email": "a@example.com"}
    assert without_birth(diff(client, ada, **{"from": 0})["added"]) == everything
    client.delete(PERSONS + ada)

    found = diff(client, ada, **{"from": 5})

    assert without_birth(found["removed"]) == everything
    assert found["distinct_ids"] == {"gained": [], "lost": ["ada"]}
    assert diff(client, ada, **{"from": 6}).items() >= NOTHING.items()


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("", "from"),
        ("from=x", "from"),
        ("from=-1", "from"),
        ("from=2&to=x", "to"),
        ("from=99", "from"),
        ("from=1&to=99", "to"),
        ("from=3&to=2", "from"),
        ("from=2999-01-01", "from"),
        ("from=20240301", "from"),
    ],
)
@pytest.mark.parametrize("path", ["/1/diff", "/diff"])
def test_places_that_cannot_be_are_refused(
    client: Client, ada: str, path: str, query: str, attr: str
) -> None:
    answer = client.get(f"{PERSONS}{path}?{query}")

    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_nobody_has_no_diff(client: Client, ada: str) -> None:
    assert client.get(f"{PERSONS}/9/diff?from=0").status_code == 404


@pytest.fixture
def crowd(client: Client, capture: Capture) -> int:
    """The position at which six persons lived; since then something happened to five of them."""
    for name in ("stays", "changes", "dies", "visitor", "host", "changes back"):
        capture("$set", name, {"$set": {"plan": "free", "n": 1}})
    capture("nothing", "stays")
    start = head(client)
    capture("$set", "changes", {"$set": {"plan": "pro"}})
    capture("$set", "changes back", {"$set": {"plan": "pro"}})
    capture("$set", "changes back", {"$set": {"plan": "free"}})
    client.delete(f"{PERSONS}/{person(client, 'dies')['uuid']}")
    capture("$identify", "host", {"$anon_distinct_id": "visitor", "$set": {"x": 1}})
    capture("$set", "is born", {"$set": {"y": 1}})
    capture("$set", "comes and goes")
    client.delete(f"{PERSONS}/{person(client, 'comes and goes')['uuid']}")
    return start


def test_a_project_tells_who_differs(client: Client, crowd: int) -> None:
    found = get(client, "/diff", **{"from": crowd})

    assert found["next"] is None
    assert found["counts"] == {
        "created": 1,
        "changed": 2,
        "deleted": 1,
        "merged": 1,
        "restored": 0,
        "keys": 5,  # plan, n, x, y and that of births
    }
    kinds = [each["kind"] for each in found["results"]]
    assert kinds == ["changed", "deleted", "merged", "changed", "created"]
    changed, _, merged, host, created = found["results"]
    assert changed["changed"] == {"plan": {"before": "free", "after": "pro"}}
    assert merged["distinct_ids"] == {"gained": [], "lost": ["visitor"]}
    assert host["distinct_ids"] == {"gained": ["visitor"], "lost": []}
    assert (host["added"], host["changed"]) == ({"x": 1}, {})
    assert without_birth(created["added"]) == {"y": 1}
    for each in found["results"]:
        alone = diff(client, f"/{each['person']}", **{"from": crowd})
        assert {key: each[key] for key in NOTHING} == {key: alone[key] for key in NOTHING}


def test_pages_of_a_project_are_full_and_stay_as_they_were(
    client: Client, capture: Capture, crowd: int
) -> None:
    whole = get(client, "/diff", **{"from": crowd})
    first = get(client, "/diff", **{"from": crowd, "limit": 2})
    capture("$set", "changes", {"$set": {"plan": "team"}})
    capture("$set", "another")
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    assert first["counts"] == whole["counts"]
    assert "counts" not in second
    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert first["results"] + second["results"] + third["results"] == whole["results"]
    assert third["next"] is None


def test_who_lives_again_was_restored(client: Client, capture: Capture, crowd: int) -> None:
    host = person(client, "host")["uuid"]
    (merge,) = get(client, f"/{host}/merges")["results"]
    start = head(client)
    client.post(f"{PERSONS}/{host}/unmerge", json={"merge": merge["merge"]})

    changed, restored = get(client, "/diff", **{"from": start})["results"]

    assert (changed["kind"], changed["distinct_ids"]["lost"]) == ("changed", ["visitor"])
    assert (restored["kind"], restored["person"]) == ("restored", merge["source"])


def test_thousands_of_persons_are_told_page_by_page(client: Client) -> None:
    events = [
        {"event": "$set", "distinct_id": f"user {n}", "properties": {"$set": {"n": n}}}
        for n in range(2_500)
    ]
    client.post("/batch/", json={"api_key": f"phc_{'t' * 43}", "batch": events})
    client.post("/batch/", json={"api_key": f"phc_{'t' * 43}", "batch": events[:1_200]})
    start = get(client, "/changes", after=0, limit=1)["position"]

    counts = get(client, "/diff", **{"from": start})["counts"]
    found = results(client, "/diff", **{"from": start, "limit": 1_000})

    assert counts["created"] + counts["changed"] == 2_500
    assert len({each["person"] for each in found}) == len(found) == 2_500
