from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from domain.values import JSON
from storage.erasure_receipts import Sweep
from storage.schema import verifications
from storage.sought import Wanted
from storage.sweep import sweep
from tests.lives import NOW, Lives, lives, march


@pytest.fixture
def project(database_url: str) -> Iterator[Lives]:
    with lives(database_url) as project:
        yield project


def search(
    project: Lives, *texts: str, ids: tuple[str, ...] = (), person: UUID | None = None
) -> Sweep:
    wanted = Wanted(project.project_id, {person or uuid4()}, ids, texts)
    (found,) = sweep(project.database, [wanted], lambda rows: None)
    return found


def own(found: Sweep) -> dict[str, int]:
    """Return in how many rows of each column something of the person was found."""
    return {f"{each.table}.{each.column}": each.found for each in found.columns if each.found}


def of_others(found: Sweep) -> set[str]:
    return {each.table for each in found.columns if each.others}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Ada King", "ada king"),
        ("Ada King", "ADA KING"),
        ("Straße 12", "straße 12"),
        ('the "Enchantress"', 'the "Enchantress"'),
        ("two\nlines\t\\", "two\nlines\t\\"),
        ("ada@x.org, home", "ada@x.org"),
        ("see ada lovelace, countess", "Ada Lovelace, Countess"),
        ([{"deep": ["Ada King"]}], "Ada King"),
        ({"Ada King": 1}, "Ada King"),
    ],
)
def test_a_value_is_found(project: Lives, value: JSON, wanted: str) -> None:
    project.capture("opened", march(1), distinct_id="x", name=value)

    found = own(search(project, wanted, person=project.person("x").person_id))

    assert {"events.state", "captured_events.properties", "persons.properties"} <= found.keys()


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Ada King-Noel", "Ada King"),  # short, and only a part
        ("pro", "pro"),  # too short to tell anybody
        ("Ada.King", "Ada?King"),
        ("", ""),
    ],
)
def test_what_is_another_value_is_not_found(project: Lives, value: str, wanted: str) -> None:
    project.capture("opened", march(1), distinct_id="x", name=value)

    assert own(search(project, wanted, person=project.person("x").person_id)) == {}


def test_a_distinct_id_is_found_however_short_but_only_whole(project: Lives) -> None:
    project.capture("opened", march(1), distinct_id="7", age=17, name="7 of 9")
    person = project.person("7").person_id

    found = own(search(project, ids=("7",), person=person))

    assert {"distinct_ids.distinct_id", "captured_events.distinct_id", "events.state"} <= set(found)
    assert "persons.properties" not in found


def test_what_others_have_is_told_apart(project: Lives) -> None:
    project.capture("opened", march(1), distinct_id="x", name="Ada King")

    found = search(project, "Ada King")

    assert own(found) == {}
    assert {"events", "captured_events", "persons"} <= of_others(found)
    assert found.found == 0


def test_what_belongs_to_nobody_counts(project: Lives) -> None:
    with project.database.writing() as connection:
        row = {"project_id": project.project_id, "finished_at": NOW, "summary": '{"of":"Ada King"}'}
        connection.execute(insert(verifications).values(row))

    assert own(search(project, "Ada King")) == {"verifications.summary": 1}
    elsewhere = Wanted(99, {uuid4()}, (), ("Ada King",))
    (found,) = sweep(project.database, [elsewhere], lambda rows: None)
    assert (own(found), of_others(found)) == ({}, {"verifications"})


def test_each_person_gets_its_own_answer(project: Lives) -> None:
    for name in ("Ada King", "Eve Moneypenny"):
        project.capture("opened", march(1), distinct_id=name, name=name)
    ids = [project.person(name).person_id for name in ("Ada King", "Eve Moneypenny")]
    wanted = [
        Wanted(project.project_id, {ids[0]}, (), ("Ada King",), left_out=3),
        Wanted(project.project_id, {ids[1]}, (), ("Eve Moneypenny", "and more")),
        Wanted(project.project_id, {ids[1]}, (), ()),
    ]
    rows: list[int] = []

    ada, eve, nobody = sweep(project.database, wanted, rows.append)

    assert own(ada) == own(eve) != {}
    assert own(nobody) == {}
    assert [(each.values, each.left_out) for each in (ada, eve, nobody)] == [(1, 3), (2, 0), (0, 0)]
    assert ada.rows == eve.rows > 10
