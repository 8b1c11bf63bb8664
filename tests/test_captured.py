from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.captured import CapturedEvent, Merge, Request, merge_source, request
from domain.properties import Changes
from domain.values import JSON, Properties

UUID_7 = UUID(int=7)
MERGES = ["$identify", "$create_alias", "$merge_dangerously"]


def event(
    name: str = "visit", properties: Properties | None = None, **others: Any
) -> CapturedEvent:
    at = datetime(2024, 1, 2, 3, 4, 5, 678_912, tzinfo=UTC)
    return CapturedEvent(
        event=name,
        distinct_id="mia",
        uuid=UUID_7,
        timestamp=at,
        properties=properties or {},
        **others,
    )


def asked(name: str, properties: Properties) -> Request:
    return request(event(name, properties))


def warned(asked: Request) -> list[str]:
    return [each.type for each in asked.warnings]


def test_an_ordinary_event_asks_for_its_properties() -> None:
    wanted = asked("visit", {"$set": {"a": 1}, "$set_once": {"b": 2}, "$unset": ["c"], "page": "/"})

    assert (wanted.set, wanted.set_once, wanted.unset) == ({"a": 1}, {"b": 2}, ["c"])
    assert wanted.merge is None
    assert (wanted.is_personless, wanted.is_dropped, wanted.warnings) == (False, False, [])
    assert (wanted.always_writes, wanted.never_writes) == (False, False)


def test_an_event_without_properties_asks_for_nothing() -> None:
    wanted = asked("visit", {})

    assert (wanted.set, wanted.set_once, wanted.unset) == ({}, {}, [])


@pytest.mark.parametrize("wrong", [None, "text", 7, True, ["a"], [["a", 1]]])
def test_what_should_be_an_object_and_is_not_asks_for_nothing(wrong: JSON) -> None:
    wanted = asked("visit", {"$set": wrong, "$set_once": wrong})

    assert (wanted.set, wanted.set_once) == ({}, {})


@pytest.mark.parametrize(
    ("unset", "names"),
    [
        (["a", 1, None, ["b"], "c"], ["a", "c"]),
        ({"a": "", "b": 1}, ["a", "b"]),
        ("a", []),
        (None, []),
        (1, []),
    ],
)
def test_what_to_unset_is_a_list_of_names_or_an_object(unset: JSON, names: list[str]) -> None:
    assert asked("visit", {"$unset": unset}).unset == names


def test_what_an_event_sets_itself_wins_over_what_is_lifted() -> None:
    wanted = asked(
        "visit",
        {
            "$browser": "Chrome",
            "$set": {"$browser": "mine", "a": 1},
            "$set_once": {"$initial_browser": "first"},
        },
    )

    assert wanted.set == {"$browser": "mine", "a": 1}
    assert wanted.set_once == {"$initial_browser": "first"}


@pytest.mark.parametrize("name", ["$snapshot", "$performance_event"])
def test_from_these_events_nothing_is_lifted(name: str) -> None:
    wanted = asked(name, {"$browser": "Chrome", "$set": {"a": 1}})

    assert (wanted.set, wanted.set_once) == ({"a": 1}, {})


@pytest.mark.parametrize(
    ("properties", "date"),
    [
        ({}, "2024-01-02T03:04:05.678Z"),
        ({"$set": {"$survey_last_seen_date": "own"}}, "own"),
    ],
)
def test_a_survey_that_was_shown_is_remembered(properties: Properties, date: str) -> None:
    assert asked("survey shown", properties).set == {"$survey_last_seen_date": date}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("$identify", "$anon_distinct_id"),
        ("$create_alias", "alias"),
        ("$merge_dangerously", "alias"),
    ],
)
def test_a_merge_names_its_source(name: str, key: str) -> None:
    assert asked(name, {key: "anon"}).merge == Merge("anon")
    assert merge_source(event(name, {key: "anon"})) == "anon"


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("visit", {"$anon_distinct_id": "anon", "alias": "anon"}),
        ("$set", {"$anon_distinct_id": "anon"}),
        ("$identify", {}),
        ("$identify", {"alias": "anon"}),
        ("$identify", {"$set": {"$anon_distinct_id": "anon"}}),
        ("$create_alias", {"$anon_distinct_id": "anon"}),
        *(
            (name, {"alias": falsy})
            for name in ("$create_alias", "$merge_dangerously")
            for falsy in ("", 0, 0.0, None, False)
        ),
    ],
)
def test_these_events_merge_nothing(name: str, properties: Properties) -> None:
    assert asked(name, properties).merge is None
    assert merge_source(event(name, properties)) is None


@pytest.mark.parametrize(
    ("name", "value", "source"),
    [
        ("$identify", None, "null"),
        ("$identify", "", ""),
        ("$identify", 0, "0"),
        ("$identify", False, "false"),
        ("$create_alias", 42, "42"),
        ("$create_alias", True, "true"),
        ("$create_alias", [], ""),
        ("$create_alias", ["a", "b"], "a,b"),
        ("$create_alias", {}, "[object Object]"),
        ("$merge_dangerously", " padded ", " padded "),
    ],
)
def test_a_source_is_read_as_javascript_does(name: str, value: JSON, source: str) -> None:
    key = "$anon_distinct_id" if name == "$identify" else "alias"
    wanted = asked(name, {key: value})

    assert wanted.merge is not None
    assert wanted.merge.source == source


