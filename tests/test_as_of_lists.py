"""Lists as of the past: whoever is listed, and in which order, is what the list was then."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from projections.past import living
from tests.annals import get, head, person, results
from tests.doors import PERSONS, Capture
from tests.service import Client

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
HOURS = [0, -50, 20, -3, 5, 5, -200, 23, 1, -1]  # by which clients' clocks are wrong


@pytest.fixture(params=[0, 2_000], ids=["by creation", "by position"], autouse=True)
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find lives in both ways: as in a long log, and as in its beginning."""
    monkeypatch.setattr(living, "FEW", request.param)


def lived(client: Client, capture: Capture) -> dict[int, list[dict[str, Any]]]:
    """Let persons live, and return the list at some positions."""
    lists: dict[int, list[dict[str, Any]]] = {}
    for number, hours in enumerate(HOURS):
        client.clock.now = START + timedelta(hours=number)
        created_at = client.clock.now + timedelta(hours=hours)
        capture("$set", f"p{number}", {"$set": {"n": number}}, timestamp=created_at.isoformat())
        if number % 3 == 2:
            capture("$set", f"p{number - 1}", {"$set": {"later": number}})
            capture("$merge_dangerously", f"p{number}", {"alias": f"p{number - 2}"})
        if number == 6:
            client.delete(f"{PERSONS}/{person(client, 'p4')['id']}")
        lists[head(client)] = get(client, "")["results"]
    client.clock.now = START + timedelta(days=3)
    return lists


def test_a_list_is_as_it_was(client: Client, capture: Capture) -> None:
    for position, listed in lived(client, capture).items():
        page = get(client, "", as_of=position, include_total=True)

        assert page["results"] == listed
        assert page["count"] == len(listed)


def test_pages_have_each_person_once_in_order(client: Client, capture: Capture) -> None:
    for position, listed in lived(client, capture).items():
        assert results(client, "", as_of=position, limit=2) == listed
        for offset in range(len(listed) + 2):
            page = get(client, "", as_of=position, limit=2, offset=offset)
            assert page["results"] == listed[offset : offset + 2]


def test_a_search_finds_what_was_there(client: Client, capture: Capture) -> None:
    for position, listed in lived(client, capture).items():
        for wanted in listed:
            uuid = wanted["uuid"]
            for text in (uuid, uuid[5:20], uuid[:8].upper()):
                found = get(client, "", as_of=position, search=text)["results"]
                assert found == [wanted]
            for name in wanted["distinct_ids"]:
                assert get(client, "", as_of=position, search=name)["results"] == [wanted]


def test_a_relative_time_counts_from_then(client: Client, capture: Capture) -> None:
    client.clock.now = START
    capture("$set", "ada", {"$set": {"seen": "2024-02-27T12:00:00Z"}})
    client.clock.now = START + timedelta(days=60)
    capture("$set", "bob", {"$set": {"seen": "2024-04-28T12:00:00Z"}})
    recent = '[{"key":"seen","value":"-7d","operator":"is_date_after","type":"person"}]'

    def names(**query: Any) -> list[str]:
        return [each["name"] for each in get(client, "", properties=recent, **query)["results"]]

    assert names() == ["bob"]
    assert names(as_of="2024-03-02T00:00:00Z") == ["ada"]
    assert names(as_of="2024-04-20T00:00:00Z") == []
