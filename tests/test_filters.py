import json
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidFilterError
from domain.values import JSON, clean
from projections import filters
from projections.filters import Condition, Filter, Group
from storage.engine import Database
from tests.filter_model import meets
from tests.machine import database_folder
from tests.population import Population, prepared
from tests.postgres import Postgres

ODD_KEYS = ["plan", "", "a.b", 'a"b', "a\\b", "$a", "$.a", "[0]", "é", "a\nb", "*", "🐘", "a" * 999]
ODD_VALUES: list[JSON] = [
    *(None, True, False, 0, 1, -1, 1.0, 0.5, 1e22, 2**63, 12345678901234567890123),
    *("", "a", "A", "true", "null", "1", "1.0", "é", "É", "ß", "SS", '"', "\\", "%", "_", "a*[?b"),
    *("2024-03-01", "2024-03-01T12:00:00.5Z", "2024-03-01T12:00:00.5+02:00", "a" * 300, "x\ny"),
    *([], {}, ["a"], {"a": 1, "b": [2]}, {"b": [2], "a": 1}, {"plan": "a"}, '{"plan":"a"}', ["1"]),
]
TEXT_OPERATORS = """
    exact is_not in not_in icontains not_icontains starts_with not_starts_with ends_with
    not_ends_with
""".split()
PATTERNS = ["a", "^a", "[0-9]+$", "^$", "(?i)A", "é|ß", "a.*b", r"\.", "x\ny", "^(true|null)$"]
DATES = ["2024-03-01", "2024-03-01T12:00:00.5Z", "2024-03-01T10:00:00.500000+00:00", "0001-01-01"]

scalars = st.sampled_from([v for v in ODD_VALUES if isinstance(v, str | int | float)]) | st.text()
plain = scalars.filter(lambda value: not isinstance(value, str) or value[:1] not in {"[", "{"})
values = st.sampled_from(ODD_VALUES) | st.text() | st.integers() | st.floats(allow_nan=False)
finite = values.filter(lambda value: not isinstance(value, float) or abs(value) < 1e308)
few_keys = st.sampled_from(["plan", 'a"b', "$.a"])  # so that filters often meet a property
bags = st.dictionaries(few_keys, finite, max_size=3)


def asking(operators: list[str], wanted: st.SearchStrategy[JSON]) -> st.SearchStrategy[Condition]:
    """Return filters by these operators for one of the values, or for a few."""
    return st.builds(
        lambda key, operator, value: Filter(key=key, operator=operator, value=clean(value)),
        few_keys,
        st.sampled_from(operators),
        wanted | st.lists(wanted, max_size=7),
    )


single = st.one_of(
    asking(TEXT_OPERATORS, plain),
    asking(["is_set", "is_not_set"], st.none()),
    asking(["regex", "not_regex"], st.sampled_from(PATTERNS)),
    asking(["gt", "gte", "lt", "lte"], plain.filter(lambda value: not isinstance(value, bool))),
    asking(["is_date_exact", "is_date_before", "is_date_after"], st.sampled_from(DATES)),
)
groups = st.builds(Group, st.sampled_from(["AND", "OR"]), st.lists(single, max_size=3))


@pytest.fixture(scope="module")
def databases(postgres: Postgres) -> Iterator[list[Database]]:
    with (
        TemporaryDirectory(dir=database_folder()) as folder,
        postgres.database() as url,
        prepared(f"sqlite:///{folder}/persons.db") as sqlite,
        prepared(url) as postgresql,
    ):
        yield [sqlite, postgresql]


@given(st.lists(bags, max_size=4), st.lists(single | groups, min_size=1, max_size=2))
def test_both_databases_answer_as_the_model(
    databases: list[Database], bags: list[dict[str, JSON]], conditions: list[Condition]
) -> None:
    for database in databases:
        population = Population(database)
        for number, bag in enumerate(bags):
            population.bear(str(number), properties=clean(bag))
        expected = [
            name
            for name, person in population.persons.items()
            if all(meets(person.properties, each) for each in conditions)
        ]

        assert population.names(filters=conditions) == expected[::-1]
        # More persons than a page has are found in another way than a few.
        assert population.names(filters=conditions, limit=1) == expected[::-1][:1]


@pytest.mark.parametrize("condition_key", ODD_KEYS)
@pytest.mark.parametrize("kind", [0, 1], ids=["sqlite", "postgresql"])
def test_any_key_and_any_value_can_be_asked_for(
    databases: list[Database], kind: int, condition_key: str
) -> None:
    population = Population(databases[kind])
    for number, value in enumerate(ODD_VALUES):
        population.bear(str(number), properties={"other": value, condition_key: value, "z": {}})
    for value in ODD_VALUES:
        if not isinstance(value, str | int | float):
            continue
        condition = Filter(key=condition_key, value=value)
        expected = [
            name for name, each in population.persons.items() if meets(each.properties, condition)
        ]

        assert expected
        assert population.names(filters=[condition]) == expected[::-1]


def test_filters_are_read_from_a_parameter() -> None:
    given: Any = [
        {"key": "plan", "value": "pro", "type": "person"},
        {"key": "age", "value": [1, "2"], "operator": "is_not", "ignored": {}},
        {"key": "seen\0", "operator": "is_set", "value": None, "type": None},
    ]

    assert filters.parse(json.dumps(given)) == [
        Filter(key="plan", value="pro"),
        Filter(key="age", value=[1, "2"], operator="is_not"),
        Filter(key="seen\ufffd", operator="is_set"),
    ]


def test_groups_are_read_too() -> None:
    plan = {"key": "plan", "value": "pro"}
    given = {"type": "AND", "values": [{"type": "OR", "values": [plan, plan]}, plan]}

    parsed = Filter(key="plan", value="pro")
    assert filters.parse(json.dumps(given)) == [
        Group("AND", [Group("OR", [parsed, parsed]), parsed])
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "nonsense", "5", "null", '"a"', "[5]", "[[]]", "[NaN]", '["\ud800"]'),
        *('[{"value": 1}]', '[{"key": 1}]', '{"type": "AND"}', "[" * 200 + "]" * 200, "[" * 90_000),
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilterError, match="Properties are unparsable!") as refusal:
        filters.parse(text)

    assert refusal.value.attr is None


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"key": "a", "value": 1, "type": "cohort"}, "'cohort'"),
        ({"key": "a", "value": 1, "type": "hogql"}, "'hogql'"),
        ({"key": "a", "value": 1, "type": "event"}, "only those of 'person'"),
        ({"key": "a", "value": 1, "type": ["person"]}, "type is a text"),
        ({"key": "a", "value": 1, "operator": "like"}, "operator 'like' is unknown"),
        ({"key": "a", "value": 1, "operator": {}}, None),
        ({"key": "a", "value": 1, "operator": {"a": 1}}, "operator is a text"),
        ({"key": "a"}, "'exact' needs text or a number or a boolean"),
        ({"key": "a", "value": "(", "operator": "regex"}, "not one of RE2's: missing"),
        ([{"key": "a", "operator": "is_set"}] * 101, "more than 100 filters"),
    ],
)
def test_what_cannot_be_asked_is_refused(given: JSON, detail: str | None) -> None:
    text = json.dumps(given if isinstance(given, list) else [given])
    if detail is None:
        assert filters.parse(text)
        return
    with pytest.raises(InvalidFilterError, match=detail) as refusal:
        filters.parse(text)

    assert refusal.value.attr == "properties"
