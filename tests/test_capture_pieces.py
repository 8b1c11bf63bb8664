"""Batches with events that cannot be read: only these are lost."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.capture.errors import CaptureError
from api.capture.pieces import MAX_PAYLOAD
from api.capture.v0 import Delivery, translate
from tests.capture_bodies import NOW, batch, event

UNREADABLE = [
    '{"a": "\\ud800"}',
    '{"\\udc00": 1}',
    '{"a": 1e999}',
    f'{{"a": {"9" * 5_000}}}',
    '{"a": NaN}',
    f'{{"a": {"[" * 2_000}{"]" * 2_000}}}',
    '{"a": "],[{\\"batch\\": [", "b": undefined}',
    "}",
]


def said(body: Any, unreadable: str) -> bytes:
    """Return a request's JSON text, with what cannot be read in the place of each "BAD"."""
    return json.dumps(body).replace('"BAD"', unreadable).encode()


def delivered(text: bytes) -> Delivery:
    return translate(text, query={}, now=NOW)


@pytest.mark.parametrize("unreadable", UNREADABLE[:-1])
def test_an_unreadable_event_of_many_is_left_out_and_named(unreadable: str) -> None:
    odd = event(properties={"batch": ['"batch": [', "\\"], "x": {"batch": [1]}})
    for body in (
        [odd, "BAD", event(), "BAD"],
        {"x": {"batch": ["batch"]}} | batch(odd, "BAD", event(), "BAD") | {"sent_at": None},
    ):
        delivery = delivered(said(body, unreadable))

        assert delivery.indexes == [0, 2]
        assert [skipped.index for skipped in delivery.skipped] == [1, 3]
        assert delivery.skipped[0].detail.startswith("failed to parse request: ")
        assert delivery.events[0].properties == odd["properties"]


@pytest.mark.parametrize(
    "text",
    [
        *(said(["BAD"], unreadable) for unreadable in UNREADABLE),
        *(said(batch("BAD", "BAD"), unreadable) for unreadable in UNREADABLE),
        said(batch(event(), "BAD"), "}"),
        said(batch(event(), "BAD"), UNREADABLE[0])[:-1],
        said(batch(event(), "BAD"), UNREADABLE[0]) + b"]",
        said(batch(event(), "BAD") | {"sent_at": "BAD"}, UNREADABLE[0]),
        said(batch(event(), "BAD"), UNREADABLE[0]).replace(b"{", b'{"batch": [{}], ', 1),
        said(batch(event(), "BAD", "x" * MAX_PAYLOAD), UNREADABLE[0]),
    ],
)
def test_what_is_around_the_events_has_to_be_readable(text: bytes) -> None:
    with pytest.raises(CaptureError, match="failed to parse request: ") as refused:
        delivered(text)

    assert refused.value.status == 400


@given(st.lists(st.sampled_from(['"', "\\", "[", "]", "{", "}", ",", ":", '"batch"', "NaN", "1"])))
def test_no_text_makes_it_raise_anything_else(signs: list[str]) -> None:
    for text in ("".join(signs), f'{{"api_key":"phc_t","batch":[{"".join(signs)}]}}'):
        with suppress(CaptureError):
            delivered(text.encode())
