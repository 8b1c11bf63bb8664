"""Capture v0: from the JSON text of a request to captured events. Knows no HTTP and no store."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from api.capture.checks import MAX_EVENT, checked_token, needs_care
from api.capture.errors import CaptureError, Skipped, unparsable
from api.capture.pieces import said
from api.capture.timestamps import ZERO, sent_at
from api.capture.v0_event import Rules, captured_event, nameless
from domain.captured import CapturedEvent
from domain.values import JSON


class Delivery(NamedTuple):
    """What a request brings. `indexes` says where in the request each of `events` stood."""

    token: str
    events: list[CapturedEvent]
    indexes: list[int]
    skipped: list[Skipped]


class _Envelope(NamedTuple):
    token: str | None
    events: list[JSON]
    sent_at: JSON = None


def translate(
    payload: bytes, *, query: Mapping[str, str], now: datetime, default_event: str | None = None
) -> Delivery:
    """Return what a request brings: a single event, an array of them, or a batch.

    An event without a name gets `default_event`; where that is None it is a bad event. Bad events
    are left out and named.

    Raises:
        CaptureError: it is no request, it has no good token, or all of its events are bad.
    """
    envelope = _envelope(said(payload), default_event)
    if not envelope.events:
        raise CaptureError(400, "request holds no event")
    if envelope.token is None:
        raise CaptureError(401, "event submitted without an api_key")
    token = checked_token(envelope.token)
    sent = sent_at(envelope.sent_at, query)
    rules = Rules(
        default_event=default_event,
        now=now,
        skew=ZERO if sent is None else sent - now,
        needs_care=needs_care(payload, envelope.events),
        is_large=len(payload) > MAX_EVENT,
    )
    return _delivery(token, envelope.events, rules)


def _envelope(body: JSON, default_event: str | None) -> _Envelope:
    if isinstance(body, list):
        return _Envelope(_common_token(body), body)
    if not isinstance(body, dict):
        raise unparsable("expected an object or an array")
    batch = body.get("batch")
    if isinstance(batch, list):
        # The tokens of a batch's events count for nothing, as in PostHog.
        return _Envelope(_token(body), batch, body.get("sent_at"))
    if default_event is None and body.get("event") is None:
        raise nameless()
    return _Envelope(_event_token(body), [body])


def _common_token(events: list[JSON]) -> str | None:
    tokens = {_event_token(event) for event in events if isinstance(event, dict)} - {None}
    if len(tokens) > 1:
        raise CaptureError(401, "batch submitted with inconsistent api_key values")
    return tokens.pop() if tokens else None


def _event_token(event: dict[str, JSON]) -> str | None:
    if (token := _token(event)) is not None:
        return token
    properties = event.get("properties")
    token = properties.get("token") if isinstance(properties, dict) else None
    return token if isinstance(token, str) else None


def _token(holder: dict[str, JSON]) -> str | None:
    for key in ("api_key", "token", "$token"):
        if isinstance(token := holder.get(key), str):
            return token
    return None


def _delivery(token: str, events: list[JSON], rules: Rules) -> Delivery:
    delivery = Delivery(token, [], [], [])
    refusals = []
    for index, event in enumerate(events):
        try:
            captured = captured_event(event, rules)
        except CaptureError as refusal:
            refusals.append(refusal)
            delivery.skipped.append(Skipped(index, refusal.detail))
        else:
            if captured is not None:
                delivery.events.append(captured)
                delivery.indexes.append(index)
    if len(refusals) == len(events):
        # A 413 makes node's SDK send the halves again: no help where the events are bad as well.
        raise min(refusals, key=lambda refusal: refusal.status)
    return delivery
