"""What happens where several commands are decided in one batch: the same as one by one."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from domain.captured import TakenIn
from domain.commands import Command, Done
from domain.errors import PropertiesTooLargeError
from domain.events import PersonCreated, Split
from domain.person import Person
from domain.properties import MAX_SIZE, size
from tests.decisions import (
    BIRTH,
    Memory,
    alias,
    captured,
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

NAMES = st.sampled_from(["a", "b", "c", "d", "a:2", "null"])
VALUES = st.sampled_from([1, 2, None])
PERSONLESS = {"$process_person_profile": False}

COMMANDS = st.one_of(
    st.builds(lambda name, x: visit(name, x=x), NAMES, VALUES),
    st.builds(lambda name, y: visit(name, y=y), NAMES, VALUES),
    st.builds(lambda name: captured("visit", name, {"$unset": ["x"]}), NAMES),
    st.builds(lambda name: captured("visit", name, dict(PERSONLESS)), NAMES),
    st.builds(identify, NAMES, NAMES),
    st.builds(alias, NAMES, NAMES),
    st.builds(merge, NAMES, NAMES),
    st.builds(lambda name, x: edit(name, x=x), NAMES, VALUES),
    st.builds(lambda name: unset(name, "x"), NAMES),
    st.builds(split, NAMES),
    st.builds(lambda name, main: split(name, main=main), NAMES, NAMES),
    st.builds(lambda name, leaving: split(name, *leaving), NAMES, st.sets(NAMES, min_size=1)),
    st.builds(delete, NAMES),
)


def carried_out(commands: Sequence[Command], ends: Sequence[int]) -> tuple[Memory, list[object]]:
    """Return a project and all answers, where a batch ends behind each of these numbers."""
    memory = Memory()
    answers: list[object] = []
    bounds = sorted({0, *(end for end in ends if end < len(commands)), len(commands)})
    for start, end in pairwise(bounds):
        for answer in memory.run(*commands[start:end]):
            answers.append(answer if isinstance(answer, Done) else repr(answer))
    return memory, answers


def check(memory: Memory) -> None:
    """Check what is true of every project, whatever was done."""
    living = memory.living()
    names = [name for person in living for name in person.distinct_ids]
    assert len(set(names)) == len(names)
    assert all(person.distinct_ids for person in living)
    numbers = [each.event.number for each in memory.log if isinstance(each.event, PersonCreated)]
    assert numbers == list(range(1, len(numbers) + 1))
    births = [each.person_id for each in memory.log if isinstance(each.event, PersonCreated)]
    assert len(set(births)) == len(births)
    for each in memory.log:
        if isinstance(each.event, Split):
            _check_split(memory, each.position, each.event)


def _check_split(memory: Memory, position: int, event: Split) -> None:
    following = memory.log[position : position + len(event.distinct_ids)]
    born = {
        each.event.distinct_ids[0]: each.person_id
        for each in following
        if isinstance(each.event, PersonCreated)
    }
    assert born == event.distinct_ids


@given_any(st.lists(COMMANDS, max_size=30), st.lists(st.integers(1, 30)))
def test_it_makes_no_difference_where_a_batch_ends(
    commands: list[Command], ends: list[int]
) -> None:
    alone, answers = carried_out(commands, range(len(commands)))
    together, same_answers = carried_out(commands, ends)

    assert same_answers == answers
    assert together.log == alone.log
    assert together.kept == alone.kept
    assert together.warnings == alone.warnings
    check(alone)


def test_who_is_born_and_changed_in_one_batch_is_one_person() -> None:
    nobody = given()

    when(nobody, visit("ada", a=1), visit("ada", b=2), edit("ada", c=3), unset("ada", "a"))

    person = nobody.owner("ada")
    del person.properties[BIRTH]
    assert (person.id, person.number, person.version) == (uuid_of("ada"), 1, 5)
    assert person.properties == {"b": 2, "c": 3}


def test_a_distinct_id_of_a_deleted_person_makes_a_new_one_in_the_same_batch() -> None:
    ada = given(visit("ada", a=1), identify("ada", "a"))

    when(ada, delete("ada"), visit("a", b=2), visit("ada", c=3))

    assert {each.id for each in ada.living()} == {uuid_of("a"), uuid_of("ada", life=2)}
    assert ada.owner("ada").number == 3
    assert "a" not in ada.owner("ada").properties


def test_each_life_of_a_distinct_id_has_a_uuid_of_its_own() -> None:
    memory = Memory()
    lives = []
    for life in (1, 2, 3):
        when(memory, visit("ada"))
        person = memory.owner("ada")
        lives.append(person.id)
        command = delete("ada")
        when(memory, type(command)(person_id=person.id), visit("eve", life=life))

    assert lives == [uuid_of("ada", life=life) for life in (1, 2, 3)]


def test_a_later_life_does_not_take_the_uuid_of_another_distinct_id() -> None:
    memory = given(visit("ada:2"), visit("ada"), delete("ada"))

    when(memory, visit("ada"))

    assert uuid_of("ada", life=2) == uuid_of("ada:2")
    assert memory.owner("ada").id == uuid_of("ada", life=3)


@pytest.mark.parametrize("leaving", [("a", "a:2"), ("a:2", "a")])
def test_two_distinct_ids_whose_uuids_clash_leave_for_two_persons(leaving: tuple[str, str]) -> None:
    memory = given(alias("a", "b"), alias("a", "a:2"))

    events = when(memory, split("a", *leaving))

    check(memory)
    assert isinstance(events[0], Split)
    assert memory.owner("a").id != memory.owner("a:2").id


def test_a_personless_event_waits_under_the_uuid_of_the_next_life() -> None:
    ada = given(visit("ada"))

    (_, done) = ada.run(delete("ada"), captured("visit", "ada", dict(PERSONLESS)))

    assert isinstance(done, Done)
    assert (done.person_id, done.version) == (uuid_of("ada", life=2), 0)


def test_a_merge_and_a_split_and_a_delete_in_one_batch() -> None:
    memory = given(visit("a"), visit("b"), visit("c"))

    when(memory, merge("b", "a"), split("b", "a"), merge("c", "b"), delete("c"), visit("b"))

    owners = {name: memory.owner(name).id for name in "ab"}
    assert owners == {"a": uuid_of("a", life=2), "b": uuid_of("b", life=2)}


def test_distinct_ids_stand_in_the_order_of_their_attachment() -> None:
    memory = given(alias("b", "z"), visit("a"), alias("a", "y"))

    when(memory, alias("a", "x"), merge("a", "z"), alias("b", "w"), split("a", "y"))

    assert memory.owner("a").distinct_ids == ["a", "x", "b", "z", "w"]


def test_a_refused_command_leaves_no_trace() -> None:
    memory = given(visit("ada", a=1))

    first, refused, last = memory.run(
        visit("ada", b=2), edit("ada", c="x" * MAX_SIZE), edit("ada", d=4)
    )

    assert isinstance(refused, PropertiesTooLargeError)
    assert isinstance(first, Done)
    assert isinstance(last, Done)
    assert (first.version, last.version) == (3, 4)
    assert memory.owner("ada").properties.keys() == {BIRTH, "a", "b", "d"}


def third(key: str) -> dict[str, Any]:
    """Return a property of which a person has room for two."""
    return {key: "é" * (MAX_SIZE // 5)}


@pytest.mark.parametrize(
    "commands",
    [
        (visit("ada", **third("a")), visit("ada", **third("b")), visit("ada", **third("c"))),
        (visit("ada", **third("a")), edit("ada", **third("b")), visit("ada", **third("c"))),
        (edit("ada", **third("a")), edit("ada", **third("b")), visit("ada", **third("c"))),
        (edit("ada", **third("a")), visit("eve", **third("b")), merge("ada", "eve", **third("c"))),
        (visit("eve", **third("a")), merge("ada", "eve"), visit("ada", **third("b"), **third("c"))),
    ],
)
def test_nobody_grows_too_large_within_a_batch(commands: tuple[Command, ...]) -> None:
    memory = given(visit("ada"))

    memory.run(*commands)

    assert all(size(each.properties) <= MAX_SIZE for each in memory.living())
    assert [each.type for each in memory.warnings] == ["person_properties_size_violation"]


def test_what_was_taken_away_makes_room() -> None:
    memory = given(visit("ada", **third("a")), visit("ada", **third("b")))
    asked = {"$set": third("c"), "$unset": ["a"]}

    when(memory, captured("visit", "ada", asked), unset("ada", "b"), visit("ada", **third("d")))

    assert memory.owner("ada").properties.keys() == {BIRTH, "c", "d"}
    assert memory.warnings == []


def test_captured_events_know_how_far_the_log_was_when_they_came() -> None:
    memory = given(visit("ada"))

    when(memory, visit("ada"), visit("ada", a=1), visit("ada"), visit("eve"), visit("ada", a=2))

    assert [each.taken_in.position for each in memory.kept] == [2, 2, 3, 3, 5, 6]
    assert all(isinstance(each.taken_in, TakenIn) for each in memory.kept)
    assert isinstance(memory.owner("ada"), Person)
