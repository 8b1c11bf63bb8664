from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from storage.schema import events
from tests.annals import get, head, person, without_birth
from tests.doors import PERSONS, Capture
from tests.service import Client


def then(client: Client, path: str, as_of: int | str) -> dict[str, Any] | None:
    """Return the properties of a person as of then; None if it did not live then."""
    answer = client.get(PERSONS + path, params={"as_of": as_of})
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return without_birth(answer.json()["properties"])


def test_a_person_is_shown_as_it_was_at_a_position(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    capture("$set", "ada", {"$set": {"plan": "pro"}, "$unset": ["plan"]})
    capture("$set", "ada", {"$set": {"plan": "team"}})

    assert [then(client, "/1", position) for position in range(5)] == [
        None,
        {},
        {"plan": "free"},
        {},
        {"plan": "team"},
    ]
    now = client.get(f"{PERSONS}/1")
    as_of = client.get(f"{PERSONS}/1?as_of=4")
    assert (as_of.json(), as_of.headers["ETag"]) == (now.json(), now.headers["ETag"])
    assert client.get(f"{PERSONS}/{now.json()['uuid']}?as_of=4").json() == now.json()


def test_a_time_means_what_was_recorded_up_to_it(client: Client, capture: Capture) -> None:
    for day in range(1, 6):
        client.clock.now = datetime(2024, 3, day, 12, tzinfo=UTC)
        capture("$set", "ada", {"$set": {"day": day}}, timestamp="2024-01-01T00:00:00Z")

    client.clock.now = datetime(2024, 3, 7, tzinfo=UTC)
    for day in range(1, 6):
        for time in (
            f"2024-03-0{day}T12:00:00Z",
            f"2024-03-0{day}T12:00:00",
            f"2024-03-0{day} 23:00",
            f"2024-03-0{day}T13:00:00%2B01:00",
            f"2024-03-0{day}T13:00:00+01:00",
            f"2024-03-0{day + 1}",
        ):
            answer = client.get(f"{PERSONS}/1?as_of={time}")
            assert answer.json()["properties"]["day"] == day, time
    assert then(client, "/1", "2024-03-01T11:59:59.999999Z") is None


def test_the_merged_and_the_dead_are_shown_as_before(client: Client, capture: Capture) -> None:
    capture("$set", "visitor", {"$set": {"plan": "trial"}})
    capture("$set", "ada", {"$set": {"plan": "pro"}})
    before = head(client)
    both = [get(client, "/1"), get(client, "/2")]
    capture("$identify", "ada", {"$anon_distinct_id": "visitor"})
    merged = head(client)
    client.delete(f"{PERSONS}/2")

    assert [get(client, "/1", as_of=before), get(client, "/2", as_of=before)] == both
    assert then(client, "/1", merged) is None
    assert get(client, "/2", as_of=merged)["distinct_ids"] == ["ada", "visitor"]
    assert get(client, "/2", as_of=merged)["is_identified"] is True
    assert then(client, "/2", head(client)) is None


def test_a_person_born_again_is_another(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"life": 1}})
    first = person(client, "ada")["uuid"]
    client.delete(f"{PERSONS}/1")
    capture("$set", "ada", {"$set": {"life": 2}})

    assert then(client, f"/{first}", 2) == {"life": 1}
    assert then(client, f"/{first}", head(client)) is None
    assert then(client, "/2", head(client)) == {"life": 2}
    assert then(client, "/2", 2) is None


def test_what_was_erased_stays_erased(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"email": "a@example.com"}})
    capture("$set", "ada", {"$set": {"plan": "pro"}})
    with client.store.database.writing() as connection:
        connection.execute(update(events).where(events.c.version == 2).values(state=None))

    found = get(client, "/1", as_of=3)

    assert (found["id"], found["properties"]) == (1, {"plan": "pro"})


def test_the_clock_of_a_client_may_be_a_little_fast(client: Client, capture: Capture) -> None:
    client.clock.now = datetime(2024, 3, 1, tzinfo=UTC)
    capture("$set", "ada", {"$set": {"plan": "free"}})

    soon = client.clock.now + timedelta(seconds=30)
    assert then(client, "/1", soon.isoformat()) == {"plan": "free"}


@pytest.mark.parametrize(
    "as_of", ["x", "-1", "3", "9" * 40, "1.5", "2024", "20240301", "2024-13-01", "2999-01-01", "²"]
)
def test_what_is_no_place_of_the_log_is_refused(
    client: Client, capture: Capture, as_of: str
) -> None:
    capture("$set", "ada")

    answer = client.get(f"{PERSONS}/1", params={"as_of": as_of})
    assert (answer.status_code, answer.json()["attr"]) == (400, "as_of")


@pytest.mark.parametrize(("path", "status"), [("/9?as_of=1", 404), ("/ada?as_of=1", 400)])
def test_nobody_never_was(client: Client, capture: Capture, path: str, status: int) -> None:
    capture("$set", "ada")

    assert client.get(PERSONS + path).status_code == status
