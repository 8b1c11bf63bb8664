"""Two times at once: what was believed then about a time, by the events' own clocks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.settings import Settings
from storage import projects
from tests.annals import get, head, without_birth
from tests.doors import PERSONS, Capture
from tests.project import new_project
from tests.service import Client

START = datetime(2024, 3, 1, tzinfo=UTC)

Believed = Callable[..., dict[str, Any] | None]


def day(number: int) -> datetime:
    """Return the midnight of a day of March 2024."""
    return START + timedelta(days=number - 1)


@pytest.fixture
def believed(client: Client) -> Believed:
    """What was known of ada's properties at a day or position, about a day; None for nobody."""

    def ask(as_known_at: int | str, about: int, path: str = "/1") -> dict[str, Any] | None:
        times = {"as_of": day(about).isoformat(), "as_known_at": as_known_at}
        answer = client.get(PERSONS + path, params=times)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        assert "ETag" not in answer.headers
        return without_birth(answer.json()["properties"])

    return ask


@pytest.fixture
def late(client: Client, capture: Capture) -> None:
    """Ada was free on the 1st and pro on the 9th; on the 20th came what happened on the 5th."""
    for arrived, occurred, plan in ((1, 1, "free"), (9, 9, "pro"), (20, 5, "trial")):
        client.clock.now = day(arrived)
        capture("$set", "ada", {"$set": {"plan": plan}}, timestamp=day(occurred).isoformat())
    client.clock.now = day(31)


def order_by_event_time(client: Client) -> None:
    with client.store.database.writing() as connection:
        projects.set_settings(connection, 1, Settings(ordering="event_time"))


CASES = [  # known at, about, plan
    (1, 1, "free"),
    (1, 9, "free"),
    (8, 9, "free"),
    (9, 6, "free"),
    (9, 9, "pro"),
    (19, 6, "free"),
    (20, 4, "free"),
    (20, 5, "trial"),
    (20, 8, "trial"),
    (20, 9, "pro"),
    (31, 40, "pro"),
]


@pytest.mark.parametrize(("known_at", "about", "plan"), CASES)
def test_what_came_late_counts_from_when_it_is_known(
    believed: Believed, late: None, known_at: int, about: int, plan: str
) -> None:
    assert believed(day(known_at).isoformat(), about) == {"plan": plan}


@pytest.mark.parametrize(("known_at", "about", "plan"), CASES)
def test_the_order_of_a_project_makes_no_difference(
    client: Client, request: pytest.FixtureRequest, known_at: int, about: int, plan: str
) -> None:
    order_by_event_time(client)
    request.getfixturevalue("late")
    believed: Believed = request.getfixturevalue("believed")

    assert get(client, "/1")["properties"]["plan"] == "pro"
    assert believed(day(known_at).isoformat(), about) == {"plan": plan}


def test_a_position_says_as_well_what_was_known(believed: Believed, late: None) -> None:
    assert [believed(position, 6) for position in range(5)] == [
        None,
        {},
        {"plan": "free"},
        {"plan": "free"},
        {"plan": "trial"},
    ]


def test_alone_the_time_of_recording_counts(client: Client, late: None) -> None:
    at = day(6).isoformat()
    assert get(client, "/1", as_of=at)["properties"]["plan"] == "free"
    assert get(client, "/1", as_of=at, as_known_at=head(client))["properties"]["plan"] == "trial"


def test_nobody_was_known_before_the_first_event(believed: Believed, late: None) -> None:
    assert believed("2024-02-29T23:59:59Z", 9) is None
    assert believed(0, 9) is None
    assert believed(4, -3) is None


def test_a_merge_counts_once_it_is_known(
    client: Client, capture: Capture, believed: Believed
) -> None:
    client.clock.now = day(1)
    capture("$set", "ada", {"$set": {"plan": "pro"}}, timestamp=day(1).isoformat())
    capture("$set", "visitor", {"$set": {"theme": "dark"}}, timestamp=day(1).isoformat())
    before = head(client)
    client.clock.now = day(9)
    asked = {"$anon_distinct_id": "visitor"}
    capture("$identify", "ada", asked, timestamp=day(3).isoformat())
    after = head(client)
    client.clock.now = day(20)

    assert believed(before, 4) == {"plan": "pro"}
    assert believed(after, 2) == {"plan": "pro"}
    assert believed(after, 4) == {"plan": "pro", "theme": "dark"}
    assert believed(before, 4, "/2") == {"theme": "dark"}
    assert believed(after, 2, "/2") == {"theme": "dark"}
    assert believed(after, 4, "/2") is None
    owner = {"distinct_id": "visitor", "timestamp": day(4).isoformat()}
    for known_at, uuid in ((before, "/2"), (after, "/1")):
        found = get(client, "/properties_at_time", as_known_at=known_at, **owner)
        assert found["uuid"] == get(client, uuid, as_of=before)["uuid"]


