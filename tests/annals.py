"""What tests of the past share: short ways to ask for it."""

from collections.abc import Sequence
from typing import Any

from tests.doors import PERSONS
from tests.service import Client

BIRTH = "$creator_event_uuid"
"""The property that every captured person is born with."""


def get(client: Client, path: str, **query: Any) -> Any:
    """Return what GET answers below the persons; it must succeed."""
    answer = client.get(PERSONS + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def results(client: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return the results on all pages of what GET answers below the persons."""
    page = get(client, path, **query)
    found: list[dict[str, Any]] = page["results"]
    while page["next"]:
        page = client.get(page["next"]).json()
        found += page["results"]
    return found


def person(client: Client, distinct_id: str) -> dict[str, Any]:
    """Return the person behind a distinct id, as GET :id shows it."""
    (listed,) = get(client, "", distinct_id=distinct_id)["results"]
    found: dict[str, Any] = get(client, f"/{listed['uuid']}")
    return found


def types(events: Sequence[dict[str, Any]]) -> list[str]:
    """Return the types of events."""
    return [each["type"] for each in events]


def without_birth(properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties without the one that every captured person is born with."""
    return {key: value for key, value in properties.items() if key != BIRTH}


def head(client: Client) -> int:
    """Return the position of the log's last event."""
    position = 0
    while following := get(client, "/changes", after=position, limit=1000)["position"] - position:
        position += following
    return position
