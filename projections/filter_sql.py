"""What the database does for filters of properties: leave rows out that cannot match, cheaply.

Properties are JSON texts, always written by the same encoder, so a property with a value stands
in them in one way only. To look for that is much cheaper than to parse each text.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, func, or_

from domain.values import encode
from projections.filters import Condition, Filter
from projections.operators import is_negation
from projections.texts import text, written

MAX_PARTS = 5  # that one filter lets the database look for
MAX_PART = 200  # characters of each: SQLite refuses patterns that are too long


def candidates(
    dialect: str, properties: Column[str], conditions: Sequence[Condition]
) -> list[ColumnElement[bool]]:
    """Return what is true of all JSON texts that meet the conditions, and of few others."""
    found = [_candidates(dialect, properties, each) for each in conditions]
    return [each for each in found if each is not None]


def contains(dialect: str, column: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Return whether a text contains another, letter by letter."""
    find = func.instr if dialect == "sqlite" else func.strpos
    return find(column, part) > 0


def _candidates(
    dialect: str, properties: Column[str], condition: Condition
) -> ColumnElement[bool] | None:
    if isinstance(condition, Filter):
        parts = _parts(condition)
        return or_(*(_has(dialect, properties, part) for part in parts)) if parts else None
    found = candidates(dialect, properties, condition.values)
    if condition.type == "AND":
        return and_(*found) if found else None
    is_complete = len(found) == len(condition.values)
    return or_(*found) if found and is_complete else None


def _parts(condition: Filter) -> list[str]:
    """Return texts one of which every JSON text has that meets a filter; none if it need not."""
    wanted = condition.value if isinstance(condition.value, list) else [condition.value]
    if is_negation(condition.operator) or not wanted:
        return []
    # Without its first quote: SQLite searches for a text's first character, and quotes abound.
    key = encode(condition.key).decode()[1:] + ":"
    if condition.operator not in {"exact", "in"}:
        return [key]
    parts = [part for each in wanted for part in _written(key, text(each))]
    return parts if len(parts) <= MAX_PARTS else [key]


def _written(key: str, wanted: str) -> list[str]:
    """Return how a property can be written that is this text, if compared as text."""
    as_string = key + encode(wanted).decode()
    match written(wanted):
        case None:
            return [as_string]
        case list() | dict():
            return [key]  # it may be written in another order
        case _:
            return [as_string, key + wanted]


def _has(dialect: str, properties: Column[str], part: str) -> ColumnElement[bool]:
    part = part[:MAX_PART]
    if dialect != "sqlite":
        return contains(dialect, properties, part)
    # Measured: GLOB takes half the time of instr() on long texts.
    pattern = "".join(f"[{each}]" if each in "*?[" else each for each in part)
    return properties.op("GLOB")(f"*{pattern}*")