@pytest.mark.parametrize(
    ("path", "query", "attr"),
    [
        ("/1", {"as_known_at": "1"}, "as_of"),
        ("/1", {"as_known_at": "x", "as_of": "2024-03-01"}, "as_known_at"),
        ("/1", {"as_known_at": "99", "as_of": "2024-03-01"}, "as_known_at"),
        ("/1", {"as_known_at": "2999-01-01", "as_of": "2024-03-01"}, "as_known_at"),
        ("/1", {"as_known_at": "1", "as_of": "1"}, "as_of"),
        ("/1", {"as_known_at": "1", "as_of": "x"}, "as_of"),
        ("", {"as_known_at": "1"}, "as_known_at"),
        ("", {"as_known_at": "1", "as_of": "2024-03-01"}, "as_known_at"),
        (
            "/properties_at_time",
            {"as_known_at": "99", "timestamp": "2024-03-01", "distinct_id": "ada"},
            "as_known_at",
        ),
    ],
)
def test_what_cannot_be_known_is_refused(
    client: Client, capture: Capture, path: str, query: dict[str, str], attr: str
) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})

    answer = client.get(PERSONS + path, params=query)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


keys = st.sampled_from(["p", "q", "r"])
told = st.tuples(
    st.integers(1, 9),
    st.dictionaries(keys, st.integers(0, 2), max_size=2),
    st.lists(keys, max_size=1),
)


@settings(max_examples=max(10, settings.default.max_examples // 20))  # type: ignore[union-attr]
@given(st.lists(told, min_size=1, max_size=8), st.sampled_from(["arrival", "event_time"]))
def test_belief_is_what_was_told_by_then_in_the_order_of_its_times(
    shared_client: Client, lives: list[Any], ordering: Any
) -> None:
    client, project = shared_client, new_project(shared_client)
    with client.store.database.writing() as connection:
        projects.set_settings(connection, project.id, Settings(ordering=ordering))
    model = Beliefs(is_by_time=ordering == "event_time")
    known: list[int] = []
    path = f"/api/projects/{project.id}/persons"
    for occurred, given_values, gone in lives:
        properties = {"$set": given_values, "$unset": gone}
        event = {"event": "$set", "distinct_id": "ada", "properties": properties}
        project.capture(event | {"timestamp": day(occurred).isoformat()})
        model.be_told(occurred, given_values, gone)
        page = client.get(f"{path}/changes?limit=1000", headers=project.headers).json()
        known.append(page["position"])

    for told_of, position in enumerate(known, start=1):
        for about in range(1, 10):
            times = {"as_of": day(about).isoformat(), "as_known_at": str(position)}
            answer = client.get(f"{path}/1", params=times, headers=project.headers)
            expected = model.believe(told_of, about)
            assert answer.status_code == (404 if expected is None else 200)
            if expected is not None:
                assert without_birth(answer.json()["properties"]) == expected


class Beliefs:
    """What is told of one person: the log keeps what changes something when it arrives."""

    def __init__(self, *, is_by_time: bool) -> None:
        self._is_by_time = is_by_time
        self._now: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._facts: list[tuple[int, int, dict[str, int], list[str]]] = []

    def be_told(self, occurred: int, given: dict[str, int], gone: list[str]) -> None:
        """Keep what differs from now; what came too late for that stays a fact of its own time."""
        if not self._facts:
            gone = []
        gone = [key for key in gone if key in self._now]
        new = {k: v for k, v in given.items() if k not in gone and self._now.get(k) != v}
        late = {key for key in self._since if self._is_by_time and self._since[key] > occurred}
        gone = [key for key in gone if key not in late]
        self._facts.append((occurred, len(self._facts) + 1, new, gone))
        timely = {key: value for key, value in new.items() if key not in late}
        self._now = {k: v for k, v in (self._now | timely).items() if k not in gone}
        self._since |= dict.fromkeys([*timely, *gone], occurred)

    def believe(self, told_of: int, about: int) -> dict[str, int] | None:
        """Return what the first so many facts say about a day; None for nobody."""
        facts = sorted(self._facts[:told_of], key=lambda fact: fact[:2])
        counting = [
            fact for fact in facts if fact[0] <= about and (fact[1] == 1 or fact[2:] != ({}, []))
        ]
        if not counting:
            return None
        state: dict[str, int] = {}
        for _, _, new, gone in counting:
            state = {k: v for k, v in (state | new).items() if k not in gone}
        return state