@pytest.mark.parametrize("name", ["visit", "$set", "$feature_flag_called"])
def test_a_personless_event_changes_no_person(name: str) -> None:
    wanted = asked(name, {"$process_person_profile": False, "$set": {"a": 1}, "$browser": "x"})

    assert wanted.is_personless
    assert not wanted.is_dropped
    assert (wanted.set, wanted.set_once, wanted.unset) == ({}, {}, [])
    assert wanted.changes({}, filters=True) == Changes({}, {})
    assert warned(wanted) == []


@pytest.mark.parametrize("name", [*MERGES, "$groupidentify"])
def test_what_cannot_be_personless_is_dropped(name: str) -> None:
    wanted = asked(name, {"$process_person_profile": False, "$anon_distinct_id": "a", "alias": "a"})

    assert wanted.is_dropped
    assert wanted.merge is None
    assert warned(wanted) == ["invalid_event_when_process_person_profile_is_false"]


@pytest.mark.parametrize("flag", ["false", 0, None, [], "true", 1])
def test_a_flag_that_is_no_boolean_is_warned_of_and_ignored(flag: JSON) -> None:
    wanted = asked("visit", {"$process_person_profile": flag, "$set": {"a": 1}})

    (warning,) = wanted.warnings
    assert not wanted.is_personless
    assert wanted.set == {"a": 1}
    assert warning.type == "invalid_process_person_profile"
    assert (warning.distinct_id, warning.cause) == ("mia", UUID_7)
    assert warning.details == {"distinctId": "mia", "eventUuid": str(UUID_7), "value": flag}


def test_a_flag_that_says_what_holds_anyway_changes_nothing() -> None:
    assert asked("visit", {"$process_person_profile": True, "$set": {"a": 1}}) == asked(
        "visit", {"$set": {"a": 1}}
    )


@pytest.mark.parametrize("flag", [True, False, "false"])
def test_a_sender_who_may_touch_no_person_does_not(flag: JSON) -> None:
    wanted = request(
        event("visit", {"$process_person_profile": flag, "$set": {"a": 1}}, processes_person=False)
    )

    assert wanted.is_personless
    assert not wanted.is_dropped
    assert wanted.set == {}


def test_a_group_event_sets_nothing_on_its_person() -> None:
    wanted = asked(
        "$groupidentify",
        {
            "$group_type": "company",
            "$group_key": "acme",
            "$group_set": {"size": 9},
            "$set": {"a": 1},
            "$set_once": {"b": 1},
            "$unset": ["c"],
            "$browser": "x",
        },
    )

    assert (wanted.set, wanted.set_once, wanted.unset) == ({}, {}, [])
    assert (wanted.is_personless, wanted.is_dropped, wanted.warnings) == (False, False, [])


@pytest.mark.parametrize("group_set", [None, "x", ["x"], 1])
def test_a_group_whose_properties_are_no_object_is_warned_of(group_set: JSON) -> None:
    wanted = asked("$groupidentify", {"$group_key": "acme", "$group_set": group_set})

    assert not wanted.is_dropped
    assert warned(wanted) == ["invalid_group_set"]


@pytest.mark.parametrize(("length", "is_dropped"), [(400, False), (401, True)])
def test_a_group_with_too_long_a_key_is_dropped(length: int, is_dropped: bool) -> None:
    wanted = asked("$groupidentify", {"$group_key": "é" * length})

    assert wanted.is_dropped == is_dropped
    assert warned(wanted) == (["group_key_too_long"] if is_dropped else [])


@pytest.mark.parametrize("name", ["$exception", "$$heatmap"])
def test_these_events_change_no_properties(name: str) -> None:
    wanted = asked(name, {"$set": {"a": 2}, "$unset": ["a"], "$browser": "x"})

    assert wanted.changes({"a": 1}, filters=False) == Changes({}, {})
    assert wanted.set == {"a": 2, "$browser": "x"}


@pytest.mark.parametrize("name", ["visit", "$set_once", "$groupidentified"])
def test_noise_alone_changes_nothing(name: str) -> None:
    wanted = asked(name, {"$browser": "Firefox", "$initial_browser": "x"})
    properties: Properties = {"$browser": "Chrome", "$initial_browser": "Chrome"}

    assert wanted.changes(properties, filters=True) == Changes({}, {})
    assert wanted.changes(properties, filters=False) == Changes({"$browser": "Firefox"}, {})


@pytest.mark.parametrize("name", [*MERGES, "$set"])
def test_these_events_write_noise_too(name: str) -> None:
    wanted = asked(name, {"$browser": "Firefox"})
    properties: Properties = {"$browser": "Chrome", "$initial_browser": "Chrome"}

    assert wanted.changes(properties, filters=True).set == {"$browser": "Firefox"}


def test_noise_comes_along_with_a_real_change() -> None:
    wanted = asked("visit", {"$browser": "Firefox", "$set": {"plan": "pro"}})
    properties: Properties = {"$browser": "Chrome", "$initial_browser": "Chrome"}

    assert wanted.changes(properties, filters=True).set == {"$browser": "Firefox", "plan": "pro"}
