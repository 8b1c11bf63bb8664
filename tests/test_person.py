from datetime import timedelta
from uuid import UUID

import pytest

from domain.commands import Command
from domain.errors import (
    InvalidSplitError,
    PersonNotFoundError,
    PropertiesTooLargeError,
    VersionConflictError,
)
from domain.events import (
    Deleted,
    DistinctIdAdded,
    Identified,
    Merged,
    MergedInto,
    PersonCreated,
    PersonEvent,
    PlacedEvent,
    PropertySet,
    PropertyUnset,
    Split,
    Unmerged,
)
from domain.person import Person, fold
from domain.properties import MAX_SIZE
from domain.values import JSON, Properties
from tests.decisions import (
    BIRTH,
    NOW,
    ORIGIN,
    TOKEN,
    delete,
    edit,
    given,
    identify,
    merge,
    split,
    unset,
    uuid_of,
    visit,
    when,
)

ADA, EVE = uuid_of("ada"), uuid_of("eve")
EARLIER = NOW - timedelta(days=3)


def born(*distinct_ids: str) -> PersonCreated:
    return PersonCreated(
        origin=ORIGIN,
        number=17,
        distinct_ids=list(distinct_ids),
        created_at=NOW,
        last_seen_at=EARLIER,
        born_from="capture",
    )


def was_set(properties: Properties, before: Properties | None = None) -> PropertySet:
    return PropertySet(origin=ORIGIN, properties=properties, before=before or {})


def was_unset(**before: JSON) -> PropertyUnset:
    return PropertyUnset(origin=ORIGIN, before=before)


def split_off(distinct_id: str, number: int) -> PersonCreated:
    return PersonCreated(
        origin=ORIGIN,
        number=number,
        distinct_ids=[distinct_id],
        created_at=NOW,
        last_seen_at=NOW.replace(minute=0, second=0, microsecond=0),
        born_from="split",
        source=ADA,
    )


def after(*events: PersonEvent) -> Person:
    placed = [PlacedEvent(ADA, version, event) for version, event in enumerate(events, start=1)]
    person = fold(None, placed)
    assert person is not None
    assert person.version == len(events)
    return person


def test_nobody_comes_of_no_events() -> None:
    assert fold(None, []) is None
    assert not Person(ADA).is_living


def test_a_person_is_born_with_all_that_its_birth_says() -> None:
    person = after(born("ada", "a"))

    assert (person.id, person.number) == (ADA, 17)
    assert person.distinct_ids == ["ada", "a"]
    assert (person.created_at, person.last_seen_at) == (NOW, EARLIER)
    assert person.properties == {}
    assert person.is_living
    assert not person.is_identified


def test_properties_are_set_and_unset() -> None:
    person = after(born("ada"), was_set({"a": 1, "b": 2}), was_set({"a": None}), was_unset(b=2))

    assert person.properties == {"a": None}


def test_what_was_not_there_can_be_unset() -> None:
    assert after(born("ada"), was_unset(b=2)).properties == {}


def test_a_person_stays_identified() -> None:
    identified = Identified(origin=ORIGIN)

    assert after(born("ada"), identified, identified).is_identified


def test_a_distinct_id_comes_behind_the_others() -> None:
    added = DistinctIdAdded(origin=ORIGIN, added="a")

    assert after(born("ada"), added).distinct_ids == ["ada", "a"]


def test_a_person_gains_what_a_merge_brought() -> None:
    merged = Merged(
        origin=ORIGIN,
        source=EVE,
        source_version=4,
        distinct_ids=["eve", "e"],
        properties={"b": 2},
        created_at=EARLIER,
        created_before=NOW,
    )
    person = after(born("ada"), was_set({"a": 1}), merged)

    assert person.distinct_ids == ["ada", "eve", "e"]
    assert person.properties == {"a": 1, "b": 2}
    assert person.created_at == EARLIER
    assert person.is_living


def test_a_person_that_was_merged_lives_elsewhere() -> None:
    person = after(born("ada"), MergedInto(origin=ORIGIN, target=EVE, target_version=3))

    assert person.merged_into == EVE
    assert not person.is_living


def test_distinct_ids_that_were_split_off_are_gone() -> None:
    left = Split(origin=ORIGIN, distinct_ids={"ada": EVE, "stranger": EVE})

    assert after(born("ada", "a"), left).distinct_ids == ["a"]


