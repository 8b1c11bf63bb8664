from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from domain.commands import SplitPerson, Unmerge
from domain.values import JSON
from storage.schema import events
from tests.lives import Lives, lives, march
from tests.timelines import BIRTH, days, life_of


@pytest.fixture
def project(database_url: str) -> Iterator[Lives]:
    with lives(database_url) as project:
        yield project


def test_each_change_is_a_point_with_all_properties(project: Lives) -> None:
    project.capture("opened", march(1, 9, 30), plan="free")
    project.capture("opened", march(2), plan="free")
    project.capture("opened", march(3, 0, 0, 0.25), email="a@example.com")

    assert life_of(project) == {
        "points": [
            {
                "timestamp": "2024-03-01T09:30:00Z",
                "properties": {"plan": "free"},
                "relevant_event_count": 2,
            },
            {
                "timestamp": "2024-03-03T00:00:00.250000Z",
                "properties": {"plan": "free", "email": "a@example.com"},
                "relevant_event_count": 1,
            },
        ],
        "crucial_property_keys": [BIRTH, "email", "plan"],
        "effective_date_from": "2024-03-01T09:30:00+00:00",
        "effective_date_to": "2024-03-31T12:00:00+00:00",
    }


def test_only_the_named_keys_count(project: Lives) -> None:
    project.capture("opened", march(1), email="a")
    project.capture("opened", march(2), plan="free")
    project.capture("opened", march(3), email="b")
    project.capture("opened", march(4), plan="pro")

    timeline = life_of(project, "plan", "never")

    assert timeline["crucial_property_keys"] == ["never", "plan"]
    assert days(timeline) == [
        (2, {"email": "a", "plan": "free"}, 2),
        (4, {"email": "b", "plan": "pro"}, 1),
    ]


def test_edits_through_the_api_are_captured_events(project: Lives) -> None:
    project.capture("opened", march(1), plan="free")
    project.edit(march(2), plan="pro")
    project.unset(march(3), "plan")
    project.edit(march(4), plan=None)

    assert days(life_of(project)) == [
        (1, {"plan": "free"}, 1),
        (2, {"plan": "pro"}, 1),
        (3, {}, 1),
        (4, {"plan": None}, 1),
    ]


def test_a_value_that_comes_back_is_a_third_point(project: Lives) -> None:
    for day, plan in enumerate(["free", "pro", "free"], start=1):
        project.capture("opened", march(day), plan=plan)

    assert [shown["plan"] for _, shown, _ in days(life_of(project))] == ["free", "pro", "free"]


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), (None, ""), ("1", 1), ([1], [True])]
)
def test_a_value_of_another_kind_is_a_change(project: Lives, before: JSON, after: JSON) -> None:
    project.capture("opened", march(1), seats=before)
    project.capture("opened", march(2), seats=after)

    assert len(life_of(project)["points"]) == 2


def test_what_one_event_sets_and_unsets_is_one_change(project: Lives) -> None:
    project.capture("opened", march(1), plan="free", email="a")
    project.capture("opened", march(2), properties={"$unset": ["email"]}, plan="pro")

    assert days(life_of(project)) == [
        (1, {"plan": "free", "email": "a"}, 1),
        (2, {"plan": "pro"}, 1),
    ]


def test_a_merge_is_one_change_of_the_survivor(project: Lives) -> None:
    project.capture("opened", march(1), distinct_id="anon", seats=5, plan="trial")
    project.capture("opened", march(2), plan="free")
    project.capture("$identify", march(3), properties={"$anon_distinct_id": "anon"}, email="a")
    project.capture("opened", march(4), distinct_id="anon", plan="pro")

    assert days(life_of(project)) == [
        (2, {"plan": "free"}, 1),
        (3, {"plan": "free", "seats": 5, "email": "a"}, 1),
        (4, {"plan": "pro", "seats": 5, "email": "a"}, 1),
    ]


def test_a_merge_that_is_taken_back_is_a_change_too(project: Lives) -> None:
    project.capture("opened", march(1), distinct_id="anon", seats=5)
    project.capture("opened", march(2), plan="free")
    project.capture("$identify", march(3), properties={"$anon_distinct_id": "anon"}, plan="pro")
    with project.database.reading() as connection:
        log = select(events.c.position).where(events.c.topic == "Merged")
        merge = connection.execute(log).scalar_one()
    project.do(Unmerge(person_id=project.person().person_id, merge=merge), march(4))

    assert days(life_of(project)) == [
        (2, {"plan": "free"}, 1),
        (3, {"plan": "pro", "seats": 5}, 1),
        (4, {"plan": "pro"}, 0),
    ]
    assert days(life_of(project, distinct_id="anon")) == [(1, {"seats": 5}, 1)]


def test_a_person_that_was_split_off_has_no_properties(project: Lives) -> None:
    project.capture("opened", march(1), plan="free")
    project.capture("$identify", march(2), properties={"$anon_distinct_id": "anon"})
    project.do(SplitPerson(person_id=project.person().person_id, main_distinct_id="ada"), march(3))

    assert life_of(project, distinct_id="anon") == {
        "points": [],
        "crucial_property_keys": [],
        "effective_date_from": "2024-03-03T00:00:00+00:00",
        "effective_date_to": "2024-03-31T12:00:00+00:00",
    }
    assert days(life_of(project)) == [(1, {"plan": "free"}, 2)]


def test_what_was_erased_is_not_told(project: Lives) -> None:
    project.capture("opened", march(1), plan="free")
    project.capture("opened", march(2), email="a@example.com")
    project.capture("opened", march(3), plan="pro")
    with project.database.writing() as connection:
        connection.execute(update(events).where(events.c.version == 3).values(state=None))

    assert days(life_of(project)) == [(1, {"plan": "free"}, 2), (3, {"plan": "pro"}, 1)]


def test_events_before_the_first_point_count_for_none(project: Lives) -> None:
    project.capture("opened", march(1))
    project.capture("opened", march(2), properties={"$process_person_profile": False})
    project.capture("opened", march(3), plan="free")
    project.capture("opened", march(4), properties={"$process_person_profile": False})

    assert days(life_of(project, "plan")) == [(3, {"plan": "free"}, 2)]
