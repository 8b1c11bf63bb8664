from datetime import UTC, datetime

import pytest

from api.persons.timeline_dates import NOT_TIME_SERIES, OF_INSIGHTS, parse
from projections.timeline import Insight, WholeLife

NOW = datetime(2024, 5, 15, 10, 20, 30, 400_000, tzinfo=UTC)  # a Wednesday


def insight(**parameters: str) -> Insight:
    asked = parse({"events": ["[]"]} | {name: [text] for name, text in parameters.items()}, NOW)
    assert isinstance(asked, Insight)
    return asked


def window(**parameters: str) -> list[str]:
    """Return the bounds of the window as they are shown, without the zone, which is UTC."""
    asked = insight(**parameters)
    assert asked.date_from
    assert (asked.date_from.tzinfo, asked.date_to.tzinfo) == (UTC, UTC)
    return [str(each).removesuffix("+00:00") for each in (asked.date_from, asked.date_to)]


@pytest.mark.parametrize("name", sorted(OF_INSIGHTS))
@pytest.mark.parametrize("text", ["", "[]"])
def test_any_filter_asks_for_an_insight(name: str, text: str) -> None:
    assert isinstance(parse({name: [text]}, NOW), Insight)


def test_without_filters_the_whole_life_is_asked_for() -> None:
    assert parse({}, NOW) == WholeLife(())
    assert parse({"date_from": ["-7d"], "display": ["ActionsTable"]}, NOW) == WholeLife(())


def test_keys_of_a_whole_life_are_sorted_and_each_is_there_once() -> None:
    asked = parse({"key": ["plan", "email", "plan", "", "nul\0"]}, NOW)

    assert asked == WholeLife(("email", "nul\ufffd", "plan"))


def test_of_a_parameter_that_comes_twice_the_last_counts() -> None:
    asked = parse({"events": ["[", '[{"id": "b"}]'], "actions": []}, NOW)

    assert isinstance(asked, Insight)
    assert asked.events == frozenset("b")


def test_without_dates_the_window_is_the_last_seven_days() -> None:
    assert window() == ["2024-05-08 00:00:00", "2024-05-15 23:59:59.999999"]
    assert window(explicit_date="true") == ["2024-05-08 00:00:00", "2024-05-15 10:20:30.400000"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-01", "2024-03-01 00:00:00"),
        ("2024-03-01T04:05:06", "2024-03-01 04:05:06"),
        ("2024-03-01 04:05", "2024-03-01 04:05:00"),
        ("2024-03-01T04:05:06.25Z", "2024-03-01 04:05:06.250000"),
        ("2024-03-01T04:05:06+02:00", "2024-03-01 02:05:06"),
        ("2024-02-29T23:00:00-05:00", "2024-03-01 04:00:00"),
        ("", "2024-05-15 10:20:30.400000"),
        ("-7d", "2024-05-08 10:20:30.400000"),
        ("7d", "2024-05-08 10:20:30.400000"),
        ("-24h", "2024-05-14 10:20:30.400000"),
        ("-2w", "2024-05-01 10:20:30.400000"),
        ("-3m", "2024-02-15 10:20:30.400000"),
        ("-1q", "2024-02-14 10:20:30.400000"),
        ("-1y", "2023-05-15 10:20:30.400000"),
        ("-5M", "2024-05-15 10:15:30.400000"),
        ("-30s", "2024-05-15 10:20:00.400000"),
        ("hStart", "2024-05-15 10:00:00"),
        ("-1hEnd", "2024-05-15 09:59:59.999999"),
        ("dStart", "2024-05-15 00:00:00"),
        ("-1dEnd", "2024-05-14 23:59:59.999999"),
        ("wStart", "2024-05-12 00:00:00"),
        ("-1wEnd", "2024-05-11 23:59:59.999999"),
        ("mStart", "2024-05-01 00:00:00"),
        ("-3mStart", "2024-02-01 00:00:00"),
        ("-3mEnd", "2024-02-29 23:59:59.999999"),
        ("yStart", "2024-01-01 00:00:00"),
        ("-1yEnd", "2023-12-31 23:59:59.999999"),
    ],
)
def test_an_explicit_date_is_what_it_says(text: str, moment: str) -> None:
    assert window(date_from=text, explicit_date="1")[0] == moment
    assert window(date_to=text, explicit_date="1")[1] == moment


