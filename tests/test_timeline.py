import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.lives import Lives, lives, march
from tests.timelines import MARCH_1_TO_5, insight_of, points


@pytest.fixture
def project(database_url: str) -> Iterator[Lives]:
    with lives(database_url) as project:
        yield project


def test_an_event_on_the_lower_bound_is_a_point(project: Lives) -> None:
    project.capture("opened", march(1), plan="free", seats=5)

    assert insight_of(project, **MARCH_1_TO_5) == {
        "points": [
            {
                "timestamp": "2024-03-01T00:00:00Z",
                "properties": {"plan": "free", "seats": 5},
                "relevant_event_count": 1,
            }
        ],
        "crucial_property_keys": ["seats"],
        "effective_date_from": "2024-03-01T00:00:00+00:00",
        "effective_date_to": "2024-03-05T23:59:59.999999+00:00",
    }


def test_an_event_before_the_window_is_no_point(project: Lives) -> None:
    project.capture("opened", datetime.fromisoformat("2024-02-24T00:00:00Z"), seats=5)

    assert insight_of(project, **MARCH_1_TO_5) == {
        "points": [],
        "crucial_property_keys": ["seats"],
        "effective_date_from": "2024-03-01T00:00:00+00:00",
        "effective_date_to": "2024-03-05T23:59:59.999999+00:00",
    }


def test_filters_of_the_series_give_keys_too(project: Lives) -> None:
    project.capture("opened", march(1), plan="free", seats=5)
    project.capture("opened", march(1, 21, 30), plan="pro", seats=5)
    plan = {"key": "plan", "type": "person", "value": ["q"], "operator": "exact"}
    os = {"key": "os", "type": "event", "value": ["r"], "operator": "exact"}
    series = json.dumps([{"id": "opened", "properties": [plan, os]}])

    timeline = insight_of(project, **MARCH_1_TO_5 | {"events": series})

    assert timeline["crucial_property_keys"] == ["plan", "seats"]
    assert points(timeline, "plan", "seats") == [
        ("2024-03-01T00:00:00Z", "free", 5, 1),
        ("2024-03-01T21:30:00Z", "pro", 5, 1),
    ]


@pytest.mark.parametrize(("kind", "count"), [("person", 2), ("event", 1)])
def test_a_breakdown_by_person_gives_a_key(project: Lives, kind: str, count: int) -> None:
    project.capture("opened", march(1), plan="free", seats=5)
    project.capture("opened", march(2), plan="pro", seats=5)

    timeline = insight_of(project, **MARCH_1_TO_5, breakdown="plan", breakdown_type=kind)

    assert len(timeline["points"]) == count


def test_a_value_that_comes_back_makes_a_third_point(project: Lives) -> None:
    for day, seats in [(2, 8), (3, 5), (4, 8)]:
        project.capture("opened", march(day), plan="free", seats=seats)

    timeline = insight_of(project, **MARCH_1_TO_5)

    assert points(timeline, "plan", "seats") == [
        ("2024-03-02T00:00:00Z", "free", 8, 1),
        ("2024-03-03T00:00:00Z", "free", 5, 1),
        ("2024-03-04T00:00:00Z", "free", 8, 1),
    ]
    assert timeline["points"][0]["properties"] == timeline["points"][2]["properties"]


def test_events_up_to_the_next_change_count_for_a_point(project: Lives) -> None:
    for hour, seats in enumerate([1, 2, 2, 2, 3]):
        project.capture("opened", march(2, hour), seats=seats)
    project.capture("closed", march(2, 2), seats=9)

    assert points(insight_of(project, **MARCH_1_TO_5), "seats") == [
        ("2024-03-02T00:00:00Z", 1, 1),
        ("2024-03-02T01:00:00Z", 2, 3),
        ("2024-03-02T04:00:00Z", 3, 1),
    ]


def test_without_filters_one_point_counts_all_events(project: Lives) -> None:
    for day in range(1, 6):
        project.capture(f"event {day}", march(day), seats=day)

    timeline = insight_of(project, **MARCH_1_TO_5 | {"events": "[]", "properties": "[]"})

    assert timeline["crucial_property_keys"] == []
    assert points(timeline, "seats") == [("2024-03-01T00:00:00Z", 1, 5)]


def test_without_entities_other_events_count_too(project: Lives) -> None:
    project.capture("opened", march(1), seats=1)
    for day, event in [(2, "opened"), (2, "closed"), (3, "opened"), (4, "closed")]:
        project.capture(event, march(day), seats=2)
    project.capture("opened", march(5), seats=3)

    timeline = insight_of(project, **MARCH_1_TO_5 | {"events": "[]"})

    assert [count for *_, count in points(timeline)] == [1, 4, 1]


@pytest.mark.parametrize(
    ("date", "interval", "date_to"),
    [
        ("2024-03-02T00:00:00Z", "day", "2024-03-02T23:59:59.999999+00:00"),
        ("2024-03-02T00:00:00Z", "hour", "2024-03-02T01:00:00+00:00"),
        ("2024-03-01", "month", "2024-03-31T23:59:59.999999+00:00"),
        ("2024-03-04", "week", "2024-03-10T23:59:59.999999+00:00"),
    ],
)
def test_equal_dates_ask_for_one_interval(
    project: Lives, date: str, interval: str, date_to: str
) -> None:
    for minute, seats in enumerate([8, 5, 8]):
        project.capture("opened", march(int(date[8:10]), 0, minute), seats=seats)
    line = {"date_from": date, "date_to": date, "display": "ActionsLineGraph"}

    timeline = insight_of(project, **MARCH_1_TO_5 | line, interval=interval)

    assert [count for *_, count in points(timeline)] == [1, 1, 1]
    assert timeline["effective_date_from"] == f"{date[:10]}T00:00:00+00:00"
    assert timeline["effective_date_to"] == date_to


def test_the_last_seven_days_end_today(project: Lives) -> None:
    for day in (23, 24, 31):
        project.capture("opened", march(day, 11), seats=day)

    timeline = insight_of(project, **MARCH_1_TO_5 | {"date_from": "-7d", "date_to": ""})

    assert [seats for _, seats, _ in points(timeline, "seats")] == [24, 31]
    assert timeline["effective_date_from"] == "2024-03-24T00:00:00+00:00"
    assert timeline["effective_date_to"] == "2024-03-31T23:59:59.999999+00:00"
