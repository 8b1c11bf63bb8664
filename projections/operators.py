"""What the operators of property filters mean.

This is decided here and not in SQL, so the answers are the same on every database, and regular
expressions are RE2's everywhere: their time grows with the text, whatever the pattern.
Source: PostHog's property filters in HogQL, and ClickHouse's functions below them.
"""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeAlias

import re2

from domain.errors import InvalidFilterError
from domain.values import JSON
from projections.moments import moment, wanted_moment
from projections.texts import folded, text, written

Predicate: TypeAlias = Callable[[JSON], bool]
"""Tells whether a value meets a filter. It is None where the person has none, or null."""

_Build: TypeAlias = Callable[[list[JSON], datetime], Predicate]
"""Makes the predicate that one of the values wanted is met; it will never see None."""

_MAX_DIGITS = 400  # characters of a text that may be a number

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_RE2 = re2.Options()
_RE2.log_errors = False
_RE2.never_capture = True
_RE2.dot_nl = True  # as ClickHouse's match() has it
_RE2.max_mem = 1 << 20  # bytes a pattern; the 128 used last are kept


def predicate(name: str, value: JSON, *, at: datetime) -> Predicate:
    """Return what an operator asks of a property: to match one of the values, or none of them.

    An operator's negation also holds where the person lacks the property. No values at all, an
    empty array, ask for nothing. Times such as `-7d` count back from `at`.

    Raises:
        InvalidFilterError: there is no such operator, or it cannot be asked with such a value.
    """
    base = _NEGATIONS.get(name, name)
    is_negated = base != name
    if base == "is_set":
        return lambda found: (found is None) is is_negated
    if base not in _OPERATORS:
        raise InvalidFilterError(f"The operator {name!r} is unknown.", "properties")
    accepted, build = _OPERATORS[base]
    wanted = value if isinstance(value, list) else [value]
    if any(type(each) not in accepted for each in wanted):
        kinds = " or ".join(_KINDS[kind] for kind in accepted if kind in _KINDS)
        raise InvalidFilterError(f"The operator {name!r} needs {kinds} as its value.", "properties")
    if not wanted:
        return lambda found: True
    is_met = build(wanted, at)
    return lambda found: (found is not None and is_met(found)) is not is_negated


def is_negation(name: str) -> bool:
    """Tell whether an operator also holds for those who lack the property."""
    return name in _NEGATIONS


def _exact(wanted: list[JSON], at: datetime) -> Predicate:
    texts = {text(each) for each in wanted}
    # An array or an object means the same in every order of keys, and with any blanks.
    texts |= {text(value) for each in texts if isinstance(value := written(each), dict | list)}
    return lambda found: text(found) in texts


def _contains(wanted: list[JSON], at: datetime) -> Predicate:
    parts = [folded(each) for each in wanted]

    def is_met(found: JSON) -> bool:
        whole = folded(found)
        return any(part in whole for part in parts)

    return is_met


def _starts(wanted: list[JSON], at: datetime) -> Predicate:
    parts = tuple(map(folded, wanted))
    return lambda found: folded(found).startswith(parts)


def _ends(wanted: list[JSON], at: datetime) -> Predicate:
    parts = tuple(map(folded, wanted))
    return lambda found: folded(found).endswith(parts)


def _regex(wanted: list[JSON], at: datetime) -> Predicate:
    patterns = [_compiled(each) for each in wanted]

    def is_met(found: JSON) -> bool:
        encoded = text(found).encode()
        return any(pattern.search(encoded) for pattern in patterns)

    return is_met


def _ordered(compare: Callable[[JSON, JSON], bool]) -> _Build:
    """Compare numbers with numbers, also those written as texts, and other texts with texts."""

    def build(wanted: list[JSON], at: datetime) -> Predicate:
        numbers = [number for each in wanted if (number := _number(each)) is not None]
        texts = [each for each in wanted if _number(each) is None]

        def is_met(found: JSON) -> bool:
            number = _number(found)
            if number is not None:
                return any(compare(number, each) for each in numbers)
            return isinstance(found, str) and any(compare(found, each) for each in texts)

        return is_met

    return build


def _dated(compare: Callable[[datetime, datetime], bool]) -> _Build:
    def build(wanted: list[JSON], at: datetime) -> Predicate:
        moments = [wanted_moment(each, at) for each in wanted]

        def is_met(found: JSON) -> bool:
            at = moment(found)
            return at is not None and any(compare(at, each) for each in moments)

        return is_met

    return build


def _compiled(pattern: str) -> re2._Regexp:
    try:
        return re2.compile(pattern, _RE2)
    except re2.error as error:
        why = error.args[0].decode(errors="replace")
        detail = f"The regular expression {pattern!r} is not one of RE2's: {why}."
        raise InvalidFilterError(detail, "properties") from None


def _number(value: JSON) -> int | float | None:
    """Return the number that a value is, or that a text says; None for no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or len(value) > _MAX_DIGITS:
        return None
    if not _NUMBER.fullmatch(value):
        return None
    return int(value) if value.lstrip("+-").isdigit() else float(value)


class _Operator(NamedTuple):
    accepted: tuple[type, ...]
    build: _Build


_KINDS = {str: "text", float: "a number", bool: "a boolean"}
_SCALAR = (str, int, float, bool)
_OPERATORS = {
    "exact": _Operator(_SCALAR, _exact),
    "in": _Operator(_SCALAR, _exact),
    "icontains": _Operator(_SCALAR, _contains),
    "starts_with": _Operator(_SCALAR, _starts),
    "ends_with": _Operator(_SCALAR, _ends),
    "regex": _Operator((str,), _regex),
    "gt": _Operator((str, int, float), _ordered(operator.gt)),
    "gte": _Operator((str, int, float), _ordered(operator.ge)),
    "lt": _Operator((str, int, float), _ordered(operator.lt)),
    "lte": _Operator((str, int, float), _ordered(operator.le)),
    "is_date_exact": _Operator((str,), _dated(operator.eq)),
    "is_date_before": _Operator((str,), _dated(operator.lt)),
    "is_date_after": _Operator((str,), _dated(operator.gt)),
}
_NEGATIONS = {
    "is_not": "exact",
    "not_in": "in",
    "not_icontains": "icontains",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
    "not_regex": "regex",
    "is_not_set": "is_set",
}
