"""One event of capture v1: what its fields must be, and what becomes of them."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from api.capture.checks import check_size, cleaned
from api.capture.errors import CaptureError
from api.capture.timestamps import ZERO, parse_rfc3339, put_right
from domain.captured import CapturedEvent
from domain.values import JSON, Properties

MAX_TEXT = 200  # bytes of an event's name, and of a distinct id

_PERSONLESS = frozenset(
    {
        "0",
        "00000000-0000-0000-0000-000000000000",
        "[object object]",
        "anonymous",
        "anonymous-user",
        "backend",
        "distinct_id",
        "distinctid",
        "email",
        "false",
        "guest",
        "id",
        "nan",
        "none",
        "not_authenticated",
        "null",
        "system",
        "true",
        "undefined",
        "user",
    }
)
"""Distinct ids that many strangers share: their events have nothing to do with any person."""

_FLAGS = {
    "process_person_profile": "$process_person_profile",
    "cookieless_mode": "$cookieless_mode",
    "disable_skew_correction": "$ignore_sent_at",
}
# In Python True is 1 and False is 0, as keys too.
_BOOLEANS: dict[JSON, bool] = {
    1: True,
    "1": True,
    "true": True,
    0: False,
    "0": False,
    "false": False,
}


class Rules(NamedTuple):
    """What one request says about all of its events."""

    now: datetime
    skew: timedelta
    library: str
    library_version: str
    needs_care: bool
    is_large: bool


def captured_event(event: JSON, uuid: UUID, rules: Rules) -> CapturedEvent:
    """Return an event as we keep it.

    Raises:
        CaptureError: the event is to be dropped; its tag says why.
    """
    if not isinstance(event, dict):
        raise _dropped("malformed_event_properties")  # it cannot be read
    if rules.needs_care:
        event = _cleaned(event)
    name = _name(event)
    distinct_id = _distinct_id(event)
    options = _options(event)
    timestamp = _timestamp(event, ZERO if options.get("$ignore_sent_at") else rules.skew, rules.now)
    properties = event.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        raise _dropped("malformed_event_properties")
    properties |= _said_beside(event, rules) | options
    if rules.is_large:
        check_size(properties)
    return CapturedEvent(
        event=name,
        distinct_id=distinct_id,
        uuid=uuid,
        timestamp=timestamp,
        properties=properties,
        processes_person=distinct_id.lower() not in _PERSONLESS,
    )


def _cleaned(event: dict[str, JSON]) -> dict[str, JSON]:
    try:
        return cleaned(event)
    except CaptureError as error:
        raise _dropped("malformed_event_properties") from error


def _name(event: dict[str, JSON]) -> str:
    name = event.get("event")
    if not isinstance(name, str) or not name:
        raise _dropped("missing_event_name")
    if name == "$performance_event":
        raise _dropped("dropped_performance_event")
    if len(name.encode()) > MAX_TEXT:
        raise _dropped("event_name_too_long")
    return name


def _distinct_id(event: dict[str, JSON]) -> str:
    distinct_id = event.get("distinct_id")
    if not isinstance(distinct_id, str) or not (distinct_id := distinct_id.strip()):
        raise _dropped("missing_distinct_id")
    if len(distinct_id.encode()) > MAX_TEXT:
        raise _dropped("distinct_id_too_large")
    return distinct_id


def _options(event: dict[str, JSON]) -> Properties:
    """Return the event's options as the properties that they stand for."""
    options = event.get("options")
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise _dropped("invalid_options")
    said = {
        key: _boolean(options[name])
        for name, key in _FLAGS.items()
        if options.get(name) is not None
    }
    tour = options.get("product_tour_id")
    if tour is None:
        return said
    if not isinstance(tour, str):
        raise _dropped("invalid_options")
    return said | {"$product_tour_id": tour}


def _boolean(value: JSON) -> bool:
    if isinstance(value, str):
        value = value.lower()
    if isinstance(value, list | dict) or value not in _BOOLEANS:
        raise _dropped("invalid_options")
    return _BOOLEANS[value]


def _timestamp(event: dict[str, JSON], skew: timedelta, now: datetime) -> datetime:
    moment = parse_rfc3339(event.get("timestamp"))
    if moment is None:
        raise _dropped("invalid_event_timestamp")
    return put_right(moment, skew=skew, now=now)


def _said_beside(event: dict[str, JSON], rules: Rules) -> Properties:
    """Return what the request and the event say beside the properties, as properties."""
    said: Properties = {"$lib": rules.library, "$lib_version": rules.library_version}
    for name in ("session_id", "window_id"):
        if isinstance(value := event.get(name), str):
            said[f"${name}"] = value
    return said


def _dropped(tag: str) -> CaptureError:
    return CaptureError(400, tag, tag=tag)
