"""Capture v1: from headers and JSON text to captured events, and a verdict on each of them.

Knows no HTTP and no store.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from api.capture.checks import MAX_EVENT, as_uuid, checked_token, needs_care
from api.capture.errors import CaptureError, Skipped, unparsable
from api.capture.pieces import UnreadableError, said
from api.capture.timestamps import parse_rfc3339
from api.capture.v1_event import Rules, captured_event
from domain.captured import CapturedEvent
from domain.commands import Done
from domain.errors import PersonsError
from domain.values import JSON

_REQUIRED = (
    "content-type",
    "user-agent",
    "posthog-sdk-info",
    "posthog-attempt",
    "posthog-request-id",
    "posthog-request-timestamp",
)


class Sender(NamedTuple):
    """Who sends, and when by its own clock, as the headers of a request say."""

    token: str
    library: str
    library_version: str
    sent_at: datetime


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What became of an event; `details` is a tag that says why."""

    result: Literal["ok", "warning", "drop", "retry"]
    details: str | None = None


class Delivery(NamedTuple):
    """What a request brings: its events' uuids, as they were sent and in their order.

    Each is a key of either `events`, still to be written, or `dropped`. Events without a uuid of
    their own are `skipped`: no verdict can name them.
    """

    uuids: list[str]
    events: dict[str, CapturedEvent]
    dropped: dict[str, Verdict]
    skipped: list[Skipped]


def sender(headers: Mapping[str, str]) -> Sender:
    """Return who sends. `headers` has lower-case names.

    Raises:
        CaptureError: a header is missing or wrong.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        detail = "the Authorization header must be: Bearer <project token>"
        raise CaptureError(401, detail, tag="missing_authorization")
    token = checked_token(token)
    missing = [name for name in _REQUIRED if not headers.get(name, "").strip()]
    if missing:
        detail = f"headers are missing: {', '.join(missing)}"
        raise CaptureError(400, detail, tag="missing_required_headers")
    if headers["content-type"].partition(";")[0].strip().lower() != "application/json":
        raise CaptureError(415, "expected application/json", tag="unsupported_content_type")
    library, _, version = headers["posthog-sdk-info"].partition("/")
    attempt = headers["posthog-attempt"]
    sent_at = parse_rfc3339(headers["posthog-request-timestamp"])
    if not (library and version):
        raise _wrong("posthog-sdk-info")
    if not (attempt.isascii() and attempt.isdigit() and attempt.strip("0")):
        raise _wrong("posthog-attempt")
    if as_uuid(headers["posthog-request-id"]) is None:
        raise _wrong("posthog-request-id")
    if sent_at is None:
        raise _wrong("posthog-request-timestamp")
    return Sender(token, library, version, sent_at)


def translate(payload: bytes, sender: Sender, *, now: datetime) -> Delivery:
    """Return what a request brings.

    Raises:
        CaptureError: it is no batch, or none of its events has a uuid of its own.
    """
    if not payload:
        raise CaptureError(400, "the body is empty", tag="empty_body")
    body = said(payload)
    if not isinstance(body, dict) or not isinstance(events := body.get("batch"), list):
        raise unparsable("expected an object with a batch")
    if parse_rfc3339(body.get("created_at")) is None:
        raise CaptureError(400, "created_at must be an RFC 3339 time", tag="invalid_batch")
    if not events:
        raise CaptureError(400, "the batch is empty", tag="empty_batch")
    rules = Rules(
        now=now,
        skew=sender.sent_at - now,
        library=sender.library,
        library_version=sender.library_version,
        needs_care=needs_care(payload, events),
        is_large=len(payload) > MAX_EVENT,
    )
    return _delivery(events, rules)


def verdicts(delivery: Delivery, results: Sequence[Done | PersonsError]) -> dict[str, Verdict]:
    """Return the verdict on each event, in the order as sent.

    `results` is what became of `delivery.events`, in their order.
    """
    written = {
        uuid: _verdict(captured, result)
        for (uuid, captured), result in zip(delivery.events.items(), results, strict=True)
    }
    return {uuid: written.get(uuid) or delivery.dropped[uuid] for uuid in delivery.uuids}


def _wrong(header: str) -> CaptureError:
    return CaptureError(400, f"the value of {header} is wrong", tag="invalid_header_value")


def _delivery(events: list[JSON], rules: Rules) -> Delivery:
    delivery = Delivery([], {}, {}, [])
    seen: set[UUID] = set()
    refusals = []
    for index, event in enumerate(events):
        try:
            text, uuid = _uuid(event, seen)
        except CaptureError as refusal:
            refusals.append(refusal)
            delivery.skipped.append(Skipped(index, refusal.detail))
        else:
            seen.add(uuid)
            delivery.uuids.append(text)
            _take(delivery, event, text, uuid, rules)
    if len(refusals) == len(events):
        raise refusals[0]
    return delivery


def _uuid(event: JSON, seen: Collection[UUID]) -> tuple[str, UUID]:
    """Return the uuid of an event, as it was sent and as what it means; it is none of `seen`."""
    text = event.get("uuid") if isinstance(event, dict) else None
    if isinstance(event, UnreadableError):
        if event.uuid is None:
            raise event
        text = event.uuid
    if text is None or text == "":
        raise CaptureError(400, "an event has no uuid", tag="missing_event_uuid")
    uuid = as_uuid(text)
    if uuid is None:
        raise CaptureError(400, "an event's uuid is no UUID", tag="invalid_event_uuid")
    if uuid in seen:
        raise CaptureError(400, f"{uuid} comes twice", tag="duplicate_event_uuid")
    return text, uuid


def _take(delivery: Delivery, event: JSON, text: str, uuid: UUID, rules: Rules) -> None:
    try:
        delivery.events[text] = captured_event(event, uuid, rules)
    except CaptureError as refusal:
        delivery.dropped[text] = Verdict("drop", refusal.tag)


def _verdict(captured: CapturedEvent, result: Done | PersonsError) -> Verdict:
    if isinstance(result, PersonsError):
        return Verdict("drop", str(result))
    warning = result.warnings[0].type if result.warnings else None
    if result.is_dropped:
        return Verdict("drop", warning)
    if not captured.processes_person:
        return Verdict("ok", "person_processing_disabled")
    return Verdict("warning", warning) if warning else Verdict("ok")
