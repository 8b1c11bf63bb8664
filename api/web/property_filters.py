"""Filters of properties, as a form asks for them and as people read them."""

from itertools import zip_longest
from typing import NamedTuple

from domain.values import JSON, encode

OPERATORS = {
    "exact": "is",
    "is_not": "is not",
    "icontains": "contains",
    "not_icontains": "does not contain",
    "starts_with": "starts with",
    "not_starts_with": "does not start with",
    "ends_with": "ends with",
    "not_ends_with": "does not end with",
    "regex": "matches",
    "not_regex": "does not match",
    "gt": "is greater than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "in": "is one of",
    "not_in": "is none of",
    "is_date_exact": "is on",
    "is_date_before": "is before",
    "is_date_after": "is after",
    "is_set": "is set",
    "is_not_set": "is not set",
}
"""The operators of filters, and what they are called."""

_OF_LISTS = {"in", "not_in"}
_OF_NONE = {"is_set", "is_not_set"}


class Condition(NamedTuple):
    """What one property has to be. `value` is the text of the form."""

    key: str
    operator: str
    value: str

    @property
    def words(self) -> str:
        """The operator as people read it."""
        return OPERATORS.get(self.operator, self.operator)

    @property
    def shown(self) -> str:
        """The value as people read it."""
        return "" if self.operator in _OF_NONE else self.value

    def asked(self) -> dict[str, JSON]:
        """Return the condition as the API takes it: several values are parted by commas."""
        value: JSON = self.value
        if self.operator in _OF_LISTS:
            value = [each.strip() for each in self.value.split(",")]
        return {"key": self.key, "operator": self.operator, "value": value, "type": "person"}


def chosen(keys: list[str], operators: list[str], values: list[str]) -> list[Condition]:
    """Return the conditions of a form whose fields are repeated; rows without a key say nothing."""
    rows = [
        Condition(key, operator or "exact", value)
        for key, operator, value in zip_longest(keys, operators, values, fillvalue="")
        if key
    ]
    return list(dict.fromkeys(rows))


def in_json(conditions: list[Condition]) -> str:
    """Return conditions as the API's query parameter; "" for none."""
    return encode([each.asked() for each in conditions]).decode() if conditions else ""
