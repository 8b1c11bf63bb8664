"""Whole lives whose events arrive in another order than that in which they occurred."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import TypeAlias
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.values import JSON
from tests.lives import Lives, lives, march
from tests.timelines import days, life_of

Step: TypeAlias = tuple[int, dict[str, JSON]]
"""The day of a captured event, and its properties."""

SET = st.dictionaries(st.sampled_from("ab"), st.integers(0, 2)).map(lambda set: {"$set": set})
UNSET = st.sampled_from("ab").map(lambda key: {"$unset": [key]})
STEPS = st.lists(st.tuples(st.integers(1, 9), SET | UNSET), min_size=1)


@pytest.fixture
def project(database_url: str) -> Iterator[Lives]:
    with lives(database_url) as project:
        yield project


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with lives(f"sqlite:///{tmp_path_factory.mktemp('many')}/persons.db") as project:
        yield project


def test_what_arrives_late_takes_its_place_in_the_past(project: Lives) -> None:
    project.capture("opened", march(2), plan="free")
    project.capture("opened", march(4), plan="pro")
    project.capture("opened", march(3), email="a")
    project.capture("opened", march(1), seats=1)
    project.capture("closed", march(3))

    assert days(life_of(project)) == [
        (1, {"seats": 1}, 1),
        (2, {"seats": 1, "plan": "free"}, 1),
        (3, {"seats": 1, "plan": "free", "email": "a"}, 2),
        (4, {"seats": 1, "plan": "pro", "email": "a"}, 1),
    ]


def test_a_life_ends_with_what_occurred_last_whatever_arrived_last(project: Lives) -> None:
    project.capture("opened", march(1), plan="free")
    project.capture("opened", march(3), plan="pro")
    project.capture("opened", march(2), plan="trial")

    assert days(life_of(project)) == [
        (1, {"plan": "free"}, 1),
        (2, {"plan": "trial"}, 1),
        (3, {"plan": "pro"}, 1),
    ]
    assert json.loads(project.person().properties)["plan"] == "trial"


def test_events_of_one_moment_count_each_for_its_own_change(project: Lives) -> None:
    project.capture("opened", march(1), plan="free")
    project.capture("opened", march(2), plan="a")
    project.capture("opened", march(2))
    project.capture("opened", march(2), plan="b")

    assert days(life_of(project)) == [
        (1, {"plan": "free"}, 1),
        (2, {"plan": "a"}, 2),
        (2, {"plan": "b"}, 1),
    ]


def test_a_life_goes_on_to_a_clock_that_is_ahead(project: Lives) -> None:
    project.capture("opened", march(1), plan="free")
    project.capture("opened", march(31, 13), plan="pro")

    timeline = life_of(project, now=march(31, 12))

    assert timeline["effective_date_from"] == "2024-03-01T00:00:00+00:00"
    assert timeline["effective_date_to"] == "2024-03-31T13:00:00+00:00"


def test_thousands_of_changes_are_told_in_any_order(project: Lives) -> None:
    count = 5_000
    order = [index * 1_234_577 % count for index in range(count)]
    project.capture_all(
        [(march(1) + timedelta(minutes=minute), {"$set": {"n": minute}}) for minute in order]
    )

    assert [(shown["n"], events) for _, shown, events in days(life_of(project))] == [
        (minute, 1) for minute in range(count)
    ]


def lived(many: Lives, steps: list[Step]) -> str:
    """Return the distinct id of a person to which all of this happened, in this order."""
    distinct_id = str(uuid4())
    many.capture_all([(march(day), properties) for day, properties in steps], distinct_id)
    return distinct_id


@given(steps=STEPS)
def test_in_any_order_each_point_is_a_change_and_no_event_is_lost(
    many: Lives, steps: list[Step]
) -> None:
    points = days(life_of(many, "a", "b", distinct_id=lived(many, steps)))

    first = points[0][0] if points else 10
    counted = sum(count for *_, count in points)
    assert sum(day > first for day, _ in steps) <= counted <= sum(day >= first for day, _ in steps)
    assert [day for day, *_ in points] == sorted(day for day, *_ in points)
    assert all(one != other for (_, one, _), (_, other, _) in pairwise([(0, {}, 0), *points]))


@given(steps=STEPS.map(lambda steps: sorted(steps, key=lambda step: step[0])))
def test_in_order_a_life_is_told_as_it_was_lived(many: Lives, steps: list[Step]) -> None:
    now: dict[str, JSON] = {}
    expected: list[tuple[int, dict[str, JSON], int]] = []
    for day, asked in steps:
        gone = asked.get("$unset", [])
        then = {key: value for key, value in now.items() if key not in gone} | asked.get("$set", {})
        if expected and then == now:
            expected[-1] = (*expected[-1][:2], expected[-1][2] + 1)
        else:
            expected.append((day, then, 1))
        now = then

    assert days(life_of(many, distinct_id=lived(many, steps))) == expected
