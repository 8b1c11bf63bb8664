from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.doors import PERSONS, Capture
from tests.service import Client


def names(page: dict[str, Any]) -> list[str]:
    return [person["name"] for person in page["results"]]


@pytest.fixture
def seven(capture: Capture) -> None:
    """Persons p1 to p7, each a day older than the one before."""
    for number in range(1, 8):
        day = f"2024-03-{8 - number:02}T12:00:00Z"
        capture("$set", f"p{number}", {"$set": {"plan": "pro"}}, timestamp=day)


def test_persons_are_listed_newest_first(client: Client, seven: None) -> None:
    page = client.get(PERSONS).json()

    assert page.keys() == {"next", "previous", "results"}
    assert (page["next"], page["previous"]) == (None, None)
    assert names(page) == ["p1", "p2", "p3", "p4", "p5", "p6", "p7"]
    assert all(person["id"] == person["uuid"] for person in page["results"])


@pytest.mark.parametrize(
    ("limit", "pages"),
    [
        (2, [["p1", "p2"], ["p3", "p4"], ["p5", "p6"], ["p7"]]),
        (7, [["p1", "p2", "p3", "p4", "p5", "p6", "p7"]]),
        (100, [["p1", "p2", "p3", "p4", "p5", "p6", "p7"]]),
    ],
)
@pytest.mark.parametrize("tail", ["", "&include_total=true"])
def test_links_lead_through_all_pages_and_back(
    client: Client, seven: None, limit: int, pages: list[list[str]], tail: str
) -> None:
    seen = [client.get(f"{PERSONS}?limit={limit}{tail}").json()]
    while url := seen[-1]["next"]:
        seen.append(client.get(url).json())
    back = [seen[-1]]
    while url := back[-1]["previous"]:
        back.append(client.get(url).json())

    assert [names(page) for page in seen] == pages
    assert [names(page) for page in back] == pages[::-1]
    assert all(page.get("count") == (7 if tail else None) for page in seen + back)


def test_a_link_keeps_what_was_asked(client: Client, seven: None) -> None:
    asked = {"search": "p", "limit": "3", "offset": "3", "odd": "ä &=#", "properties": ""}

    page = client.get(PERSONS, params=asked).json()

    for link, offset in ((page["next"], "6"), (page["previous"], "0")):
        url = urlsplit(link)
        told = parse_qs(url.query, keep_blank_values=True)
        told.pop("cursor", None)
        assert f"{url.scheme}://{url.netloc}" == str(client.base_url).rstrip("/")
        assert url.path == PERSONS
        assert told == {name: [value] for name, value in asked.items()} | {"offset": [offset]}


@pytest.mark.parametrize(
    ("offset", "limit", "expected"), [(0, 2, ["p1", "p2"]), (5, 100, ["p6", "p7"]), (7, 2, [])]
)
def test_an_offset_alone_works_too(
    client: Client, seven: None, offset: int, limit: int, expected: list[str]
) -> None:
    page = client.get(f"{PERSONS}?limit={limit}&offset={offset}").json()

    assert names(page) == expected


def test_pages_neither_skip_nor_repeat_while_others_write(
    client: Client, capture: Capture, seven: None
) -> None:
    page = client.get(f"{PERSONS}?limit=2").json()
    seen = names(page)

    capture("hi", "new")  # comes in front
    capture("$identify", "p1", {"$anon_distinct_id": "p6"})  # p1 is now as old as p6 was
    client.delete(f"{PERSONS}/{page['results'][1]['id']}")
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += names(page)

    assert seen == ["p1", "p2", "p3", "p4", "p5", "p7"]


def test_the_page_before_is_the_same_when_persons_came_in_front(
    client: Client, capture: Capture, seven: None
) -> None:
    first = client.get(f"{PERSONS}?limit=2").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    capture("hi", "new")

    assert names(client.get(third["previous"]).json()) == names(second)


def test_persons_of_one_moment_are_each_listed_once(client: Client, capture: Capture) -> None:
    for number in range(7):
        capture("hi", f"p{number}", timestamp="2024-03-01T00:00:00Z")

    page = client.get(f"{PERSONS}?limit=2").json()
    seen = names(page)
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += names(page)

    assert sorted(seen) == [f"p{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("query", "has_count"),
    [
        ("", False),
        ("?include_total=false", False),
        ("?include_total=true", True),
        ("?include_total", True),
    ],
)
def test_persons_are_counted_where_asked(
    client: Client, seven: None, query: str, has_count: bool
) -> None:
    assert ("count" in client.get(PERSONS + query).json()) == has_count
