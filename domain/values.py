"""JSON values as properties hold them: how they are compared, written and made fit to keep."""

from typing import Any, TypeAlias

import msgspec

from domain.errors import InvalidValueError

JSON: TypeAlias = Any
"""What a JSON text can say: None, bool, int, float, str, list and dict with str keys."""

Properties: TypeAlias = dict[str, JSON]

MAX_DEPTH = 128  # levels of arrays and objects, the outermost included

_encoder = msgspec.json.Encoder()
_sorted_encoder = msgspec.json.Encoder(order="sorted")

encode = _encoder.encode
"""Return the compact JSON text of a value, as UTF-8 bytes."""


def same(one: JSON, other: JSON) -> bool:
    """Tell whether both are the same JSON value; the order of an object's keys does not count.

    1, 1.0 and true are three values: that they are equal in Python does not matter.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, dict | list):
        return _sorted_encoder.encode(one) == _sorted_encoder.encode(other)
    return bool(one == other)


def clean(value: JSON, *, depth: int = 1) -> JSON:
    """Return the value with U+FFFD for each NUL in its texts and keys, as PostHog stores it.

    Databases cannot keep a NUL. `depth` is the level at which the value stands.

    Raises:
        InvalidValueError: arrays and objects nest more than MAX_DEPTH levels deep.
    """
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case dict():
            _check_depth(depth)
            return {clean(key): clean(each, depth=depth + 1) for key, each in value.items()}
        case list():
            _check_depth(depth)
            return [clean(each, depth=depth + 1) for each in value]
        case _:
            return value


def check_depth(value: JSON, *, depth: int = 1) -> None:
    """Refuse a value that nests too deep.

    Raises:
        InvalidValueError: arrays and objects nest more than MAX_DEPTH levels deep.
    """
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    _check_depth(depth)
    for each in value:
        if isinstance(each, dict | list):
            check_depth(each, depth=depth + 1)


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidValueError(f"JSON nests more than {MAX_DEPTH} levels deep")
