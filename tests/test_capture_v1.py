import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.capture.errors import CaptureError, Skipped
from api.capture.v1 import Verdict, sender, translate, verdicts
from domain.commands import Done
from domain.errors import InvalidValueError
from domain.warnings import Warning
from tests.capture_v1_bodies import ADA, ELEVEN, EVE, HEADERS, NOW, SENDER, delivered, event


def test_the_headers_say_who_sends() -> None:
    assert sender(HEADERS) == SENDER


@pytest.mark.parametrize(
    ("changed", "status", "tag"),
    [
        ({"authorization": ""}, 401, "missing_authorization"),
        ({"authorization": "Basic phc_t"}, 401, "missing_authorization"),
        ({"authorization": "Bearer "}, 401, "invalid_api_token"),
        ({"authorization": "Bearer phx_t"}, 401, "invalid_api_token"),
        ({"content-type": "text/plain"}, 415, "unsupported_content_type"),
        ({"posthog-sdk-info": "posthog-python"}, 400, "invalid_header_value"),
        ({"posthog-sdk-info": "/7"}, 400, "invalid_header_value"),
        ({"posthog-attempt": "0"}, 400, "invalid_header_value"),
        ({"posthog-attempt": "-1"}, 400, "invalid_header_value"),
        ({"posthog-attempt": "²"}, 400, "invalid_header_value"),
        ({"posthog-request-id": "7"}, 400, "invalid_header_value"),
        ({"posthog-request-timestamp": "1717239600"}, 400, "invalid_header_value"),
        *[
            ({name: ""}, 400, "missing_required_headers")
            for name in HEADERS
            if name != "authorization"
        ],
    ],
)
def test_wrong_headers_are_refused(changed: dict[str, str], status: int, tag: str) -> None:
    with pytest.raises(CaptureError) as refusal:
        sender(HEADERS | changed)

    assert (refusal.value.status, refusal.value.tag) == (status, tag)


def test_the_scheme_is_written_in_any_case() -> None:
    assert sender(HEADERS | {"authorization": "bEARER phc_t"}).token == "phc_t"


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        ("", "empty_body"),
        ("banana", "request_parsing_error"),
        ("[]", "request_parsing_error"),
        ("{}", "request_parsing_error"),
        (json.dumps({"created_at": ELEVEN, "batch": {}}), "request_parsing_error"),
        (json.dumps({"created_at": ELEVEN, "batch": []}), "empty_batch"),
        (json.dumps({"created_at": "yesterday", "batch": [event()]}), "invalid_batch"),
        (json.dumps({"batch": [event()]}), "invalid_batch"),
        (json.dumps({"created_at": ELEVEN, "batch": [event(uuid=...)]}), "missing_event_uuid"),
        (json.dumps({"created_at": ELEVEN, "batch": [event(uuid="")]}), "missing_event_uuid"),
        (json.dumps({"created_at": ELEVEN, "batch": ["event"]}), "missing_event_uuid"),
        (json.dumps({"created_at": ELEVEN, "batch": [event(uuid="7")]}), "invalid_event_uuid"),
        (json.dumps({"created_at": ELEVEN, "batch": [event(uuid=[])]}), "invalid_event_uuid"),
    ],
)
def test_what_is_no_batch_is_refused(body: str, tag: str) -> None:
    with pytest.raises(CaptureError) as refusal:
        translate(body.encode(), SENDER, now=NOW)

    assert (refusal.value.status, refusal.value.tag) == (400, tag)


def done(*warnings: str, is_dropped: bool = False, is_duplicate: bool = False) -> Done:
    return Done(
        person_id=UUID(int=1),
        version=1,
        is_duplicate=is_duplicate,
        is_dropped=is_dropped,
        warnings=tuple(
            Warning(type=type, distinct_id="mia", cause=UUID(ADA), details={}) for type in warnings
        ),
    )


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (done(), Verdict("ok")),
        (done(is_duplicate=True), Verdict("ok")),
        (done("invalid_group_set"), Verdict("warning", "invalid_group_set")),
        (done("group_key_too_long", is_dropped=True), Verdict("drop", "group_key_too_long")),
        (done(is_dropped=True), Verdict("drop")),
        (InvalidValueError("too deep"), Verdict("drop", "too deep")),
    ],
)
def test_what_came_of_an_event_is_its_verdict(result: Any, verdict: Verdict) -> None:
    assert verdicts(delivered(event()), [result]) == {ADA: verdict}


def test_an_event_of_no_person_says_so() -> None:
    delivery = delivered(event(distinct_id="anonymous"))

    assert verdicts(delivery, [done()]) == {ADA: Verdict("ok", "person_processing_disabled")}


def test_verdicts_stand_in_the_order_as_sent() -> None:
    last = "0189c5de-0000-7000-8000-000000000001"
    delivery = delivered(event(uuid=EVE, event=""), event(), event(uuid=last, distinct_id=""))

    assert list(verdicts(delivery, [done()]).items()) == [
        (EVE, Verdict("drop", "missing_event_name")),
        (ADA, Verdict("ok")),
        (last, Verdict("drop", "missing_distinct_id")),
    ]


def test_an_event_without_a_uuid_of_its_own_is_skipped_alone() -> None:
    batch = event(uuid=...), event(), event(uuid="7"), "event", event(uuid=ADA.upper())
    delivery = delivered(*batch)

    assert list(delivery.events) == delivery.uuids == [ADA]
    assert delivery.skipped == [
        Skipped(0, "an event has no uuid"),
        Skipped(2, "an event's uuid is no UUID"),
        Skipped(3, "an event has no uuid"),
        Skipped(4, f"{ADA} comes twice"),
    ]


def test_an_unreadable_event_is_dropped_by_the_uuid_that_it_says() -> None:
    unreadable = json.dumps(event(uuid=EVE, properties={"uuid": ADA, "x": "BAD"}))
    nameless = json.dumps(event(uuid=..., properties={"uuid": EVE, "x": "BAD"}))
    batch = f"[{unreadable}, {nameless}, {json.dumps(event())}]".replace('"BAD"', "1e999")
    body = f'{{"created_at": "{ELEVEN}", "batch": {batch}}}'
    delivery = translate(body.encode(), SENDER, now=NOW)

    assert list(delivery.events) == [ADA]
    assert delivery.dropped == {EVE: Verdict("drop", "malformed_event_properties")}
    assert [each.index for each in delivery.skipped] == [1]
    assert delivery.skipped[0].detail.startswith("failed to parse request: ")


NAMES = ["event", "uuid", "distinct_id", "timestamp", "properties", "options", "session_id"]
NAMES += ["process_person_profile", "product_tour_id"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([ADA, ELEVEN, "mia"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(NAMES), values))
def test_no_event_makes_it_raise_anything_else(fields: dict[str, Any]) -> None:
    with suppress(CaptureError):
        delivery = delivered(event(uuid=EVE), event(**fields))
        assert set(delivery.uuids) == set(delivery.events) | set(delivery.dropped)
        assert len(delivery.uuids) + len(delivery.skipped) == 2


@given(st.binary())
def test_no_bytes_make_it_raise_anything_else(text: bytes) -> None:
    with suppress(CaptureError):
        translate(text, SENDER, now=NOW)


@given(st.dictionaries(st.sampled_from(list(HEADERS)), st.text()))
def test_no_headers_make_it_raise_anything_else(changed: dict[str, str]) -> None:
    with suppress(CaptureError):
        sender(HEADERS | changed)