def test_a_person_has_what_an_unmerge_gave_it() -> None:
    unmerged = Unmerged(
        origin=ORIGIN,
        merge=9,
        other=EVE,
        distinct_ids=["ada"],
        properties={"a": 2, "new": 1},
        before={"a": 1, "b": 2},
        created_at=EARLIER,
        is_identified=False,
    )
    gone = MergedInto(origin=ORIGIN, target=EVE, target_version=3)
    person = after(
        born("ada", "a"), was_set({"a": 1, "b": 2}), Identified(origin=ORIGIN), gone, unmerged
    )

    assert person.properties == {"a": 2, "new": 1}
    assert person.distinct_ids == ["ada"]
    assert person.created_at == EARLIER
    assert person.is_living
    assert not person.is_identified


def test_a_person_that_was_deleted_does_not_live() -> None:
    assert not after(born("ada"), was_set({"a": 1}), Deleted(origin=ORIGIN)).is_living


def test_to_apply_an_event_leaves_the_event_as_it_was() -> None:
    birth, bag = born("ada"), was_set({"a": 1})

    after(birth, bag, DistinctIdAdded(origin=ORIGIN, added="b"), was_set({"a": 2, "b": 1}))

    assert birth == born("ada")
    assert bag == was_set({"a": 1})


def test_properties_that_differ_are_set() -> None:
    ada = given(visit("ada", plan="free", seats=1))

    assert when(ada, edit("ada", plan="pro", seats=1, new=None)) == [
        was_set({"plan": "pro", "new": None}, {"plan": "free"})
    ]


def test_properties_that_are_the_same_are_no_event() -> None:
    ada = given(visit("ada", plan="free"))

    assert when(ada, edit("ada", plan="free")) == []
    assert when(ada, edit("ada")) == []


def test_an_edit_is_kept_as_a_captured_event_that_is_its_cause() -> None:
    ada = given(visit("ada", plan="free"))
    command = edit("ada", plan="free", seats=2)

    when(ada, command, actor=TOKEN)

    kept = ada.kept[-1]
    assert (kept.person_id, kept.version) == (ADA, 3)
    assert kept.taken_in.position == len(ada.log)
    assert kept.taken_in.captured.event == "$set"
    assert kept.taken_in.captured.properties == {"$set": {"plan": "free", "seats": 2}}
    origin = ada.log[-1].event.origin
    assert (origin.actor, origin.occurred_at) == (TOKEN, NOW)
    assert origin.cause is not None
    assert (origin.cause.event, origin.cause.uuid) == ("$set", command.uuid)


def test_an_edit_that_changes_nothing_is_not_kept() -> None:
    ada = given(visit("ada", plan="free"))

    when(ada, edit("ada", plan="free"), unset("ada", "absent"))

    assert len(ada.kept) == 1


def test_a_person_of_the_largest_size_can_be_set() -> None:
    ada = given(visit("ada"))
    room = MAX_SIZE - len('{"":"","big":""}') - len(BIRTH) - len(str(UUID(int=0)))

    when(ada, edit("ada", big="x" * room))

    with pytest.raises(PropertiesTooLargeError, match="at most 655360 bytes"):
        when(ada, edit("ada", big="x" * (room + 1)))


def test_a_person_cannot_be_made_too_large() -> None:
    ada = given(visit("ada", a="é" * 200_000))

    with pytest.raises(PropertiesTooLargeError):
        when(ada, edit("ada", b="é" * 200_000))


def test_properties_that_are_there_are_unset() -> None:
    ada = given(visit("ada", plan="free", seats=1))

    assert when(ada, unset("ada", "plan", "absent")) == [was_unset(plan="free")]
    assert ada.kept[-1].taken_in.captured.event == "$delete_person_property"
    assert ada.kept[-1].taken_in.captured.properties == {"$unset": ["plan", "absent"]}


def test_properties_that_are_not_there_are_no_event() -> None:
    ada = given(visit("ada", plan="free"))

    assert when(ada, unset("ada", "absent")) == []
    assert when(ada, unset("ada")) == []


def test_all_but_the_first_distinct_id_leave_a_split() -> None:
    ada = given(visit("ada", plan="free"), identify("ada", "a"), identify("ada", "b"))

    assert when(ada, split("ada")) == [
        Split(origin=ORIGIN, distinct_ids={"a": uuid_of("a"), "b": uuid_of("b")}),
        split_off("a", 2),
        split_off("b", 3),
    ]
    assert ada.owner("ada").properties["plan"] == "free"
    assert ada.owner("a").properties == {}


