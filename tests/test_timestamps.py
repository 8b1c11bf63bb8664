from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.capture.timestamps import ZERO, event_time, parse, parse_rfc3339, put_right, sent_at

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ELEVEN = datetime(2024, 6, 1, 11, tzinfo=UTC)
CENTURY = timedelta(days=36_525)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-06-01T11:00:00Z", "2024-06-01T11:00:00"),
        ("2024-06-01T11:00:00z", "2024-06-01T11:00:00"),
        ("2024-06-01t11:00:00z", "2024-06-01T11:00:00"),
        ("2024-06-01T11:00:00.123456Z", "2024-06-01T11:00:00.123456"),
        ("2024-06-01T11:00:00.123456789Z", "2024-06-01T11:00:00.123456"),
        ("2024-06-01T11:00:00+03:00", "2024-06-01T08:00:00"),
        ("2024-06-01T11:00:00+03", "2024-06-01T08:00:00"),
        ("2024-06-01T11:00:00-0330", "2024-06-01T14:30:00"),
        ("2024-06-01T11:00:00", "2024-06-01T11:00:00"),
        ("2024-06-01 11:00:00", "2024-06-01T11:00:00"),
        ("2024-06-01 11:00:00 UTC", "2024-06-01T11:00:00"),
        ("  2024-06-01T11:00:00Z\n", "2024-06-01T11:00:00"),
        ("2024-06-01", "2024-06-01T00:00:00"),
        ("20240601", "2024-06-01T00:00:00"),
        ("2024/06/01", "2024-06-01T00:00:00"),
        ("06/01/2024", "2024-06-01T00:00:00"),
        ("06/01/2024 4:00 PM", "2024-06-01T16:00:00"),
        ("June 1, 2024", "2024-06-01T00:00:00"),
        ("Sat, 01 Jun 2024 11:00:00 GMT", "2024-06-01T11:00:00"),
        ("Sat, 01 Jun 2024 11:00:00 +0200", "2024-06-01T09:00:00"),
        ("Sat, 01 Jun 2024 11:00:00 EST", "2024-06-01T16:00:00"),
        ("Sat, 01 Jun 2024 11:00:00 XYZ", "2024-06-01T11:00:00"),
        ("Sat Jun 01 2024 11:00:00 GMT+0200 (Central European Time)", "2024-06-01T09:00:00"),
        ("1717239600", "2024-06-01T11:00:00"),
        ("1717239600.25", "2024-06-01T11:00:00.250000"),
        ("1717239600123", "2024-06-01T11:00:00.123000"),
        ("1717239600123456", "2024-06-01T11:00:00.123456"),
        ("1717239600123456789", "2024-06-01T11:00:00.123456"),
        ("0001-01-01T00:00:00+05:00", "0001-01-01T00:00:00"),
        ("9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59"),
        ("-0044-03-15T12:00:00Z", "1970-01-01T00:00:00"),
    ],
)
def test_a_time_is_read_liberally(text: str, expected: str) -> None:
    assert parse(text) == moment(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday-ish",
        "now",
        "null",
        "5",
        "2024",
        "17:00",
        "May",
        "May 2024",
        "2024-02-30",
        "2024-06-01T25:00:00Z",
        "2024-06-01T11:00:00+99:00",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "1" * 11,
        "1" * 5000,
        "2024-06-01T11:00:00Z" * 1000,
        "\0",
    ],
)
def test_what_is_no_time_means_none(text: str) -> None:
    assert parse(text) is None


@given(st.text(alphabet="0123456789-+:./TZ ,GMTadeJnPu()", max_size=40) | st.text())
def test_no_text_makes_parsing_raise(text: str) -> None:
    parsed = parse(text)

    assert parsed is None or parsed.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "is_rfc3339"),
    [
        ("2024-06-01T11:00:00Z", True),
        ("2024-06-01t11:00:00.5z", True),
        ("2024-06-01 11:00:00+00:00", True),
        ("2024-06-01T11:00:00", False),
        ("2024-06-01T11:00Z", False),
        ("2024-06-01", False),
        ("2024-06-31T11:00:00Z", False),
        ("1717239600", False),
        ("", False),
        (None, False),
        (1717239600, False),
    ],
)
def test_rfc_3339_is_read_strictly(text: object, is_rfc3339: bool) -> None:
    assert (parse_rfc3339(text) is not None) == is_rfc3339


