from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.values import encode
from tests.doors import PERSONS, Capture
from tests.service import Client

WEDNESDAY = datetime(2024, 5, 1, 12, tzinfo=UTC)


UUID = "0189aaaa-0000-7000-8000-000000000001"
WRONG = ["limit=0", "after=x", "before=17", "cursor=x", "cursor=W10"]
BAD: list[list[Any]] = [
    ["0001-01-01T00:00:00+14:00", 1, 1, UUID, "e", "d"],
    ["2024-01-01T00:00:00", 1, 1, UUID, "e", "d"],
    ["2024-01-01T00:00:00Z", 2**63, 1, UUID, "e", "d"],
    ["2024-01-01T00:00:00Z", 1, 2**31, UUID, "e", "d"],
    ["2024-01-01T00:00:00Z", 1, 1, "x", "e", "d"],
]


def cursor(content: list[Any]) -> str:
    """Return a parameter such as a page's link has it."""
    return f"cursor={urlsafe_b64encode(encode(content)).decode()}"


@pytest.fixture
def ada(client: Client, capture: Capture) -> str:
    """The path of a person with the distinct ids a and b, and properties."""
    client.clock.now = WEDNESDAY
    capture("$set", "a", {"$set": {"plan": "pro", "email": "ada@example.com"}})
    capture("$create_alias", "a", {"alias": "b"})
    return f"{PERSONS}/1"


def test_captured_events_are_listed_newest_first(
    client: Client, capture: Capture, ada: str
) -> None:
    uuid = "0189aaaa-0000-7000-8000-000000000001"
    capture("opened", "b", {"x": 1}, timestamp="2024-04-01T00:00:00Z", uuid=uuid)

    newest, _, oldest = client.get(f"{ada}/events").json()["results"]

    assert newest["event"] == "$create_alias"
    assert oldest == {
        "uuid": uuid,
        "event": "opened",
        "distinct_id": "b",
        "timestamp": "2024-04-01T00:00:00Z",
        "received_at": "2024-05-01T12:00:00Z",
        "properties": {"x": 1},
        "person_version": int(client.get(ada).headers["etag"].strip('"')),
    }


def test_pages_of_captured_events_skip_none_and_repeat_none(
    client: Client, capture: Capture, ada: str
) -> None:
    for number in range(6):
        day = 1 + number // 3  # three at one time
        capture(f"e{number}", "ab"[number % 2], timestamp=f"2024-04-0{day}T00:00:00Z")
    everything = client.get(f"{ada}/events").json()
    assert everything["next"] is None

    pages = []
    url: str | None = f"{ada}/events?limit=3"
    while url:
        page = client.get(url).json()
        pages += page["results"]
        capture("later", "a", timestamp="2024-04-20T00:00:00Z")
        url = page["next"]

    assert pages == everything["results"]
    assert len(pages) == 8


def test_captured_events_are_chosen_by_time_and_name(
    client: Client, capture: Capture, ada: str
) -> None:
    for day in (1, 2, 3):
        capture("opened", "a", timestamp=f"2024-04-0{day}T00:00:00Z")

    def days(**query: str) -> list[str]:
        results = client.get(f"{ada}/events", params=query | {"event": "opened"}).json()["results"]
        return [each["timestamp"][8:10] for each in results]

    assert days() == ["03", "02", "01"]
    assert days(after="2024-04-01") == ["03", "02"]
    assert days(before="2024-04-03T00:00:00Z") == ["02", "01"]
    assert days(after="2024-04-01", before="2024-04-03") == ["02"]
    assert client.get(f"{ada}/events?event=").json()["results"] == []


def test_a_merged_person_has_the_events_of_both(client: Client, capture: Capture, ada: str) -> None:
    capture("hi", "eve")
    capture("$merge_dangerously", "a", {"alias": "eve"})

    names = {each["event"] for each in client.get(f"{ada}/events").json()["results"]}

    assert names == {"$set", "$create_alias", "hi", "$merge_dangerously"}
    assert client.get(f"{PERSONS}/2/events").status_code == 404


@pytest.mark.parametrize(
    "query", ["limit=0", "after=x", "before=17", "cursor=x", "cursor=W10", *map(cursor, BAD)]
)
def test_a_wrong_question_for_events_is_refused(client: Client, ada: str, query: str) -> None:
    answer = client.get(f"{ada}/events?{query}")

    assert (answer.status_code, answer.json()["attr"]) == (400, query.partition("=")[0])


def test_a_cursor_that_we_never_gave_out_leads_somewhere(client: Client, ada: str) -> None:
    odd = cursor(["9999-12-31T23:59:59Z", 1, 1, UUID, "\0", "\0\u2028"])

    assert len(client.get(f"{ada}/events?{odd}").json()["results"]) == 2
