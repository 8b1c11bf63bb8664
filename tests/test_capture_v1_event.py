import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from api.capture.v1 import Verdict
from domain.captured import CapturedEvent
from tests.capture_v1_bodies import ADA, ELEVEN, EVE, LIBRARY, SENDER, captured, delivered, event


def test_an_event_is_kept_as_it_was_sent() -> None:
    properties = {"plan": "pro", "$set": {"n": 1}}

    assert captured(properties=properties, distinct_id=" mia ") == CapturedEvent(
        event="visit",
        distinct_id="mia",
        uuid=UUID(ADA),
        timestamp=datetime(2024, 6, 1, 11, tzinfo=UTC),
        properties=properties | LIBRARY,
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, {}),
        ({"properties": None, "options": None}, {}),
        ({"session_id": "s", "window_id": "w"}, {"$session_id": "s", "$window_id": "w"}),
        ({"session_id": None, "window_id": 5}, {}),
        ({"options": {"process_person_profile": False}}, {"$process_person_profile": False}),
        ({"options": {"process_person_profile": "FALSE"}}, {"$process_person_profile": False}),
        ({"options": {"process_person_profile": "0"}}, {"$process_person_profile": False}),
        ({"options": {"process_person_profile": 1}}, {"$process_person_profile": True}),
        ({"options": {"process_person_profile": None}}, {}),
        ({"options": {"cookieless_mode": "true"}}, {"$cookieless_mode": True}),
        ({"options": {"disable_skew_correction": True}}, {"$ignore_sent_at": True}),
        ({"options": {"product_tour_id": "t"}}, {"$product_tour_id": "t"}),
        ({"options": {"unknown": 5}}, {}),
    ],
)
def test_what_stands_beside_becomes_properties(
    fields: dict[str, Any], said: dict[str, Any]
) -> None:
    assert captured(**fields).properties == said | LIBRARY


@pytest.mark.parametrize(
    ("fields", "tag"),
    [
        pytest.param({"event": ...}, "missing_event_name", id="W45"),
        ({"event": ""}, "missing_event_name"),
        ({"event": 5}, "missing_event_name"),
        ({"event": "é" * 101}, "event_name_too_long"),
        ({"event": "$performance_event"}, "dropped_performance_event"),
        ({"distinct_id": ...}, "missing_distinct_id"),
        ({"distinct_id": "  "}, "missing_distinct_id"),
        ({"distinct_id": 5}, "missing_distinct_id"),
        ({"distinct_id": "é" * 101}, "distinct_id_too_large"),
        ({"timestamp": ...}, "invalid_event_timestamp"),
        ({"timestamp": "2024-06-01"}, "invalid_event_timestamp"),
        ({"timestamp": 1717239600}, "invalid_event_timestamp"),
        ({"properties": []}, "malformed_event_properties"),
        ({"properties": json.loads("[" * 130 + "]" * 130)}, "malformed_event_properties"),
        pytest.param({"properties": {"x": "x" * 1_000_000}}, "payload_too_large", id="large"),
        ({"options": []}, "invalid_options"),
        ({"options": {"process_person_profile": "yes"}}, "invalid_options"),
        ({"options": {"process_person_profile": 2}}, "invalid_options"),
        ({"options": {"cookieless_mode": []}}, "invalid_options"),
        ({"options": {"product_tour_id": 5}}, "invalid_options"),
    ],
)
def test_a_bad_event_is_dropped_and_named(fields: dict[str, Any], tag: str) -> None:
    delivery = delivered(event(uuid=EVE), event(**fields))

    assert delivery.uuids == [EVE, ADA]
    assert list(delivery.events) == [EVE]
    assert delivery.dropped == {ADA: Verdict("drop", tag)}


@pytest.mark.parametrize(
    "distinct_id", ["anonymous", "Anonymous-User", "0", " NULL ", "NaN", "[object Object]", "user"]
)
def test_w47_an_id_that_strangers_share_stands_for_no_person(distinct_id: str) -> None:
    assert not captured(distinct_id=distinct_id, properties={"$set": {"a": 1}}).processes_person
    assert captured(distinct_id=f"{distinct_id}1").processes_person


@pytest.mark.parametrize(
    ("timestamp", "options", "minute"),
    [
        (ELEVEN, {}, 50),
        ("2024-06-01T11:00:00+00:00", {}, 50),
        (ELEVEN, {"disable_skew_correction": "1"}, 60),
        (ELEVEN, {"disable_skew_correction": "0"}, 50),
        ("2024-06-02T12:00:00Z", {}, 120),
    ],
)
def test_the_senders_clock_is_put_right(
    timestamp: str, options: dict[str, Any], minute: int
) -> None:
    fast = SENDER._replace(sent_at=datetime(2024, 6, 1, 12, 10, tzinfo=UTC))
    found = captured(sender=fast, timestamp=timestamp, options=options).timestamp

    assert (found.hour * 60 + found.minute) - 600 == minute


def test_a_nul_is_replaced() -> None:
    found = captured(distinct_id="a\0", properties={"b\0": "\0"})

    assert found.distinct_id == "a\ufffd"
    assert found.properties == {"b\ufffd": "\ufffd"} | LIBRARY