@pytest.mark.parametrize(
    ("text", "sent", "expected"),
    [
        pytest.param("2024-06-01T11:00:00Z", "12:00:10", "10:59:50", id="T01 clock is fast"),
        pytest.param("2024-06-01T11:00:00Z", "11:59:50", "11:00:10", id="clock is slow"),
        pytest.param("2024-06-01T11:00:00Z", None, "11:00:00", id="T03 not sent at"),
        pytest.param("2024-06-02T12:00:01Z", None, "12:00:00", id="T07 too far ahead"),
        pytest.param("2024-06-01T23:00:00Z", None, "23:00:00", id="ahead, but not too far"),
        pytest.param("yesterday-ish", None, "12:00:00", id="T09 garbage"),
        pytest.param("yesterday-ish", "12:00:10", "12:00:00", id="garbage with sent at"),
        pytest.param("2024-06-01T11:00:00+03:00", None, "08:00:00", id="T11 with a zone"),
        pytest.param(None, "12:00:10", "12:00:00", id="no time"),
    ],
)
def test_the_senders_clock_is_put_right(text: str | None, sent: str | None, expected: str) -> None:
    skew = moment(f"2024-06-01T{sent}") - NOW if sent else ZERO

    assert event_time(text, skew=skew, now=NOW) == moment(f"2024-06-01T{expected}")


def test_exactly_23_hours_ahead_is_not_too_far() -> None:
    assert event_time("2024-06-02T11:00:00Z", skew=ZERO, now=NOW) == NOW + timedelta(hours=23)
    assert event_time("2024-06-02T11:00:00.000001Z", skew=ZERO, now=NOW) == NOW


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (3_600_000, ELEVEN),
        (0, NOW),
        (-3_600_000, NOW + timedelta(hours=1)),
        (-100_000_000, NOW),
        (10**15, EPOCH),
        (10**400, EPOCH),
        (-(10**15), NOW),
        (-(10**400), NOW),
    ],
)
def test_an_offset_wins_over_a_time_and_the_skew(offset: int, expected: datetime) -> None:
    late = "2024-06-01T05:00:00Z"

    assert event_time(late, skew=timedelta(hours=1), now=NOW, offset=offset) == expected


@pytest.mark.parametrize(
    ("text", "skew", "expected"),
    [
        ("0001-01-01T00:00:00Z", CENTURY, EPOCH),
        ("9999-12-31T00:00:00Z", -CENTURY, NOW),
        ("9999-12-31T00:00:00Z", ZERO, NOW),
        ("0001-01-01T00:00:00Z", ZERO, moment("0001-01-01T00:00:00")),
    ],
)
def test_the_ends_of_time_do_no_harm(text: str, skew: timedelta, expected: datetime) -> None:
    assert event_time(text, skew=skew, now=NOW) == expected


@given(st.datetimes(timezones=st.just(UTC)), st.timedeltas(), st.none() | st.integers())
def test_no_clock_is_too_wrong(time: datetime, skew: timedelta, offset: int | None) -> None:
    right = event_time(time.isoformat(), skew=skew, now=NOW, offset=offset)

    assert right <= NOW + timedelta(hours=23)
    assert put_right(time, skew=skew, now=NOW).tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "query", "expected"),
    [
        ("2024-06-01T11:00:00Z", {}, ELEVEN),
        ("2024-06-01T11:00:00Z", {"sent_at": "1717243210000"}, ELEVEN),
        ("garbage", {"_": "1717239600000"}, ELEVEN),
        (None, {"sent_at": "1717239600000"}, ELEVEN),
        (None, {"_": "1717239600000"}, ELEVEN),
        pytest.param(None, {"_": "1717243210"}, None, id="T13 seconds"),
        (None, {"_": "9" * 18}, None),
        (None, {"_": "9" * 5000}, None),
        (None, {"_": "-1717239600000"}, None),
        (None, {"_": "²"}, None),
        (None, {"_": "2024-06-01"}, None),
        (1717239600000, {}, None),
        (None, {}, None),
    ],
)
def test_when_a_request_was_sent(
    value: object, query: dict[str, str], expected: datetime | None
) -> None:
    assert sent_at(value, query) == expected
