"""What property filters mean, once more and as plainly as can be, for tests to compare with."""

import json
import re
from datetime import UTC

from dateutil import parser

from domain.values import JSON
from projections.filters import Condition, Filter


def meets(properties: dict[str, JSON], condition: Condition) -> bool:
    """Tell whether properties meet a condition whose values are all plain."""
    if not isinstance(condition, Filter):
        met = [meets(properties, each) for each in condition.values]
        return all(met) if condition.type == "AND" or not met else any(met)
    wanted = condition.value if isinstance(condition.value, list) else [condition.value]
    found = properties.get(condition.key)
    operator = condition.operator.replace("is_not", "not_exact").replace("not_exact_set", "not_set")
    base = operator.removeprefix("not_").removeprefix("is_")
    if base == "set":
        return (found is not None) == (operator == "is_set")
    met_any = found is not None and any(_holds(base, found, each) for each in wanted)
    return not wanted or met_any != operator.startswith("not_")


def _holds(operator: str, found: JSON, wanted: JSON) -> bool:
    text, asked = _text(found), _text(wanted)
    lower, part = text.casefold(), asked.casefold()
    places = [place for place in range(len(lower) + 1) if lower[place:].startswith(part)]
    match operator:
        case "exact" | "in":
            return text == asked
        case "icontains":
            return places != []
        case "starts_with" | "ends_with":
            return (0 if operator == "starts_with" else len(lower) - len(part)) in places
        case "regex":
            return re.search(asked, text, re.ASCII | re.DOTALL) is not None
        case "gt" | "gte" | "lt" | "lte":
            return _is_ordered(operator, found, wanted)
        case _:
            return _is_dated(operator, found, wanted)


def _is_ordered(operator: str, found: JSON, wanted: JSON) -> bool:
    one: JSON = _number(found)
    other: JSON = _number(wanted)
    if one is None and other is None and isinstance(found, str):
        one, other = found, wanted
    if one is None or other is None:
        return False
    order = (one > other) - (one < other)
    return order in {"gt": {1}, "gte": {0, 1}, "lt": {-1}, "lte": {-1, 0}}[operator]


def _is_dated(operator: str, found: JSON, wanted: str) -> bool:
    try:
        one, other = (parser.isoparse(each) for each in (found, wanted))
    except (TypeError, ValueError):
        return False
    one, other = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in (one, other))
    order: dict[str, bool] = {
        "date_exact": one == other,
        "date_before": one < other,
        "date_after": one > other,
    }
    return order[operator]


def _text(value: JSON) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _number(value: JSON) -> int | float | None:
    match value:
        case bool() | list() | dict():
            return None
        case int() | float():
            return value
    try:
        return int(value) if re.fullmatch(r"[+-]?[0-9]+", value) else float(_plain(value))
    except ValueError:
        return None


def _plain(text: str) -> str:
    # float() also takes blanks, underscores, names, and digits of other scripts.
    if not re.fullmatch(r"[0-9.eE+-]+", text):
        raise ValueError(text)
    return text
