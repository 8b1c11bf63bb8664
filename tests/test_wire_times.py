"""Capture over the wire: the cases T01 to T14. When an event happened, by our own clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.service import Client
from tests.wire import Wire, wired
from tests.wire_cases import UUID, b, batch

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
ELEVEN = "2024-06-01T11:00:00Z"
FAST = "2024-06-01T12:00:10Z"  # the sender's clock at noon
SLOW = "2024-06-01T11:59:50Z"


@pytest.fixture
def wire(shared_client: Client) -> Iterator[Wire]:
    """A project for whose service it is noon."""
    shared_client.clock.now = NOON
    with wired(shared_client) as new_wire:
        yield new_wire
    shared_client.clock.now = None


def june(text: str) -> datetime:
    """Return a time in June 2024, such as `1 10:59:50`."""
    day, time = text.split()
    return datetime.fromisoformat(f"2024-06-0{day}T{time}+00:00")


@pytest.mark.parametrize(
    ("event", "sent_at", "query", "expected"),
    [
        pytest.param({"timestamp": ELEVEN}, FAST, "", "1 10:59:50", id="T01 a clock that is fast"),
        pytest.param({"timestamp": ELEVEN}, SLOW, "", "1 11:00:10", id="T02 a clock that is slow"),
        pytest.param({"timestamp": ELEVEN}, None, "", "1 11:00:00", id="T03 no sent_at"),
        pytest.param(
            {"timestamp": ELEVEN}, None, "?_=1717243210000", "1 10:59:50", id="T04 by the query"
        ),
        pytest.param(
            {"timestamp": ELEVEN}, SLOW, "?_=1717243210000", "1 11:00:10", id="T04 the body wins"
        ),
        pytest.param(
            {"timestamp": ELEVEN, "properties": {"$ignore_sent_at": True}},
            FAST,
            "",
            "1 11:00:00",
            id="T05 sent_at is to be ignored",
        ),
        pytest.param(
            {"timestamp": ELEVEN, "offset": 90_500}, FAST, "", "1 11:58:29.5", id="T06 an offset"
        ),
        pytest.param(
            {"timestamp": "2024-06-02T12:00:01Z"}, None, "", "1 12:00:00", id="T07 too far ahead"
        ),
        pytest.param(
            {"timestamp": "2024-06-02T11:00:00Z"}, None, "", "2 11:00:00", id="T08 23 hours ahead"
        ),
        pytest.param({"timestamp": "yesterday-ish"}, None, "", "1 12:00:00", id="T09 no time"),
        pytest.param({}, FAST, "", "1 12:00:00", id="T10 no timestamp"),
        pytest.param({"timestamp": None}, FAST, "", "1 12:00:00", id="T10 null"),
        pytest.param(
            {"timestamp": "2024-06-01T11:00:00+03:00"}, None, "", "1 08:00:00", id="T11 a zone"
        ),
        pytest.param(
            {"timestamp": "2024-06-01 11:00:00.123456"},
            None,
            "",
            "1 11:00:00.123456",
            id="T12 no zone, microseconds",
        ),
        pytest.param({"timestamp": "1717239600123"}, None, "", "1 11:00:00.123", id="T12 epoch"),
        pytest.param(
            {"timestamp": ELEVEN}, None, "?_=1717243210", "1 11:00:00", id="T13 seconds are ignored"
        ),
        pytest.param({"timestamp": ELEVEN}, "soon", "", "1 11:00:00", id="T14 no sent_at in it"),
    ],
)
def test_the_time_of_an_event(
    wire: Wire, event: dict[str, Any], sent_at: str | None, query: str, expected: str
) -> None:
    sent = {} if sent_at is None else {"sent_at": sent_at}
    answer = wire.send(f"/batch/{query}", json=batch(b(**event), **sent))

    assert answer.status_code == 200
    assert [each.timestamp for each in wire.kept()] == [june(expected)]
    # A person is as old as the event that brought it to life.
    (person,) = wire.persons()
    assert datetime.fromisoformat(person.created_at) == june(expected)


@pytest.mark.parametrize("body", [b(timestamp=ELEVEN, sent_at=FAST), [b(timestamp=ELEVEN)]])
def test_a_single_event_has_no_sent_at(wire: Wire, body: Any) -> None:
    wire.send("/e/", json=body)

    assert [each.timestamp for each in wire.kept()] == [june("1 11:00:00")]


def test_an_event_keeps_its_time_when_it_comes_again(wire: Wire) -> None:
    for minutes in (0, 1):
        wire.client.clock.now = NOON + timedelta(minutes=minutes)
        wire.send("/batch/", json=batch(b(uuid=UUID, timestamp=ELEVEN), sent_at=FAST))

    assert [each.timestamp for each in wire.kept()] == [june("1 10:59:50")]


@pytest.mark.parametrize(
    "timestamp",
    ["0001-01-01T00:00:00+14:00", "-0044-03-15", "99999999999999999", "0000-00-00", "1e999", "\0"],
)
@pytest.mark.parametrize("offset", [None, 0, -1, 10**30, -(10**30)])
def test_no_time_is_too_odd(wire: Wire, timestamp: str, offset: int | None) -> None:
    answer = wire.send("/e/", json=b(timestamp=timestamp, offset=offset))

    assert answer.status_code == 200
    assert all(each.timestamp <= NOON + timedelta(hours=23) for each in wire.kept())
    assert len(wire.persons()) == 1
