"""Captured events: what an SDK says happened, and what each of them asks of a person."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.identity import MAX_LENGTH, javascript_text
from domain.properties import Changes, changes, lift, only_noise
from domain.values import JSON, Properties
from domain.warnings import Warning

MERGES = {
    "$identify": "$anon_distinct_id",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
}
_NEVER_PERSONLESS = frozenset(MERGES) | {"$groupidentify"}
_NOT_LIFTED = frozenset({"$snapshot", "$performance_event"})
_ALWAYS_WRITTEN = frozenset(MERGES) | {"$set"}
_NEVER_WRITTEN = frozenset({"$exception", "$$heatmap"})


class CapturedEvent(Struct, frozen=True, kw_only=True):
    """What an SDK sent. `timestamp` is the sender's clock put right, in UTC.

    `$set`, `$set_once` and `$unset` stand inside `properties`, wherever they were sent.
    `is_repeatable`: the sender chose the uuid, so the same event can be recognised when it comes
    again. `processes_person`: False for one that must not touch any person, whatever it says.
    """

    event: str
    distinct_id: str
    uuid: UUID
    timestamp: datetime
    properties: Properties
    is_repeatable: bool = True
    processes_person: bool = True


class TakenIn(NamedTuple):
    """A captured event that was taken in, and the position of the log after it."""

    position: int
    captured: CapturedEvent


class Merge(NamedTuple):
    """The wish that the person of `source` becomes part of the event's own person."""

    source: str


class Request(Struct, frozen=True):
    """What one captured event asks of the person behind its distinct id."""

    is_personless: bool
    is_dropped: bool
    merge: Merge | None
    set: Properties
    set_once: Properties
    unset: list[str]
    always_writes: bool
    never_writes: bool
    warnings: list[Warning]

    def changes(self, properties: Properties, *, filters: bool) -> Changes:
        """Return what it changes in a living person's properties.

        With `filters`, new values of filtered properties alone change nothing.
        """
        if self.never_writes:
            return Changes({}, {})
        changed = changes(properties, set=self.set, set_once=self.set_once, unset=self.unset)
        if filters and not self.always_writes and only_noise(properties, changed):
            return Changes({}, {})
        return changed


def request(captured: CapturedEvent) -> Request:
    """Return what a captured event asks for. Wrong types ask for nothing, as PostHog has it."""
    properties = captured.properties
    event = captured.event
    if event == "$groupidentify":
        warnings, is_dropped = _check_group(captured)
    else:
        warnings, is_dropped = [], False
    is_personless = not captured.processes_person
    if "$process_person_profile" in properties and not is_personless:
        flag = properties["$process_person_profile"]
        if flag is False:
            is_personless = True
            if event in _NEVER_PERSONLESS:
                is_dropped = True
                warnings.append(
                    _warning("invalid_event_when_process_person_profile_is_false", captured)
                )
        elif flag is not True:
            warnings.append(_warning("invalid_process_person_profile", captured, value=flag))
    if is_personless or is_dropped:
        return Request(True, is_dropped, None, {}, {}, [], False, True, warnings)
    set, set_once, unset = _properties(captured)
    return Request(
        is_personless=False,
        is_dropped=False,
        merge=_merge(event, properties) if event in MERGES else None,
        set=set,
        set_once=set_once,
        unset=unset,
        always_writes=event in _ALWAYS_WRITTEN,
        never_writes=event in _NEVER_WRITTEN,
        warnings=warnings,
    )


def merge_source(captured: CapturedEvent) -> str | None:
    """Return the distinct id whose person a captured event may merge away; None for none."""
    if captured.event not in MERGES:
        return None
    merge = _merge(captured.event, captured.properties)
    return merge.source if merge else None


def _properties(captured: CapturedEvent) -> tuple[Properties, Properties, list[str]]:
    properties = captured.properties
    if captured.event == "$groupidentify":
        return {}, {}, []
    set = _object(properties.get("$set"))
    set_once = _object(properties.get("$set_once"))
    unset = properties.get("$unset")
    if captured.event not in _NOT_LIFTED:
        lifted, lifted_once = lift(properties)
        if lifted:
            set = lifted | set
            set_once = lifted_once | set_once
    if captured.event == "survey shown":
        set = {"$survey_last_seen_date": _iso(captured.timestamp)} | set
    if unset is None:
        return set, set_once, []
    if isinstance(unset, list):
        return set, set_once, [key for key in unset if isinstance(key, str)]
    return set, set_once, list(_object(unset))


def _merge(event: str, properties: Properties) -> Merge | None:
    key = MERGES[event]
    if key not in properties:
        return None
    source = properties[key]
    if event != "$identify" and not (source or isinstance(source, dict | list)):
        return None
    return Merge(javascript_text(source))


def _check_group(captured: CapturedEvent) -> tuple[list[Warning], bool]:
    properties = captured.properties
    key = properties.get("$group_key")
    if key is not None and len(javascript_text(key)) > MAX_LENGTH:
        return [_warning("group_key_too_long", captured)], True
    if not isinstance(properties.get("$group_set", {}), dict):
        return [_warning("invalid_group_set", captured)], False
    return [], False


def _object(value: JSON) -> Properties:
    return value if isinstance(value, dict) else {}


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _warning(type: str, captured: CapturedEvent, **details: JSON) -> Warning:
    return Warning(
        type=type,
        distinct_id=captured.distinct_id,
        cause=captured.uuid,
        details={"distinctId": captured.distinct_id, "eventUuid": str(captured.uuid)} | details,
    )
