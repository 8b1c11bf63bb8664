"""What a captured event does to identity: births, attachments, merges, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.commands import Capture, Done
from domain.events import (
    Cause,
    DistinctIdAdded,
    Identified,
    Merged,
    MergedInto,
    Origin,
    PersonCreated,
    PropertySet,
    PropertyUnset,
)
from domain.identity import MAX_LENGTH
from domain.properties import MAX_SIZE
from domain.settings import Settings
from domain.values import JSON, Properties
from tests.decisions import (
    BIRTH,
    NOW,
    ORIGIN,
    TOKEN,
    Memory,
    alias,
    captured,
    given,
    identify,
    merge,
    uuid_of,
    visit,
    when,
)

IDENTIFIED = Identified(origin=ORIGIN)
EARLIER = NOW - timedelta(days=3)
ID = UUID(int=2**100)

Ask = Callable[..., Capture]


def born(*distinct_ids: str, number: int = 1, at: datetime = NOW) -> PersonCreated:
    return PersonCreated(
        origin=ORIGIN,
        number=number,
        distinct_ids=list(distinct_ids),
        created_at=at,
        last_seen_at=at.replace(minute=0, second=0, microsecond=0),
        born_from="capture",
    )


def was_set(before: Properties | None = None, /, **properties: JSON) -> PropertySet:
    return PropertySet(origin=ORIGIN, properties=properties, before=before or {})


def properties(memory: Memory, distinct_id: str) -> Properties:
    return {
        key: value for key, value in memory.owner(distinct_id).properties.items() if key != BIRTH
    }


def warned(memory: Memory) -> list[str]:
    return [each.type for each in memory.warnings]


def test_the_first_event_of_a_distinct_id_makes_a_person() -> None:
    nobody = given()

    assert when(nobody, captured("visit", "ada", {"$set": {"a": 1}}, uuid=ID)) == [
        born("ada"),
        PropertySet(origin=ORIGIN, properties={BIRTH: str(ID), "a": 1}),
    ]
    assert nobody.owner("ada").id == uuid_of("ada")


def test_a_birth_is_at_the_time_of_the_event() -> None:
    nobody = given()

    when(nobody, captured("visit", "ada", at=datetime(2020, 2, 3, 4, 55, 6, 7, tzinfo=UTC)))

    assert nobody.owner("ada").created_at == datetime(2020, 2, 3, 4, 55, 6, 7, tzinfo=UTC)
    assert nobody.owner("ada").last_seen_at == datetime(2020, 2, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize("name", ["$exception", "$set_once", "$groupidentify", "$$heatmap", "x"])
def test_an_event_of_any_name_makes_a_person(name: str) -> None:
    assert when(given(), captured(name, "ada"))[0] == born("ada")


def test_at_a_birth_set_wins_over_set_once_and_unset_says_nothing() -> None:
    asked = {"$set": {"k": 1, "x": 1}, "$set_once": {"k": 2, "y": 2}, "$unset": ["x", "y", BIRTH]}
    nobody = given()

    when(nobody, captured("visit", "ada", asked))

    assert properties(nobody, "ada") == {"k": 1, "x": 1, "y": 2}
    assert BIRTH in nobody.owner("ada").properties


def test_a_birth_too_large_is_warned_of_and_makes_nobody() -> None:
    nobody = given()

    (done,) = nobody.run(captured("visit", "ada", {"$set": {"a": "x" * MAX_SIZE}}, uuid=ID))

    assert isinstance(done, Done)
    assert (done.person_id, done.version) == (uuid_of("ada"), 0)
    assert nobody.log == []
    assert nobody.kept[0].person_id == uuid_of("ada")
    (warning,) = nobody.warnings
    assert warning.type == "person_properties_size_violation"
    assert warning.details == {"eventUuid": str(ID), "personId": None}


def test_an_event_says_where_its_changes_come_from() -> None:
    nobody = given()
    event = captured("visit", "ada", {"$set": {"a": 1}}, at=EARLIER, uuid=ID)

    when(nobody, event, actor=TOKEN)

    assert [each.event.origin for each in nobody.log] == 2 * [
        Origin(actor=TOKEN, occurred_at=EARLIER, cause=Cause("visit", ID), distinct_id="ada")
    ]


def test_a_later_event_sets_what_differs_and_unsets_what_is_there() -> None:
    ada = given(visit("ada", a=1, b=2))
    asked = {"$set": {"a": 1, "c": 3}, "$set_once": {"b": 9, "d": 4}, "$unset": ["b", "e"]}

    assert when(ada, captured("visit", "ada", asked)) == [
        was_set(c=3, d=4),
        PropertyUnset(origin=ORIGIN, before={"b": 2}),
    ]


def test_an_event_that_changes_nothing_is_kept_all_the_same() -> None:
    ada = given(visit("ada", a=1))

    assert when(ada, visit("ada", a=1)) == []
    assert [(each.person_id, each.version) for each in ada.kept] == 2 * [(uuid_of("ada"), 2)]


def test_older_events_change_no_birthday() -> None:
    ada = given(visit("ada"), captured("visit", "ada", at=EARLIER))

    assert ada.owner("ada").created_at == NOW


def test_a_project_may_switch_the_filter_off() -> None:
    event = captured("visit", "ada", {"$browser": "Firefox"})
    chrome = captured("visit", "ada", {"$browser": "Chrome"})
    unfiltered = Settings(filter_noisy_properties=False)

    assert when(given(chrome), event) == []
    assert when(given(chrome, settings=unfiltered), event) == [
        PropertySet(
            origin=ORIGIN, properties={"$browser": "Firefox"}, before={"$browser": "Chrome"}
        )
    ]


def test_a_personless_event_makes_nobody_and_waits_under_the_uuid_to_come() -> None:
    nobody = given()
    personless = captured("visit", "ada", {"$process_person_profile": False, "$set": {"a": 1}})

    assert when(nobody, personless) == []
    assert [(each.person_id, each.version) for each in nobody.kept] == [(uuid_of("ada"), 0)]
    when(nobody, visit("ada", b=2))
    assert properties(nobody, "ada") == {"b": 2}


def test_a_personless_event_of_a_person_is_its_own_and_changes_nothing() -> None:
    ada = given(identify("ada", "a"))
    personless = captured("visit", "a", {"$process_person_profile": False, "$set": {"a": 1}})

    assert when(ada, personless) == []
    assert ada.kept[-1].person_id == uuid_of("ada")


def test_a_dropped_event_is_not_kept() -> None:
    nobody = given()
    asked = {"$process_person_profile": False, "$anon_distinct_id": "a"}

    (done,) = nobody.run(captured("$identify", "ada", asked))

    assert isinstance(done, Done)
    assert done.is_dropped
    assert nobody.kept == []
    assert [each.type for each in done.warnings] == warned(nobody)


def test_an_event_that_comes_again_changes_nothing() -> None:
    event = captured("visit", "ada", {"$set": {"a": 1}}, uuid=ID)
    ada = given(event, visit("ada", a=2))

    (done,) = ada.run(event)

    assert isinstance(done, Done)
    assert (done.is_duplicate, done.version) == (True, 3)
    assert properties(ada, "ada") == {"a": 2}
    assert len(ada.kept) == 2


@pytest.mark.parametrize(
    "other",
    [
        captured("other", "ada", {"$set": {"b": 1}}, uuid=ID),
        captured("visit", "eve", {"$set": {"b": 1}}, uuid=ID),
        captured("visit", "ada", {"$set": {"b": 1}}),
        captured("visit", "ada", {"$set": {"b": 1}}, uuid=ID, is_repeatable=False),
    ],
    ids=["name", "distinct id", "uuid", "a uuid of ours"],
)
def test_an_event_comes_again_only_with_all_its_marks(other: Capture) -> None:
    ada = given(captured("visit", "ada", {"$set": {"a": 1}}, uuid=ID))

    assert (
        was_set(b=1) in [event for event in when(ada, other) if isinstance(event, PropertySet)]
        or ada.owner("eve").properties["b"] == 1
    )


@pytest.mark.parametrize("ask", [identify, alias, merge])
def test_two_unseen_distinct_ids_make_one_identified_person(ask: Ask) -> None:
    nobody = given()

    events = when(nobody, ask("ada", "anon", a=1))

    assert events[0] == born("ada", "anon")
    assert events[2:] == [IDENTIFIED]
    assert nobody.owner("anon").id == uuid_of("ada")


@pytest.mark.parametrize("ask", [identify, alias, merge])
def test_an_unseen_distinct_id_joins_the_person_of_the_other(ask: Ask) -> None:
    assert when(given(visit("ada")), ask("ada", "anon", a=1)) == [
        DistinctIdAdded(origin=ORIGIN, added="anon"),
        IDENTIFIED,
        was_set(a=1),
    ]
    assert when(given(visit("anon")), ask("ada", "anon", a=1)) == [
        DistinctIdAdded(origin=ORIGIN, added="ada", through="anon"),
        IDENTIFIED,
        was_set(a=1),
    ]


def test_an_unseen_target_joins_a_source_that_is_identified() -> None:
    ada = given(identify("ada", "anon"))

    when(ada, identify("eve", "anon"))

    assert ada.owner("eve").id == uuid_of("ada")
    assert ada.owner("eve").distinct_ids == ["ada", "anon", "eve"]


def test_the_person_of_the_source_goes_over_to_that_of_the_target() -> None:
    ada = given(
        captured("visit", "anon", {"$set": {"cart": 2, "theme": "dark"}}, at=EARLIER, uuid=ID),
        visit("ada", cart=7, lang="it"),
    )

    events = when(ada, identify("ada", "anon", lang="no"))

    assert events == [
        MergedInto(origin=ORIGIN, target=uuid_of("ada"), target_version=2),
        Merged(
            origin=ORIGIN,
            source=uuid_of("anon"),
            source_version=2,
            distinct_ids=["anon"],
            properties={"theme": "dark"},
            created_at=EARLIER,
            created_before=NOW,
        ),
        IDENTIFIED,
        was_set({"lang": "it"}, lang="no"),
    ]
    assert [each.id for each in ada.living()] == [uuid_of("ada")]
    assert ada.owner("anon").last_seen_at == NOW.replace(minute=0, second=0, microsecond=0)


def test_set_once_and_unset_see_what_a_merge_brought() -> None:
    ada = given(visit("anon", a=1, b=2), visit("ada", c=3))
    asked = {"$anon_distinct_id": "anon", "$set_once": {"a": 9}, "$unset": ["b", "c"]}

    when(ada, captured("$identify", "ada", asked))

    assert properties(ada, "ada") == {"a": 1}


def test_all_distinct_ids_of_a_source_come_over_in_their_order() -> None:
    ada = given(alias("b1", "b2"), alias("b1", "b0"), visit("a1"), visit("a0"), alias("a1", "a0"))

    when(ada, merge("a1", "b2"))

    assert ada.owner("b0").distinct_ids == ["a1", "a0", "b1", "b2", "b0"]


@pytest.mark.parametrize("ask", [identify, alias])
def test_an_identified_source_is_not_merged(ask: Ask) -> None:
    ada = given(identify("ada", "a"), visit("eve", n=1))

    assert when(ada, ask("eve", "ada", n=2)) == [IDENTIFIED, was_set({"n": 1}, n=2)]
    (warning,) = ada.warnings
    assert warning.type == "cannot_merge_already_identified"
    assert warning.details["sourcePersonDistinctId"] == "ada"
    assert warning.details["targetPersonDistinctId"] == "eve"
    assert ada.owner("ada").id == uuid_of("ada")


def test_a_dangerous_merge_looks_at_nothing() -> None:
    ada = given(identify("ada", "a"), identify("eve", "e"))

    when(ada, merge("eve", "a"))

    assert ada.owner("ada").distinct_ids == ["eve", "e", "ada", "a"]
    assert warned(ada) == []


def test_an_identified_target_can_be_merged_into() -> None:
    ada = given(identify("ada", "a"), visit("anon"))

    when(ada, identify("ada", "anon"))

    assert ada.owner("anon").id == uuid_of("ada")


@pytest.mark.parametrize("ask", [identify, alias, merge])
def test_a_merge_of_one_person_with_itself_identifies_it(ask: Ask) -> None:
    ada = given(visit("ada"), captured("$identify", "ada", {"$anon_distinct_id": "anon"}))

    assert when(ada, ask("anon", "ada", a=1)) == [was_set(a=1)]
    assert when(ada, ask("ada", "anon", a=1)) == []
    assert ada.owner("ada").is_identified


@pytest.mark.parametrize("ask", [identify, alias, merge])
def test_a_merge_with_the_same_distinct_id_is_an_ordinary_event(ask: Ask) -> None:
    nobody = given()

    when(nobody, ask("ada", "ada", a=1))

    assert properties(nobody, "ada") == {"a": 1}
    assert not nobody.owner("ada").is_identified


@pytest.mark.parametrize("ask", [identify, alias, merge])
@pytest.mark.parametrize(
    ("target", "source"), [("ada", "Guest"), ("null", "anon"), ("ada", {}), ("0", "x" * 500)]
)
def test_an_illegal_distinct_id_joins_nobody(ask: Ask, target: str, source: JSON) -> None:
    memory = given(visit("anon"))

    events = when(memory, ask(target, source, a=1))

    assert [type(each) for each in events] == [PersonCreated, PropertySet]
    assert memory.owner(target).distinct_ids == [target]
    assert not memory.owner(target).is_identified
    assert warned(memory) == ["cannot_merge_with_illegal_distinct_id"]


def test_the_longest_distinct_id_can_be_merged() -> None:
    ada = given(visit("ada"), identify("ada", "x" * MAX_LENGTH))

    assert ada.owner("x" * MAX_LENGTH).id == uuid_of("ada")
    assert warned(ada) == []


def test_a_merge_that_would_be_too_large_is_warned_of_and_changes_nothing() -> None:
    half = "x" * (MAX_SIZE // 2)
    ada = given(visit("anon", a=half), visit("ada", b=half))

    assert when(ada, identify("ada", "anon", c=1)) == []
    assert ada.owner("anon").id == uuid_of("anon")
    (warning,) = ada.warnings
    assert warning.type == "person_properties_size_violation"
    assert warning.details["personId"] == str(uuid_of("ada"))


def test_a_merge_is_not_too_large_where_the_target_wins() -> None:
    half = "x" * (MAX_SIZE // 2)
    ada = given(visit("anon", a=half), visit("ada", a=half))

    when(ada, identify("ada", "anon"))

    assert ada.owner("anon").id == uuid_of("ada")
