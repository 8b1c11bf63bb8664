"""Property values as texts: how they are read, and what filters, searches and counts compare."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec
from msgspec.structs import astuple

from domain.values import JSON, encode

_encode = msgspec.json.Encoder(order="sorted").encode


@lru_cache
def reader(keys: frozenset[str]) -> Callable[[str], Mapping[str, JSON]]:
    """Return what reads at least the properties with these keys from the JSON text of all.

    One that is missing may be left out, or be null.
    """
    if any(encode(key).decode() != f'"{key}"' for key in keys):
        return msgspec.json.Decoder(dict[str, JSON]).decode
    # What a type does not name is passed over: that takes a quarter of the time to build it all.
    names = {f"_{place}": key for place, key in enumerate(keys)}
    fields = [(name, JSON, None) for name in names]
    some = msgspec.defstruct("Some", fields, rename=names, gc=False)
    decode = msgspec.json.Decoder(some).decode
    return lambda properties: dict(zip(names.values(), astuple(decode(properties)), strict=True))


def text(value: JSON) -> str:
    """Return a value as text: a string as it is, all else as JSON, with the keys in order."""
    return value if isinstance(value, str) else _encode(value).decode()


def folded(value: JSON) -> str:
    """Return a value as text without the difference of upper and lower case, in any script."""
    return text(value).casefold()


def written(json: str) -> JSON:
    """Return the value other than a string whose JSON is this text; None if there is none."""
    try:
        value = msgspec.json.decode(json)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    return None if isinstance(value, str) else value
