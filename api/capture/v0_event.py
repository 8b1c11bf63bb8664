"""One event of capture v0: what its fields must be, and what becomes of them."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from api.capture.checks import as_uuid, check_size, cleaned
from api.capture.errors import CaptureError, unparsable
from api.capture.timestamps import ZERO, event_time
from api.uuids import new_uuid
from domain.captured import CapturedEvent
from domain.values import JSON, Properties, encode

MAX_TEXT = 200  # code points of an event's name, and of a distinct id


class Rules(NamedTuple):
    """What one request says about all of its events."""

    default_event: str | None
    now: datetime
    skew: timedelta
    needs_care: bool
    is_large: bool


def captured_event(event: JSON, rules: Rules) -> CapturedEvent | None:
    """Return an event as we keep it; None for one that PostHog throws away without a word.

    Raises:
        CaptureError: the event is bad.
    """
    if isinstance(event, CaptureError):
        raise event  # it could not be read
    if not isinstance(event, dict):
        raise unparsable("an event must be an object")
    if rules.needs_care:
        event = cleaned(event)
    name = _name(event, rules.default_event)
    if name == "$performance_event":
        return None
    properties = _properties(event)
    distinct_id = _distinct_id(event, properties)
    if rules.is_large:
        check_size(properties)
    uuid = event.get("uuid")
    is_repeatable = uuid is not None and uuid != ""
    return CapturedEvent(
        event=name[:MAX_TEXT],
        distinct_id=distinct_id[:MAX_TEXT],
        uuid=_uuid(uuid) if is_repeatable else new_uuid(rules.now),
        timestamp=_timestamp(event, properties, rules),
        properties=properties,
        is_repeatable=is_repeatable,
    )


def nameless() -> CaptureError:
    """Return the refusal of an event without a name."""
    why = "non-engage request missing event name attribute"
    return CaptureError(400, f"failed to hydrate events from request: {why}")


def _name(event: dict[str, JSON], default_event: str | None) -> str:
    name = event.get("event")
    if name is None:
        name = default_event
    if name is None:
        raise nameless()
    if not isinstance(name, str):
        raise unparsable("event must be a string")
    if not name:
        raise CaptureError(400, "event submitted with an empty event name")
    return name


def _properties(event: dict[str, JSON]) -> Properties:
    """Return the event's properties, with what stood beside them for its person folded in."""
    properties = event.get("properties", {})
    if not isinstance(properties, dict):
        raise unparsable("properties must be an object")
    for key in ("$set", "$set_once"):
        beside = event.get(key)
        if beside is None:
            continue
        if not isinstance(beside, dict):
            raise unparsable(f"{key} must be an object or null")
        inside = properties.get(key)
        properties[key] = inside | beside if isinstance(inside, dict) else beside
    if "$unset" in event:
        _fold_unset(event["$unset"], properties)
    if not isinstance(properties.get("$cookieless_mode", False), bool):
        raise CaptureError(400, "event submitted with invalid cookieless mode")
    return properties


def _fold_unset(beside: JSON, properties: Properties) -> None:
    """Add the keys that `$unset` names beside the properties to those that it names inside."""
    if not isinstance(beside, list | dict):
        return
    inside = properties.get("$unset")
    properties["$unset"] = [*(inside if isinstance(inside, list | dict) else ()), *beside]


def _distinct_id(event: dict[str, JSON], properties: Properties) -> str:
    distinct_id = event.get("distinct_id")
    if distinct_id is None:
        distinct_id = event.get("$distinct_id")
    if distinct_id is None:
        distinct_id = properties.get("distinct_id")
    if distinct_id is not None and not isinstance(distinct_id, str):
        distinct_id = encode(distinct_id).decode()
    if distinct_id is None or not distinct_id.strip():
        raise CaptureError(400, "event submitted without a distinct_id")
    return str(distinct_id)


def _uuid(value: JSON) -> UUID:
    uuid = as_uuid(value)
    if uuid is None:
        raise unparsable("uuid must be a UUID")
    return uuid


def _timestamp(event: dict[str, JSON], properties: Properties, rules: Rules) -> datetime:
    timestamp, offset = event.get("timestamp"), event.get("offset")
    if timestamp is not None and not isinstance(timestamp, str):
        raise unparsable("timestamp must be a string or null")
    if offset is not None and type(offset) is not int:
        raise unparsable("offset must be an integer or null")
    skew = ZERO if properties.get("$ignore_sent_at") is True else rules.skew
    return event_time(timestamp, skew=skew, now=rules.now, offset=offset)
