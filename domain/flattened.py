"""Nested data laid flat, as texts by their paths, and back.

Source: PostHog's CSV renderer; a path is such as `distinct_ids.0`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.values import JSON

_TEXTS = {None: "", True: "True", False: "False"}


def flat(value: JSON) -> dict[str, str]:
    """Return the texts in a value by their paths; an empty list or object has none."""
    return dict(_leaves("", value))


def _leaves(path: str, value: JSON) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            items: Iterable[tuple[Any, JSON]] = value.items()
        case list():
            items = enumerate(value)
        case None | bool():
            yield path, _TEXTS[value]
            return
        case _:
            yield path, str(value)
            return
    for key, each in items:
        yield from _leaves(f"{path}.{key}" if path else str(key), each)


def nested(texts: Mapping[str, str]) -> dict[str, JSON]:
    """Return the object that texts by their paths say; a dot always leads one level down.

    Where the keys of a level are 0, 1, 2, …, it is a list.
    """
    root: dict[str, JSON] = {}
    for path, text in sorted(texts.items()):
        *levels, last = path.split(".")
        place = _place(root, levels)
        if place is None:
            root[path] = text
        else:
            place[last] = text
    return {key: _with_lists(value) for key, value in root.items()}


def _place(root: dict[str, JSON], levels: Iterable[str]) -> dict[str, JSON] | None:
    """Return the object behind some levels; None where a text stands in the way."""
    place = root
    for level in levels:
        place = place.setdefault(level, {})
        if not isinstance(place, dict):
            return None
    return place


def _with_lists(value: JSON) -> JSON:
    if not isinstance(value, dict):
        return value
    inner = {key: _with_lists(each) for key, each in value.items()}
    if inner.keys() == {str(place) for place in range(len(inner))}:
        return [inner[str(place)] for place in range(len(inner))]
    return inner
