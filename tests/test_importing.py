"""What becomes of a person of another store: a birth, or a comparison."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.commands import ImportPerson, PersonImported
from domain.errors import InvalidImportError, PropertiesTooLargeError
from domain.events import Identified, PersonCreated, PropertySet
from domain.flattened import flat, nested
from domain.foreign import Disagreement, ForeignPerson
from domain.properties import MAX_SIZE
from domain.values import JSON
from tests.decisions import NOW, ORIGIN, Memory, given, identify, uuid_of, visit, when

THEIRS = UUID("5b7ed4a2-6a0e-5b55-9f1b-0c4a8f1f9a01")
BORN = datetime(2022, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


def person(*distinct_ids: str, **said: Any) -> ImportPerson:
    """Import a person of another store."""
    properties = said.pop("properties", {})
    return ImportPerson(
        ForeignPerson(distinct_ids=list(distinct_ids), properties=properties, **said)
    )


def compared(memory: Memory, command: ImportPerson) -> list[tuple[str, str | None, str]]:
    """Return what a person that is compared disagrees in: nothing may happen."""
    before = len(memory.log)
    (done,) = memory.run(command)
    assert isinstance(done, PersonImported)
    assert not done.is_new
    assert len(memory.log) == before
    return [(each.field, each.key, each.detail) for each in done.disagreements]


def test_a_person_is_born_as_the_other_store_has_it() -> None:
    command = person(
        "ada",
        "anon",
        properties={"plan": "pro"},
        uuid=THEIRS,
        created_at=BORN,
        last_seen_at=NOW,
        is_identified=True,
    )
    memory = given()

    assert when(memory, command) == [
        PersonCreated(
            origin=ORIGIN,
            number=1,
            distinct_ids=["ada", "anon"],
            created_at=BORN,
            last_seen_at=NOW,
            born_from="import",
        ),
        PropertySet(origin=ORIGIN, properties={"plan": "pro"}),
        Identified(origin=ORIGIN),
    ]
    assert memory.owner("anon").id == THEIRS


def test_what_is_not_said_is_as_of_a_birth_now() -> None:
    assert when(given(), person("ada", "ada")) == [
        PersonCreated(
            origin=ORIGIN,
            number=1,
            distinct_ids=["ada"],
            created_at=NOW,
            last_seen_at=NOW.replace(minute=0, second=0, microsecond=0),
            born_from="import",
        )
    ]


@pytest.mark.parametrize("others", [[visit("bob")], [visit("bob"), identify("ada", "bob")]])
def test_a_uuid_that_was_ever_used_is_not_used_again(others: list[Any]) -> None:
    memory = given(*others)
    (done,) = memory.run(person("eve", uuid=uuid_of("bob")))

    assert isinstance(done, PersonImported)
    assert (done.is_new, done.person_id) == (True, uuid_of("eve"))
    assert done.disagreements == [
        Disagreement(
            person=str(uuid_of("bob")),
            field="uuid",
            detail="is another one here",
            here=str(uuid_of("eve")),
            there=str(uuid_of("bob")),
        )
    ]


def test_two_of_one_batch_have_two_uuids() -> None:
    memory = given()
    memory.run(person("ada", uuid=THEIRS), person("eve", uuid=THEIRS))

    assert (memory.owner("ada").id, memory.owner("eve").id) == (THEIRS, uuid_of("eve"))


def test_a_person_that_is_imported_again_is_equal() -> None:
    command = person("ada", "anon", properties={"n": 1}, uuid=THEIRS, created_at=BORN)

    assert compared(given(command), command) == []


def test_a_person_that_is_another_here_stays_as_it_is() -> None:
    memory = given(
        visit("ada", plan="free", only_here=1, number=1), visit("eve"), identify("ada", "more")
    )
    command = person(
        "ada",
        "eve",
        "unknown",
        properties={"plan": "pro", "number": 1.0, "only_there": None},
        uuid=THEIRS,
        created_at=BORN,
        is_identified=False,
    )

    assert compared(memory, command) == [
        ("distinct_ids", "eve", "is another person's here"),
        ("distinct_ids", "unknown", "belongs to nobody here"),
        ("distinct_ids", "more", "is this person's here, and not there"),
        ("properties", "$creator_event_uuid", "is not there"),
        ("properties", "number", "has another value here"),
        ("properties", "only_here", "is not there"),
        ("properties", "only_there", "is not here"),
        ("properties", "plan", "has another value here"),
        ("created_at", None, "is another one here"),
        ("is_identified", None, "is another one here"),
        ("uuid", None, "is another one here"),
    ]


def test_texts_are_compared_as_texts() -> None:
    here: dict[str, JSON] = {"yes": True, "n": 1.5, "none": None, "list": ["a", {"b": 2}], "e": {}}
    there: dict[str, JSON] = {"yes": "True", "n": "1.5", "list": ["a", {"b": "3"}], "e": ""}
    memory = given(person("ada", properties=here))

    assert compared(memory, person("ada", properties=there, has_types=False)) == [
        ("properties", "list.1.b", "has another value here")
    ]


def test_nobody_is_born_whom_nobody_could_reach() -> None:
    with pytest.raises(InvalidImportError, match="a person without distinct ids"):
        when(given(), person(uuid=THEIRS))


def test_a_person_that_is_too_large_is_refused() -> None:
    with pytest.raises(PropertiesTooLargeError):
        when(given(), person("ada", properties={"large": "x" * MAX_SIZE}))


def test_an_imported_person_lives_on_like_any_other() -> None:
    memory = given(person("anon", properties={"plan": "free"}, uuid=THEIRS, created_at=BORN))
    when(memory, identify("ada", "anon", plan="pro"))

    ada = memory.owner("ada")
    assert (ada.id, ada.distinct_ids, ada.properties) == (THEIRS, ["anon", "ada"], {"plan": "pro"})


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        ({"a": "1", "b.c": "2", "b.d.e": "3"}, {"a": "1", "b": {"c": "2", "d": {"e": "3"}}}),
        ({"a.0": "x", "a.1": "y", "b.1": "z"}, {"a": ["x", "y"], "b": {"1": "z"}}),
        ({"a": "x", "a.b": "y", "a.b.c": "z"}, {"a": "x", "a.b": "y", "a.b.c": "z"}),
        ({"a.10": "k", **{f"a.{n}": str(n) for n in range(10)}}, {"a": [*"0123456789", "k"]}),
        ({}, {}),
    ],
)
def test_paths_lead_to_nested_values(texts: dict[str, str], value: JSON) -> None:
    assert nested(texts) == value
    assert flat(value) == texts