def test_all_but_the_main_distinct_id_leave_a_split() -> None:
    ada = given(identify("ada", "a"), identify("ada", "b"))
    first = uuid_of("ada", life=2)

    assert when(ada, split("ada", main="b")) == [
        Split(origin=ORIGIN, distinct_ids={"ada": first, "a": uuid_of("a")}),
        split_off("ada", 2),
        split_off("a", 3),
    ]
    assert ada.owner("b").id == ADA
    assert ada.owner("ada").id == first


def test_those_that_are_named_leave_a_split_once() -> None:
    ada = given(identify("ada", "a"), identify("ada", "b"))

    assert when(ada, split("ada", "b", "b")) == [
        Split(origin=ORIGIN, distinct_ids={"b": uuid_of("b")}, are_named=True),
        split_off("b", 2),
    ]
    assert ada.owner("ada").distinct_ids == ["ada", "a"]


def test_the_first_distinct_id_stays_where_all_should_leave() -> None:
    ada = given(identify("ada", "a"))

    assert when(ada, split("ada", "a", "ada"))[0] == Split(
        origin=ORIGIN, distinct_ids={"a": uuid_of("a")}, are_named=True
    )


def test_a_person_with_one_distinct_id_is_not_split() -> None:
    ada = given(visit("ada"))

    assert when(ada, split("ada")) == []
    assert when(ada, split("ada", main="ada")) == []
    assert when(ada, split("ada", "ada")) == []


def test_a_split_refuses_distinct_ids_of_others() -> None:
    ada = given(identify("ada", "a"), visit("eve"))

    with pytest.raises(InvalidSplitError, match=r"not on this person: \['eve', 'nobody'\]"):
        when(ada, split("ada", "nobody", "a", "eve"))
    with pytest.raises(InvalidSplitError, match=r"not on this person: \['eve'\]"):
        when(ada, split("ada", main="eve"))
    assert ada.owner("a").id == ADA


def test_a_split_knows_the_distinct_ids_gained_in_the_same_batch() -> None:
    ada = given(visit("ada"), visit("eve"))

    events = when(ada, merge("ada", "eve"), identify("ada", "a"), split("ada", main="a"))

    assert [each.distinct_ids for each in events if isinstance(each, PersonCreated)] == [
        ["ada"],
        ["eve"],
    ]
    assert ada.owner("a").id == ADA
    assert ada.owner("eve").id == uuid_of("eve", life=2)


def test_a_person_is_deleted() -> None:
    ada = given(visit("ada"), identify("ada", "a"))

    assert when(ada, delete("ada")) == [Deleted(origin=ORIGIN)]
    assert ada.living() == []
    assert ada.event_deletions == []


def test_the_events_of_a_person_can_be_deleted_with_it_or_alone() -> None:
    ada = given(visit("ada"), visit("eve"))

    assert when(ada, delete("eve", keeps_person=True, deletes_events=True)) == []
    assert when(ada, delete("ada", deletes_events=True)) == [
        Deleted(origin=ORIGIN, deletes_events=True)
    ]
    assert ada.event_deletions == [EVE, ADA]
    assert [each.id for each in ada.living()] == [EVE]


COMMANDS = [edit("ada", a=2), unset("ada", "a"), split("ada"), delete("ada")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: type(each).__name__)
def test_who_never_lived_or_is_gone_is_not_found(command: Command) -> None:
    for ada in (
        given(),
        given(visit("ada", a=1), delete("ada")),
        given(visit("eve"), visit("ada", a=1), merge("eve", "ada")),
    ):
        with pytest.raises(PersonNotFoundError, match=str(ADA)):
            when(ada, command)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: type(each).__name__)
def test_who_goes_in_the_same_batch_is_not_found_any_more(command: Command) -> None:
    for last in (delete("ada"), merge("eve", "ada")):
        ada = given(visit("eve"), visit("ada", a=1))

        with pytest.raises(PersonNotFoundError):
            when(ada, last, command)


@pytest.mark.parametrize(
    "command",
    [
        edit("ada", a=2, expected_version=2),
        unset("ada", "a", expected_version=2),
        split("ada", expected_version=2),
        delete("ada", expected_version=2),
    ],
    ids=lambda each: type(each).__name__,
)
def test_who_has_changed_since_is_left_alone(command: Command) -> None:
    ada = given(visit("ada", a=1), identify("ada", "b"))
    before = list(ada.log)

    with pytest.raises(VersionConflictError, match="version 2 was expected, 4 found"):
        when(ada, command)
    assert ada.log == before


def test_who_has_the_expected_version_is_changed() -> None:
    ada = given(visit("ada", a=1))

    assert when(ada, edit("ada", a=2, expected_version=2)) == [was_set({"a": 2}, {"a": 1})]
