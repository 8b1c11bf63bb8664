from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.capture.checks import MAX_EVENT
from api.capture.errors import CaptureError, Skipped
from api.capture.v0 import translate
from domain.values import MAX_DEPTH, encode
from tests.capture_bodies import NOW, batch, delivered, event, refusal


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"banana",
        b'{"event":',
        b"[" * 5000 + b"]" * 5000,
        b'{"event":"visit","properties":{"n":1e400}}',
        b'{"event":"visit","properties":{"n":' + b"1" * 5000 + b"}}",
        b'{"event":"visit","properties":{"n":NaN}}',
        b'{"event":"\\ud800"}',
        b'{"event":"\xff"}',
        b'{"event":"\0"}',
    ],
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(CaptureError, match="failed to parse request: ") as refused:
        translate(text, query={}, now=NOW)

    assert (refused.value.status, refused.value.tag) == (400, "request_parsing_error")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_an_event_nests_128_levels_deep_and_no_more() -> None:
    good = event(properties={"deep": nested(MAX_DEPTH - 2)})
    bad = event(properties={"deep": nested(MAX_DEPTH - 1)})

    assert delivered(good).events[0].properties == good["properties"]
    assert refusal(bad) == (400, "failed to parse request: JSON nests more than 128 levels deep")
    assert [skipped.index for skipped in delivered(batch(good, bad)).skipped] == [1]


def test_too_large_an_event_is_refused_or_left_out() -> None:
    large = event(properties={"x": "x" * MAX_EVENT})
    status, detail = refusal(large)

    assert (status, detail[:27]) == (413, "maximum event size exceeded")
    assert refusal(batch(large, large)) == (status, detail)
    assert refusal(batch(large, event(event="")))[0] == 400
    assert delivered(batch(large, event())).skipped == [Skipped(0, detail)]


def test_many_events_may_be_larger_than_one() -> None:
    assert len(delivered(batch(*[event(properties={"x": "x" * 600_000})] * 2)).events) == 2


FIELDS = ["api_key", "token", "event", "uuid", "distinct_id", "properties", "timestamp", "offset"]
FIELDS += ["batch", "sent_at", "$set", "$set_once", "$unset", "$cookieless_mode", "$distinct_id"]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
texts = st.sampled_from(["phc_t", "visit", "$identify", "mia", "2024-06-01T11:00:00Z", "\0", ""])
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(FIELDS), inner),
    max_leaves=5,
)
events = st.dictionaries(st.sampled_from(FIELDS), values)


@given(values | events | events.map(lambda fields: batch(event(), event() | fields, fields)))
def test_no_json_makes_it_raise_anything_else(body: Any) -> None:
    with suppress(CaptureError):
        for each in delivered(body, default_event="$identify").events:
            assert 1 <= len(each.distinct_id) <= 200
            assert 1 <= len(each.event) <= 200
            assert each.timestamp <= NOW + timedelta(hours=23)
            assert "\\u0000" not in encode(each).decode()


@given(st.binary())
def test_no_bytes_make_it_raise_anything_else(text: bytes) -> None:
    with suppress(CaptureError):
        translate(text, query={}, now=NOW)
