"""Filters of properties: read from a request, and held against what a person has."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from domain.errors import InvalidFilterError, InvalidValueError
from domain.values import JSON, clean
from projections.operators import predicate
from projections.texts import reader

MAX_FILTERS = 100  # in one request

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Filter(Struct, frozen=True, kw_only=True):
    """What one property has to be: see `operators.predicate`. Every instance can be asked."""

    key: str
    value: JSON = None
    operator: str = "exact"
    type: str = "person"

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            InvalidFilterError: the type is not `person`, or operator and value mean nothing.
        """
        if self.type != "person":
            detail = f"Filters of type {self.type!r} are not supported, only those of 'person'."
            raise InvalidFilterError(detail, "properties")
        predicate(self.operator, self.value, at=_ANY_TIME)


class Group(Struct, frozen=True):
    """Conditions of which all or any have to be met; an empty group asks for nothing."""

    type: Literal["AND", "OR"]
    values: "list[Condition]"


Condition: TypeAlias = Filter | Group
Matches: TypeAlias = Callable[[Mapping[str, JSON]], bool]
"""Tells whether properties meet conditions."""


def parse(text: str) -> list[Condition]:
    """Return the filters in a query parameter: an array of them, or an AND/OR group.

    Raises:
        InvalidFilterError: it has none, or one that cannot be asked.
    """
    try:
        given = clean(msgspec.json.decode(text))
    except (msgspec.MsgspecError, InvalidValueError, RecursionError, ValueError):
        raise _unparsable() from None
    conditions = [_condition(each) for each in (given if isinstance(given, list) else [given])]
    if sum(1 for _ in every(conditions)) > MAX_FILTERS:
        detail = f"There are more than {MAX_FILTERS} filters."
        raise InvalidFilterError(detail, "properties")
    return conditions


def every(conditions: Sequence[Condition]) -> Iterator[Filter]:
    """Yield all filters, also those in groups."""
    for each in conditions:
        if isinstance(each, Filter):
            yield each
        else:
            yield from every(each.values)


def keys(conditions: Sequence[Condition]) -> list[str]:
    """Return the keys of the properties that are asked for, each once."""
    return list(dict.fromkeys(each.key for each in every(conditions)))


def matcher(conditions: Sequence[Condition], *, at: datetime) -> Matches:
    """Return what tells whether properties meet all conditions; `-7d` counts back from `at`."""
    all_of = [_matches(each, at) for each in conditions]
    if len(all_of) == 1:
        return all_of[0]
    return lambda properties: all(matches(properties) for matches in all_of)


def text_matcher(conditions: Sequence[Condition], *, at: datetime) -> Callable[[str], bool]:
    """Return what tells whether properties, as a JSON text, meet all conditions."""
    read = reader(frozenset(keys(conditions)))
    matches = matcher(conditions, at=at)
    return lambda properties: matches(read(properties))


def _matches(condition: Condition, at: datetime) -> Matches:
    if isinstance(condition, Filter):
        key, is_met = condition.key, predicate(condition.operator, condition.value, at=at)
        return lambda properties: is_met(properties.get(key))
    if condition.type == "AND" or not condition.values:
        return matcher(condition.values, at=at)
    any_of = [_matches(each, at) for each in condition.values]
    return lambda properties: any(matches(properties) for matches in any_of)


def _condition(given: JSON) -> Condition:
    match given:
        case {"type": "AND" | "OR" as type, "values": list() as values}:
            return Group(type, [_condition(each) for each in values])
        case {"key": str() as key}:
            return Filter(
                key=key,
                value=given.get("value"),
                operator=_word(given, "operator", "exact"),
                type=_word(given, "type", "person"),
            )
        case _:
            raise _unparsable()


def _word(given: dict[str, JSON], name: str, default: str) -> str:
    word = given.get(name) or default
    if not isinstance(word, str):
        raise InvalidFilterError(f"A filter's {name} is a text.", "properties")
    return word


def _unparsable() -> InvalidFilterError:
    return InvalidFilterError("Properties are unparsable!")
