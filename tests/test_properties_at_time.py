from typing import Any

import pytest

from tests.annals import get, person, without_birth
from tests.doors import PERSONS, Capture
from tests.service import Client


def at(client: Client, day: int, **who: str) -> dict[str, Any] | None:
    """Return the properties in March 2024, at noon; None if nobody had them."""
    query = {"timestamp": f"2024-03-{day:02}T12:00:00Z"} | (who or {"distinct_id": "ada"})
    answer = client.get(f"{PERSONS}/properties_at_time", params=query)
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return without_birth(answer.json()["properties"])


def march(day: int) -> str:
    return f"2024-03-{day:02}T00:00:00Z"


def test_the_answer_has_posthogs_shape(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}}, timestamp=march(1))
    capture("$set", "ada", {"$set": {"plan": "pro"}}, timestamp=march(3))
    now = person(client, "ada")

    found = get(
        client,
        "/properties_at_time",
        distinct_id="ada",
        timestamp="2024-03-02",
        include_set_once=True,
    )

    assert found.pop("point_in_time_metadata") == {
        "queried_timestamp": "2024-03-02T00:00:00Z",
        "include_set_once": True,
        "distinct_id_used": "ada",
        "person_id_used": now["uuid"],
        "query_mode": "distinct_id",
        "distinct_ids_queried": ["ada"],
        "distinct_ids_count": 1,
    }
    assert found == now | {"properties": now["properties"] | {"plan": "free"}}


def test_the_events_own_clocks_count(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "pro"}}, timestamp=march(5))
    capture("$set", "ada", {"$set": {"plan": "free", "late": 1}}, timestamp=march(3))

    assert [at(client, day) for day in range(2, 6)] == [
        None,
        {"plan": "free", "late": 1},
        {"plan": "free", "late": 1},
        {"plan": "pro", "late": 1},
    ]


def test_what_was_unset_or_set_once_counts(client: Client, capture: Capture) -> None:
    capture("x", "ada", {"$set_once": {"first": 1}, "$set": {"email": "a"}}, timestamp=march(1))
    capture("x", "ada", {"$unset": ["email"]}, timestamp=march(3))

    assert [at(client, day) for day in (1, 2, 3)] == [
        {"first": 1, "email": "a"},
        {"first": 1, "email": "a"},
        {"first": 1},
    ]


def test_a_distinct_id_means_who_had_it_then(client: Client, capture: Capture) -> None:
    capture("$set", "visitor", {"$set": {"color": "red"}}, timestamp=march(1))
    visitor = person(client, "visitor")["uuid"]
    capture("$set", "ada", {"$set": {"plan": "pro"}}, timestamp=march(2))
    capture("$identify", "ada", {"$anon_distinct_id": "visitor"}, timestamp=march(4))

    assert at(client, 3, distinct_id="visitor") == {"color": "red"}
    assert at(client, 4, distinct_id="visitor") == {"color": "red", "plan": "pro"}
    assert at(client, 3, distinct_id="ada") == {"plan": "pro"}
    assert at(client, 3, person_id=visitor) == {"color": "red"}
    assert at(client, 4, person_id=visitor) is None


def test_the_dead_answer_as_of_before(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"life": 1}}, timestamp=march(1))
    first = person(client, "ada")["uuid"]
    client.delete(f"{PERSONS}/1")
    capture("$set", "ada", {"$set": {"life": 2}})

    assert at(client, 2, person_id=first) == at(client, 2) == {"life": 1}
    now = client.get(
        f"{PERSONS}/properties_at_time?distinct_id=ada&timestamp=2999-01-01T00:00:00Z"
    ).json()
    assert now["properties"]["life"] == 2


@pytest.mark.parametrize(
    ("query", "status", "attr"),
    [
        ("distinct_id=ada", 400, "timestamp"),
        ("distinct_id=ada&timestamp=x", 400, "timestamp"),
        ("timestamp=2024-03-01", 400, None),
        ("timestamp=2024-03-01&distinct_id=ada&person_id=1", 400, None),
        ("timestamp=2024-03-01&person_id=ada", 400, None),
        ("timestamp=2024-03-01&person_id=9", 404, None),
        ("timestamp=2024-03-01&distinct_id=nobody", 404, None),
    ],
)
def test_what_cannot_be_asked_is_refused(
    client: Client, capture: Capture, query: str, status: int, attr: str | None
) -> None:
    capture("$set", "ada")

    answer = client.get(f"{PERSONS}/properties_at_time?{query}")
    assert (answer.status_code, answer.json()["attr"]) == (status, attr)
