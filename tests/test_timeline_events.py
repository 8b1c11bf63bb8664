from collections.abc import Iterator

import pytest

from domain.values import JSON
from tests.lives import Lives, lives, march
from tests.timelines import MARCH_1_TO_5, insight_of, points


@pytest.fixture
def project(database_url: str) -> Iterator[Lives]:
    with lives(database_url) as project:
        yield project


def test_all_time_begins_on_the_day_of_the_first_event(project: Lives) -> None:
    project.capture("opened", march(2, 9), seats=1)
    project.capture("closed", march(1, 8))

    timeline = insight_of(project, **MARCH_1_TO_5 | {"date_from": "all"})

    assert points(timeline, "seats") == [("2024-03-02T09:00:00Z", 1, 1)]
    assert timeline["effective_date_from"] == "2024-03-01T00:00:00+00:00"


def test_a_window_may_be_as_wide_as_the_calendar(project: Lives) -> None:
    project.capture("opened", march(2), seats=1)
    dates = {"date_from": "0001-01-01", "date_to": "9999-12-31"}

    assert len(insight_of(project, **MARCH_1_TO_5 | dates)["points"]) == 1


def test_a_window_ends_with_a_whole_second(project: Lives) -> None:
    project.capture("opened", march(5, 23, 59, 59), seats=1)
    project.capture("opened", march(5, 23, 59, 59.4), seats=2)

    timeline = insight_of(project, **MARCH_1_TO_5)

    assert [seats for _, seats, _ in points(timeline, "seats")] == [1]


@pytest.mark.parametrize(
    ("hour", "date_to", "count"),
    [(5, "2024-03-03T06:00", 0), (6, "2024-03-03T06:00", 1), (5, "2024-03-04T06:00", 1)],
    ids=["before a short window", "in a short window", "in the first day of a long window"],
)
def test_a_long_window_looks_at_all_of_its_first_interval(
    project: Lives, hour: int, date_to: str, count: int
) -> None:
    project.capture("opened", march(2, hour), seats=1)
    dates = {"date_from": "2024-03-02T06:00", "date_to": date_to, "explicit_date": "true"}

    timeline = insight_of(project, **MARCH_1_TO_5 | dates)

    assert len(timeline["points"]) == count
    assert timeline["effective_date_from"] == "2024-03-02T06:00:00+00:00"


@pytest.mark.parametrize(
    ("before", "after", "is_change"),
    [
        (None, "", True),
        (None, "null", False),
        (1, "1", False),
        (1, 1.0, True),
        (1, True, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}, True),
        ([1, "1"], ["1", 1], True),
        ("", '"', True),
    ],
)
def test_values_are_compared_as_json_text(
    project: Lives, before: JSON, after: JSON, is_change: bool
) -> None:
    project.capture("opened", march(1), seats=before)
    project.capture("opened", march(2), seats=after)

    assert len(insight_of(project, **MARCH_1_TO_5)["points"]) == 1 + is_change


def test_a_missing_value_is_like_an_empty_text(project: Lives) -> None:
    project.capture("opened", march(1))
    project.capture("opened", march(2), seats="")
    project.capture("opened", march(3), properties={"$unset": ["seats"]})

    assert points(insight_of(project, **MARCH_1_TO_5)) == [("2024-03-01T00:00:00Z", 3)]


def test_a_point_shows_the_person_right_after_its_event(project: Lives) -> None:
    project.capture("opened", march(3), seats=1)
    project.capture("opened", march(2), seats=2, plan="late")
    project.edit(march(4), plan="edited")

    assert points(insight_of(project, **MARCH_1_TO_5), "seats", "plan") == [
        ("2024-03-02T00:00:00Z", 2, "late", 1),
        ("2024-03-03T00:00:00Z", 1, None, 1),
    ]


def test_edits_through_the_api_are_events_without_a_series(project: Lives) -> None:
    project.capture("opened", march(1), seats=1)
    project.edit(march(2), seats=2)
    project.unset(march(3), "seats")

    timeline = insight_of(project, **MARCH_1_TO_5 | {"events": "[]"})

    assert [seats for _, seats, _ in points(timeline, "seats")] == [1, 2, None]


def test_events_of_one_moment_stand_in_the_order_of_their_arrival(project: Lives) -> None:
    for seats in (3, 1, 2):
        project.capture("opened", march(2), seats=seats)

    timeline = insight_of(project, **MARCH_1_TO_5)

    assert [seats for _, seats, _ in points(timeline, "seats")] == [3, 1, 2]


def test_a_merge_brings_properties_but_no_events(project: Lives) -> None:
    project.capture("opened", march(1), distinct_id="anon", seats=5)
    project.capture("opened", march(2), plan="free")
    project.capture("$identify", march(3), properties={"$anon_distinct_id": "anon"})
    project.capture("opened", march(4), distinct_id="anon")

    assert points(insight_of(project, **MARCH_1_TO_5), "seats", "plan") == [
        ("2024-03-02T00:00:00Z", None, "free", 1),
        ("2024-03-04T00:00:00Z", 5, "free", 1),
    ]


def test_an_event_before_the_person_was_born_shows_no_properties(project: Lives) -> None:
    project.capture("opened", march(1), properties={"$process_person_profile": False})
    project.capture("opened", march(2), seats=1)

    first, second = insight_of(project, **MARCH_1_TO_5)["points"]

    assert (first["properties"], first["relevant_event_count"]) == ({}, 1)
    assert (second["properties"], second["relevant_event_count"]) == ({"seats": 1}, 1)


@pytest.mark.parametrize(
    ("entities", "count"),
    [
        ({"events": '[{"id": null}]'}, 2),
        ({"events": '[{"id": null}, {"id": "opened"}]'}, 1),
        ({"events": '[{"id": "opened"}, {"id": "closed"}]'}, 2),
        ({"events": '[{"id": "neither"}]'}, 0),
        ({"events": "[]", "actions": '[{"id": 7}]'}, 0),
        ({"actions": '[{"id": 7}]'}, 1),
        ({"events": "", "actions": '[{"id": null}]'}, 2),
        ({"events": '[{"id": "opened\\u0000"}]'}, 0),
    ],
)
def test_entities_say_which_events_count(
    project: Lives, entities: dict[str, str], count: int
) -> None:
    project.capture("opened", march(1), seats=1)
    project.capture("closed", march(2), seats=1)

    timeline = insight_of(project, **MARCH_1_TO_5 | entities)

    assert sum(count for *_, count in points(timeline)) == count
