"""What a request for a properties timeline must not say; whatever it says, nothing else happens."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.persons.timeline_dates import parse
from domain.errors import InvalidParameterError
from domain.values import JSON, MAX_DEPTH

NOW = datetime(2024, 5, 15, tzinfo=UTC)


def refused(attr: str, **parameters: str) -> str:
    """Return why parameters are refused."""
    insight = {"events": ["[]"], "breakdown_type": ["person"]}
    with pytest.raises(InvalidParameterError) as refusal:
        parse(insight | {name: [text] for name, text in parameters.items()}, NOW)
    assert refusal.value.attr == attr
    return str(refusal.value)


@pytest.mark.parametrize("attr", ["date_from", "date_to"])
@pytest.mark.parametrize(
    "text",
    ["garbage", "2024-13-01", "-7", "7x", "-1qStart", "+7d", "٣d", "\ud800", "nul\0", "--7d"],
)
def test_what_is_no_date_is_refused(attr: str, text: str) -> None:
    assert "is not a date" in refused(attr, **{attr: text})


@pytest.mark.parametrize(
    ("attr", "parameters"),
    [
        ("date_from", {"date_from": "-9999y"}),
        ("date_to", {"date_to": "-999999w"}),
        ("date_from", {"date_from": "0001-01-01", "interval": "week"}),
        ("date_to", {"date_from": "9999-12-31", "date_to": "9999-12-31", "interval": "month"}),
    ],
)
def test_dates_beyond_the_calendar_are_refused(attr: str, parameters: dict[str, str]) -> None:
    assert refused(attr, **parameters) == "The date is out of range."


def test_an_unknown_interval_is_refused() -> None:
    assert refused("interval", interval="year") == "'year' is not a valid choice."


def test_a_boolean_that_says_neither_is_refused() -> None:
    assert refused("explicit_date", explicit_date="maybe") == "Must be a valid boolean."


@pytest.mark.parametrize(
    ("attr", "value"),
    [
        ("events", "["),
        ("events", "opened"),
        ("events", {"id": "opened"}),
        ("events", ["opened"]),
        ("events", [{"id": 7}]),
        ("events", [{"id": "a", "properties": "plan"}]),
        ("actions", [{"id": []}]),
        ("actions", 7),
        ("properties", "nonsense"),
        ("properties", "[NaN]"),
        ("properties", '"\ud800"'),
        ("properties", "[" * 100_000),
        ("properties", "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)),
        ("properties", ["plan"]),
        ("properties", [{"type": "person"}]),
        ("properties", [{"type": "person", "key": 1}]),
        ("properties", {"type": "AND", "values": {}}),
        ("breakdown", ["plan", 1]),
        ("aggregation_group_type_index", "one"),
        ("aggregation_group_type_index", "-1"),
        ("breakdown_group_type_index", "1.5"),
    ],
)
def test_filters_that_cannot_be_read_are_refused(attr: str, value: JSON) -> None:
    assert refused(attr, **{attr: value if isinstance(value, str) else json.dumps(value)})


NAMES = """
events actions properties breakdown breakdown_type breakdown_group_type_index key display interval
date_from date_to explicit_date aggregation_group_type_index
""".split()
WORDS = (
    "id key type values properties person hogql all week hour true -7d mStart 9999-12-31 0".split()
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(WORDS), inner),
)
TEXTS = st.text() | st.sampled_from(WORDS) | JSONS.map(json.dumps)
TEXTS |= st.from_regex(r"-?\d{0,7}[hdwmqyMsX](Start|End)?", fullmatch=True)
TEXTS |= st.datetimes().map(str)


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(TEXTS, max_size=2)))
@example({"events": ["[]"], "date_from": ["0001-01-01"], "date_to": ["9999-12-31T23:59:59-12:00"]})
def test_whatever_is_asked_is_understood_or_refused(parameters: dict[str, list[str]]) -> None:
    with suppress(InvalidParameterError):
        parse(parameters, NOW)
