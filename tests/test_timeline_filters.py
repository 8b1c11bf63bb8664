import json
from time import perf_counter

import pytest

from api.persons.timeline_filters import crucial_keys, event_names
from domain.values import JSON

PLAN: JSON = {"key": "plan", "value": "x", "type": "person", "operator": "exact"}
SEATS: JSON = {"key": "seats", "type": "person"}
OS: JSON = {"key": "os", "type": "event"}
ORG: JSON = {"key": "org", "type": "group", "group_type_index": 1}


def keys(**parameters: JSON) -> tuple[str, ...]:
    """Return the crucial keys of parameters; what is no text yet is sent as JSON."""
    return crucial_keys(
        {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in parameters.items()
        }
    )


def test_filters_of_persons_give_sorted_keys() -> None:
    assert keys(properties=[SEATS, OS, PLAN, SEATS]) == ("plan", "seats")


@pytest.mark.parametrize("type", ["event", "cohort", "group", "session", "element", 1, None])
def test_filters_of_others_give_none(type: JSON) -> None:
    assert keys(properties=[PLAN | {"type": type}, {"key": "untyped"}]) == ()


@pytest.mark.parametrize("name", ["events", "actions"])
def test_filters_of_an_entity_count_too(name: str) -> None:
    entities = [{"id": "1", "properties": [PLAN, OS]}, {"id": None}, {"properties": None}]

    assert keys(**{name: entities}) == ("plan",)


def test_filters_may_stand_in_groups_in_one_another() -> None:
    inner = {"type": "OR", "values": [SEATS, {"type": "AND", "values": [OS, PLAN]}]}
    groups = {"type": "AND", "values": [inner, {"type": "AND", "values": []}]}

    assert keys(properties=groups) == ("plan", "seats")
    assert keys(events=[{"properties": groups}]) == ("plan", "seats")


@pytest.mark.parametrize("nothing", ["", " ", "null", "[]", "{}"])
def test_no_filters_give_no_keys(nothing: str) -> None:
    assert keys(properties=nothing, breakdown="", breakdown_type="person") == ()


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("person.properties.plan = 'pro'", ("plan",)),
        ("person.properties.$os = properties.browser", ("$os",)),
        ("events.person.properties.a.b > 1 and person.properties.`odd key`", ("a", "odd key")),
        ("person.properties['it'] or person.properties.\"quoted\"", ("it", "quoted")),
        ("concat('person.properties.no', ' it\\'s person.properties.no', person.id)", ()),
        ("'never closed person.properties.no", ()),
        ("'' = person.properties.yes", ("yes",)),
        ("poe_person.properties.no or person.propertiesX.no", ()),
    ],
)
def test_hogql_gives_the_person_properties_in_it(expression: str, found: tuple[str, ...]) -> None:
    assert keys(properties=[{"type": "hogql", "key": expression}]) == found


@pytest.mark.parametrize("piece", ["'", "\\'", "'\\", "person.properties['", "person.properties."])
def test_hogql_is_read_in_one_go(piece: str) -> None:
    start = perf_counter()
    keys(properties=[{"type": "hogql", "key": piece * 10_000 + "\\"}])

    # Were it read again from each quote, it would take minutes.
    assert perf_counter() - start < 20


@pytest.mark.parametrize(
    ("breakdown", "found"),
    [
        ("plan", ("plan",)),
        ('"plan"', ("plan",)),
        ('["plan", "os"]', ("os", "plan")),
        ("5", ("5",)),
        ("null", ("null",)),
        ("[odd", ("[odd",)),
        ("nul\0", ("nul\ufffd",)),
    ],
)
def test_a_breakdown_is_a_key_or_a_list_of_keys(breakdown: str, found: tuple[str, ...]) -> None:
    assert keys(breakdown=breakdown, breakdown_type="person") == found
    assert keys(breakdown=breakdown, breakdown_type="event") == ()
    assert keys(breakdown=breakdown) == ()


def test_of_groups_only_the_filters_of_their_type_count() -> None:
    filters = [PLAN, ORG, ORG | {"key": "other", "group_type_index": 0}]
    hogql = {"type": "hogql", "key": "person.properties.email"}
    by_group = {"breakdown": "size", "breakdown_type": "group", "breakdown_group_type_index": 1}

    assert keys(properties=[*filters, hogql], aggregation_group_type_index=1) == ("org",)
    assert keys(aggregation_group_type_index=1, **by_group) == ("size",)
    assert keys(aggregation_group_type_index=2, **by_group) == ()


def test_an_entity_without_an_id_means_all_events_where_no_other_says_which() -> None:
    assert event_names({}) is None
    assert event_names({"events": '[{"id": null}, {}]', "actions": "[{}]"}) is None
    assert event_names({"events": '[{"id": null}, {"id": "a"}, {"id": "b"}]'}) == frozenset("ab")
    assert event_names({"events": '[{"id": null}]', "actions": '[{"id": "7"}]'}) == frozenset()
