"""What an insight's filters say to a properties timeline: which events and which keys count.

Filters never exclude an event here: their values and operators mean nothing.
Source: PostHog's properties timeline.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from domain.errors import InvalidParameterError, InvalidValueError
from domain.values import JSON, clean

# Texts in quotes are found too, and first: what looks like a property inside of one is none.
_IN_HOGQL = re.compile(
    r"'(?:[^'\\]|\\.?)*(?:'|\Z)"
    r"|(?<![\w$])person\.properties"
    r"(?:\.(?P<plain>[\w$]+)|\.[`\"](?P<quoted>[^`\"]+)[`\"]|\[\s*'(?P<item>[^'\\]+)'\s*\])",
    re.DOTALL,
)
_INTEGER = re.compile(r"\d{1,9}", re.ASCII)


class _Whose(NamedTuple):
    """Whose properties are looked at: a person's, or those of one type of group."""

    type: str
    group_type_index: int | None

    def owns(self, type: JSON, group_type_index: JSON) -> bool:
        return (type, group_type_index if type == "group" else None) == self


def event_names(given: Mapping[str, str]) -> frozenset[str] | None:
    """Return the names of the captured events that count; None for all.

    We know no actions: one that is asked for is done by no event.

    Raises:
        InvalidParameterError: `events` or `actions` is not a JSON array of entities.
    """
    events = [_id(each, "events", str) for each in _entities(given, "events")]
    actions = [_id(each, "actions", str, int) for each in _entities(given, "actions")]
    # An entity without an id means all events, but only where no other says which.
    if all(each is None for each in events + actions):
        return None
    return frozenset(each for each in events if each is not None)


def crucial_keys(given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys of person properties in filters and breakdown, sorted.

    Raises:
        InvalidParameterError: one of the parameters cannot be read.
    """
    index = _integer(given, "aggregation_group_type_index")
    whose = _Whose("person" if index is None else "group", index)
    keys = set(_filtered(_decoded(given, "properties"), whose, "properties"))
    for name in ("events", "actions"):
        for entity in _entities(given, name):
            keys.update(_filtered(entity.get("properties"), whose, name))
    if whose.owns(given.get("breakdown_type"), _integer(given, "breakdown_group_type_index")):
        keys.update(_breakdown(given))
    return tuple(sorted(keys))


def _decoded(given: Mapping[str, str], name: str) -> JSON:
    """Return what the JSON text of a parameter says; None for an empty or a missing one.

    Raises:
        InvalidParameterError: the text is no JSON, or nests too deep.
    """
    text = given.get(name, "")
    if not text.strip():
        return None
    try:
        return clean(msgspec.json.decode(text))
    except (msgspec.MsgspecError, InvalidValueError, RecursionError, ValueError) as error:
        raise InvalidParameterError(f"This is not valid JSON: {error}.", name) from error


def _integer(given: Mapping[str, str], name: str) -> int | None:
    """Return the number that a parameter says; None for an empty or a missing one.

    Raises:
        InvalidParameterError: it says none.
    """
    text = given.get(name, "")
    if text and not _INTEGER.fullmatch(text):
        raise InvalidParameterError("A valid integer is required.", name)
    return int(text) if text else None


def _entities(given: Mapping[str, str], name: str) -> list[dict[str, JSON]]:
    entities = _decoded(given, name)
    if entities is None:
        return []
    if isinstance(entities, list) and all(isinstance(each, dict) for each in entities):
        return entities
    raise InvalidParameterError("Expected a JSON array of objects.", name)


def _id(entity: dict[str, JSON], name: str, *kinds: type) -> JSON:
    found = entity.get("id")
    if found is not None and type(found) not in kinds:
        raise InvalidParameterError("The id of an entity has the wrong type.", name)
    return found


def _filtered(filters: JSON, whose: _Whose, name: str) -> Iterator[str]:
    """Yield the keys in one filter, in an array of them, or in a group of arrays."""
    match filters:
        case list():
            for each in filters:
                yield from _filtered(each, whose, name)
        case {"type": "hogql", "key": str() as expression}:
            if whose.type == "person":
                yield from _in_hogql(expression)
        case {"key": str() as key}:
            if whose.owns(filters.get("type"), filters.get("group_type_index")):
                yield key
        case {"values": list() as values}:
            yield from _filtered(values, whose, name)
        case _ if filters:
            raise InvalidParameterError("Expected a JSON array of property filters.", name)


def _in_hogql(expression: str) -> Iterator[str]:
    for found in _IN_HOGQL.finditer(expression):
        if name := found["plain"] or found["quoted"] or found["item"]:
            yield name


def _breakdown(given: Mapping[str, str]) -> list[str]:
    """Return the keys of a breakdown: one as it stands, or one or many as JSON."""
    text = given.get("breakdown", "")
    try:
        keys = _decoded(given, "breakdown")
    except InvalidParameterError:
        keys = text
    if isinstance(keys, list):
        if not all(isinstance(each, str) for each in keys):
            raise InvalidParameterError("Expected keys of properties.", "breakdown")
        return keys
    key = keys if isinstance(keys, str) else text
    return [clean(key)] if key else []
