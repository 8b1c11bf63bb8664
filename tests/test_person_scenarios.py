"""The golden scenarios, and what must hold of all others, from HTTP to HTTP."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import person_model
from tests.event_scenarios import EVENT_SCENARIOS
from tests.merge_scenarios import MERGE_SCENARIOS
from tests.project import Person, Project, new_project
from tests.property_scenarios import PROPERTY_SCENARIOS
from tests.scenario import Event, Scenario, event, expected
from tests.service import Client

SCENARIOS = PROPERTY_SCENARIOS | EVENT_SCENARIOS | MERGE_SCENARIOS
ALL = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


@ALL
def test_scenario(shared_client: Client, scenario: Scenario) -> None:
    project = new_project(shared_client)
    for step in scenario.events:
        project.capture(step)

    scenario.check(project)


@ALL
def test_scenario_in_one_batch(shared_client: Client, scenario: Scenario) -> None:
    project = new_project(shared_client)
    project.capture_all(scenario.events)

    scenario.check(project)


@ALL
def test_the_last_event_of_a_scenario_again(shared_client: Client, scenario: Scenario) -> None:
    project = new_project(shared_client)
    project.capture_all([*scenario.events, scenario.events[-1]])

    leaves = scenario.persons if scenario.again is None else scenario.again
    assert project.persons() == expected(project, leaves)


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("P36 the target wins also where the source is newer", {"n": 2, "m": None}),
        ("P54 what comes for a merged id lands on the survivor", {"a": 2, "b": 3}),
    ],
)
def test_all_events_of_a_scenario_again(
    shared_client: Client, name: str, properties: dict[str, Any]
) -> None:
    project = new_project(shared_client)
    project.capture_all(SCENARIOS[name].events * 2)

    # Who was anonymous is the survivor now: what was said about the one is said about the other.
    assert [person.properties for person in project.persons()] == [properties]


def test_a_uuid_is_posthogs(client: Client) -> None:
    project = Project(client)
    project.capture_all([event("visit", name) for name in ("test", "test2", "u1", "a1")])

    assert {name: person.uuid for name, person in project.owners().items()} == {
        "test": "246f7a43-5507-564f-b687-793ee3c2dd79",
        "test2": "45c17302-ee44-5596-916a-0eba21f4b638",
        "u1": "66545e47-9600-5f24-95fd-044cb5baa8f0",
        "a1": "16d51132-065f-5188-b30e-07848cc0eacc",
    }


NAMES = ["a", "b", "c", "d", "null"]
names = st.sampled_from(NAMES)
keys = st.sampled_from(["x", "y", "z"])
values = st.integers(0, 3) | st.none() | st.just("text") | st.just([1])
times = st.integers(1, 28).map(lambda day: f"2024-01-{day:02}T00:00:00Z")
wishes = st.fixed_dictionaries(
    {},
    optional={
        "$set": st.dictionaries(keys, values, max_size=2),
        "$set_once": st.dictionaries(keys, values, max_size=2),
        "$unset": st.lists(keys, max_size=2),
        "$process_person_profile": st.sampled_from([True, True, False]),
    },
)
plain = st.builds(event, st.sampled_from(["visit", "$set"]), names, wishes, timestamp=times)


@st.composite
def joining(draw: st.DrawFn) -> Event:
    """Return an event that merges. What it sets it does not also unset: that is undefined."""
    name = draw(st.sampled_from(list(person_model.SOURCES)))
    asked: dict[str, Any] = draw(wishes) | {person_model.SOURCES[name]: draw(names)}
    taken = asked.get("$set", {}).keys() | asked.get("$set_once", {}).keys()
    asked["$unset"] = [key for key in asked.get("$unset", []) if key not in taken]
    return event(name, draw(names), asked, timestamp=draw(times))


sequences = st.lists(plain | joining(), min_size=1, max_size=10)


@given(sequences)
def test_a_batch_leaves_what_its_events_leave_one_by_one(
    shared_client: Client, events: list[Event]
) -> None:
    one, other = new_project(shared_client), new_project(shared_client)
    for each in events:
        one.capture(each)
    other.capture_all(events)

    assert one.persons() == person_model.persons(events, one.id)
    assert other.persons() == person_model.persons(events, other.id)
    assert one.warnings() == other.warnings()


@given(sequences)
def test_identity_only_grows(shared_client: Client, events: list[Event]) -> None:
    project = new_project(shared_client)
    before: dict[str, Person] = {}
    for each in events:
        project.capture(each)
        persons, after = project.persons(), project.owners()

        # No id is in two persons, and none of them is without one.
        assert sum(len(person.distinct_ids) for person in persons) == len(after)
        assert all(person.distinct_ids for person in persons)
        for name, person in before.items():
            assert set(after[name].distinct_ids) >= set(person.distinct_ids)
            assert after[name].is_identified >= person.is_identified
            assert after[name].created_at <= person.created_at
        before = after


@given(sequences)
def test_what_comes_later_lands_on_the_survivor(shared_client: Client, events: list[Event]) -> None:
    project = new_project(shared_client)
    project.capture_all(events)
    owners = project.owners()
    for name in owners:
        project.capture(event("visit", name, {"$set": {name: True}}))

    for person in project.persons():
        assert person.properties.keys() >= set(person.distinct_ids)
        assert person.uuid in {owners[name].uuid for name in person.distinct_ids}
        assert not person.properties.keys() & (set(NAMES) - set(person.distinct_ids))


@given(sequences)
def test_who_is_one_depends_on_merges_and_first_events_alone(
    shared_client: Client, events: list[Event]
) -> None:
    one, other = new_project(shared_client), new_project(shared_client)
    one.capture_all(events)
    other.capture_all([event("visit", "one more"), *stripped(events)])

    others = [person.distinct_ids for person in other.persons()]
    others.remove(["one more"])
    assert [person.distinct_ids for person in one.persons()] == others


def stripped(events: Sequence[Event]) -> list[Event]:
    """Return those that decide who is one, without all else that they say."""
    known, kept = set(), []
    for each in events:
        asked = each["properties"]
        source = person_model.SOURCES.get(each["event"])
        if asked.get("$process_person_profile") is False:
            continue
        if source or each["distinct_id"] not in known:
            merge = {source: asked[source]} if source else {}
            kept.append(event(each["event"], each["distinct_id"], merge))
        known.add(each["distinct_id"])
    return kept


@given(sequences, st.data())
def test_an_event_again_changes_nothing(
    shared_client: Client, events: list[Event], data: st.DataObject
) -> None:
    last = data.draw(joining())
    project = new_project(shared_client)
    project.capture_all([*events, last])
    persons = project.persons()
    project.capture(last)

    assert project.persons() == persons
