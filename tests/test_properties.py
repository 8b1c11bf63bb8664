import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.properties import FILTERED, LIFTED, Changes, changes, lift, only_noise, size
from domain.values import JSON, Properties, same

BAGS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0, 1, True, None, "x", [1]]))
NAMES = st.lists(st.sampled_from("abcd"))
NOTHING = Changes({}, {})


def change(
    properties: Properties,
    *,
    set: Properties | None = None,
    set_once: Properties | None = None,
    unset: list[str] | None = None,
) -> Changes:
    return changes(properties, set=set or {}, set_once=set_once or {}, unset=unset or [])


def test_what_is_absent_is_set() -> None:
    assert change({}, set={"plan": "free"}) == Changes({"plan": "free"}, {})


def test_what_differs_is_set() -> None:
    assert change({"plan": "free", "a": 1}, set={"plan": "pro", "a": 1}).set == {"plan": "pro"}


@pytest.mark.parametrize("value", ["free", 0, False, None, 1.5, [], {}, {"a": [1, {"b": None}]}])
def test_what_is_the_same_is_no_change(value: JSON) -> None:
    assert change({"plan": value}, set={"plan": value}) == NOTHING


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, ""), ([1], [True])]
)
def test_what_is_equal_in_python_alone_is_a_change(before: JSON, after: JSON) -> None:
    (changed,) = change({"k": before}, set={"k": after}).set.values()

    assert same(changed, after)


def test_an_object_is_replaced_whole() -> None:
    assert change({"o": {"a": 1, "b": 2}}, set={"o": {"b": 3}}).set == {"o": {"b": 3}}


def test_null_is_a_value() -> None:
    assert change({"x": 1}, set={"x": None}) == Changes({"x": None}, {})


@pytest.mark.parametrize("there", [1, 0, None, "", False])
def test_what_is_there_is_not_set_once(there: JSON) -> None:
    assert change({"x": there}, set_once={"x": 2, "y": 3}) == Changes({"y": 3}, {})


@pytest.mark.parametrize("properties", [{}, {"k": "old"}])
def test_set_wins_over_set_once(properties: Properties) -> None:
    assert change(properties, set={"k": "set"}, set_once={"k": "once"}).set == {"k": "set"}


def test_what_is_there_is_unset_with_the_value_that_it_had() -> None:
    assert change({"a": 1, "b": 2}, unset=["a", "absent", "a"]) == Changes({}, {"a": 1})


@pytest.mark.parametrize("kind", ["set", "set_once"])
def test_a_key_that_was_there_and_is_also_unset_goes(kind: str) -> None:
    asked = {kind: {"x": 1}}

    assert change({"x": 0}, unset=["x"], **asked) == Changes({}, {"x": 0})


@pytest.mark.parametrize("kind", ["set", "set_once"])
def test_a_key_that_was_absent_and_is_also_unset_stays(kind: str) -> None:
    asked = {kind: {"x": 1}}

    assert change({}, unset=["x"], **asked) == Changes({"x": 1}, {})


@given(BAGS, BAGS, BAGS, NAMES)
def test_changes_are_those_of_one_step_after_the_other(
    properties: Properties, set: Properties, set_once: Properties, unset: list[str]
) -> None:
    expected = set_once | properties | set
    for name in unset:
        if name in properties:
            expected.pop(name, None)

    changed = changes(properties, set=set, set_once=set_once, unset=unset)

    after = {k: v for k, v in (properties | changed.set).items() if k not in changed.unset}
    assert same(after, expected)
    assert not changed.set.keys() & changed.unset.keys()
    assert all(same(properties[key], value) for key, value in changed.unset.items())


@given(BAGS, BAGS, BAGS)
def test_set_and_set_once_a_second_time_change_nothing(
    properties: Properties, set: Properties, set_once: Properties
) -> None:
    after = properties | changes(properties, set=set, set_once=set_once, unset=[]).set

    assert changes(after, set=set, set_once=set_once, unset=[]) == NOTHING


def test_new_values_of_filtered_properties_are_only_noise() -> None:
    properties: Properties = {"$browser": "Chrome", "$os": "Linux", "plan": "free"}

    assert only_noise(properties, Changes({"$browser": "Firefox", "$os": "Windows"}, {}))


@pytest.mark.parametrize(
    "changed",
    [
        Changes({"$browser": "Firefox"}, {}),
        Changes({"$os": "Windows", "plan": "pro"}, {}),
        Changes({"$os": "Windows"}, {"plan": "free"}),
        Changes({}, {"$os": "Linux"}),
        Changes({"utm_source": "ads"}, {}),
        Changes({"$initial_os": "Windows"}, {}),
        Changes({"$geoip_city_name": "Oslo"}, {}),
    ],
)
def test_these_changes_are_worth_a_write(changed: Changes) -> None:
    properties: Properties = {
        "$os": "Linux",
        "plan": "free",
        "utm_source": "news",
        "$initial_os": "Linux",
        "$geoip_city_name": "Rome",
    }

    assert not only_noise(properties, changed)


def test_what_is_filtered() -> None:
    assert {"$current_url", "$raw_user_agent", "$geoip_postal_code"} < FILTERED
    assert {"utm_source", "$app_version", "$geoip_country_name", "gclid"}.isdisjoint(FILTERED)
    assert len(FILTERED) == 15 + 16
    assert len(LIFTED) == 4 + 15 + 25


def test_known_properties_of_an_event_are_lifted() -> None:
    event: Properties = {"$browser": "Chrome", "utm_source": "news", "$app_build": 7, "page": "/x"}

    assert lift(event) == (
        {"$browser": "Chrome", "utm_source": "news", "$app_build": 7},
        {"$initial_browser": "Chrome", "$initial_utm_source": "news", "$initial_app_build": 7},
    )


def test_null_is_lifted_too() -> None:
    assert lift({"gclid": None}) == ({"gclid": None}, {"$initial_gclid": None})


@pytest.mark.parametrize("event", [{}, {"page": "/x"}, {"$set": {"$browser": "x"}}])
def test_nothing_else_is_lifted(event: Properties) -> None:
    assert lift(event) == ({}, {})


@pytest.mark.parametrize(
    ("event", "os"),
    [
        ({"$os_name": "iOS"}, "iOS"),
        ({"$os": "Linux", "$os_name": "iOS"}, "Linux"),
        ({"$os": None, "$os_name": "iOS"}, None),
    ],
)
def test_the_name_of_an_operating_system_stands_in_for_it(event: Properties, os: JSON) -> None:
    assert lift(event) == ({"$os": os}, {"$initial_os": os})


def test_the_operating_system_of_a_server_is_not_lifted() -> None:
    event: Properties = {"$os": "Linux", "$os_version": "12", "$os_name": "L", "$browser": "x"}

    assert lift(event | {"$is_server": True}) == ({"$browser": "x"}, {"$initial_browser": "x"})
    assert lift({"$os": "Linux", "$is_server": True}) == ({}, {})
    for no_mark in (False, None, "true", 1):
        assert "$os" in lift(event | {"$is_server": no_mark})[0]


def test_size_is_that_of_the_text_in_bytes() -> None:
    assert size({}) == 2
    assert size({"é": "€"}) == len('{"é":"€"}'.encode()) == 12