@pytest.mark.parametrize(
    ("date_from", "date_to", "interval", "shown"),
    [
        ("2024-03-01T04:05", "2024-03-02T04:05", "", "03-01 00:00:00 03-02 23:59:59.999999"),
        ("2024-03-01T04:05", "2024-03-02T04:05", "week", "03-01 00:00:00 03-02 23:59:59.999999"),
        ("2024-03-01T04:05", "2024-03-02T04:05", "hour", "03-01 04:05:00 03-02 04:05:00"),
        ("2024-03-01T04:05", "2024-03-02T04:05", "minute", "03-01 04:05:00 03-02 04:05:00"),
        ("-24h", "-1h", "day", "05-14 10:20:30.400000 05-15 09:59:59.999999"),
        ("-24h", "", "day", "05-14 10:20:30.400000 05-15 23:59:59.999999"),
        ("-24h", "", "hour", "05-14 10:20:30.400000 05-15 10:59:59.999999"),
        ("-2d", "-1d", "hour", "05-13 00:00:00 05-14 10:59:59.999999"),
        ("-1m", "all", "HOUR", "04-15 10:20:30.400000 05-15 10:59:59.999999"),
        ("", "-1d", "day", "05-15 00:00:00 05-14 23:59:59.999999"),
    ],
)
def test_bounds_are_rounded_to_the_day_unless_hours_are_meant(
    date_from: str, date_to: str, interval: str, shown: str
) -> None:
    bounds = window(date_from=date_from, date_to=date_to, interval=interval)

    assert " ".join(each.removeprefix("2024-") for each in bounds) == shown


@pytest.mark.parametrize(
    ("date", "interval", "shown"),
    [
        ("2024-03-02T05:06", "", "2024-03-02 23:59:59.999999"),
        ("2024-03-02T05:06", "hour", "2024-03-02 06:06:00"),
        ("2024-03-02", "week", "2024-03-08 23:59:59.999999"),
        ("2024-01-31", "month", "2024-02-28 23:59:59.999999"),
        ("-1d", "day", "2024-05-14 23:59:59.999999"),
        ("-1h", "hour", "2024-05-15 10:20:30.400000"),
    ],
)
def test_equal_dates_on_a_line_are_one_interval(date: str, interval: str, shown: str) -> None:
    assert window(date_from=date, date_to=date, interval=interval)[1] == shown


@pytest.mark.parametrize("display", sorted(NOT_TIME_SERIES))
def test_equal_dates_without_a_line_are_one_day(display: str) -> None:
    month = {"date_from": "2024-03-02", "date_to": "2024-03-02", "interval": "month"}

    assert window(**month, display=display)[1] == "2024-03-02 23:59:59.999999"


def test_two_empty_dates_are_a_window_that_ends_before_it_begins() -> None:
    bounds = window(date_from="", date_to="")

    assert bounds == ["2024-05-15 00:00:00", "2024-05-08 23:59:59.999999"]


def test_all_time_has_no_lower_bound() -> None:
    asked = insight(date_from="all", date_to="all", interval="week")

    assert (asked.date_from, asked.since) == (None, None)
    assert str(asked.date_to) == "2024-05-15 23:59:59.999999+00:00"


@pytest.mark.parametrize(
    ("date_from", "date_to", "interval", "since"),
    [
        ("2024-05-08T06:07:08.9", "2024-05-09T06:07", "day", "2024-05-08 06:07:08"),
        ("2024-05-08T06:07:08.9", "2024-05-10T06:07:09", "day", "2024-05-08 00:00:00"),
        ("2024-05-08T06:07:08.9", "2024-05-08T08:07", "hour", "2024-05-08 06:07:08"),
        ("2024-05-08T06:07:08.9", "2024-05-08T08:07:09", "hour", "2024-05-08 06:00:00"),
        ("2024-05-08T06:07:08.9", "2024-05-08T06:08", "week", "2024-05-05 00:00:00"),
        ("2024-05-05T06:07:08.9", "2024-05-05T06:08", "week", "2024-05-05 00:00:00"),
        ("2024-05-08T06:07:08.9", "2024-05-08T06:08", "month", "2024-05-01 00:00:00"),
    ],
)
def test_what_is_looked_at_begins_with_an_interval_and_has_whole_seconds(
    date_from: str, date_to: str, interval: str, since: str
) -> None:
    asked = insight(date_from=date_from, date_to=date_to, interval=interval, explicit_date="true")

    assert str(asked.since) == f"{since}+00:00"
    assert asked.until == asked.date_to.replace(microsecond=0)


def test_the_first_and_the_last_day_of_the_calendar_are_dates() -> None:
    bounds = window(date_from="0001-01-01", date_to="9999-12-31")

    assert bounds == ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"]


@pytest.mark.parametrize(("text", "is_kept"), [("", 0), ("False", 0), ("0", 0), ("TRUE", 1)])
def test_explicit_dates_are_a_boolean(text: str, is_kept: int) -> None:
    hour = insight(date_from="2024-05-08T06:00", explicit_date=text).date_from

    assert hour
    assert hour.hour == 6 * is_kept
