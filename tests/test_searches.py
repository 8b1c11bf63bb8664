from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Merged, MergedInto, PropertyUnset
from domain.values import JSON, clean
from projections import few_people
from projections.filters import Filter
from storage.engine import Database
from tests.population import ORIGIN, Population


@pytest.mark.parametrize("max_few", [1_000, 1], ids=["few", "many"])
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("loVe", ["ada"]),
        ("LOVELACE", ["ada"]),
        ("  b.c  ", ["ada"]),
        ("%", []),
        ("_", ["under_score"]),
        ("E%E", []),
        ("σίσυφος", ["ΣΊΣΥΦΟΣ"]),
        ("ΣΊΣΥΦΟΣ", ["ΣΊΣΥΦΟΣ"]),
        ("straSSe", ["Straße"]),
        ("-12.5", ["under_score"]),
        ("id-", ["ada"]),
        ("a\nb", []),
        ("nobody", []),
        ("", ["Straße", "ΣΊΣΥΦΟΣ", "under_score", "ada"]),
        (" \t", ["Straße", "ΣΊΣΥΦΟΣ", "under_score", "ada"]),
    ],
)
def test_a_search_finds_parts_of_names(
    population: Population,
    monkeypatch: pytest.MonkeyPatch,
    search: str,
    found: list[str],
    max_few: int,
) -> None:
    monkeypatch.setattr(few_people, "MAX_FEW", max_few)
    population.bear("ada", "ID-7", properties={"email": "A@B.C", "name": "Lovelace", "x": "straße"})
    population.bear("under_score", properties={"name": -12.5, "email": None})
    population.bear("ΣΊΣΥΦΟΣ")
    population.bear("Straße")

    assert population.names(search=search) == found


def test_a_search_finds_a_uuid_however_it_is_written(population: Population) -> None:
    ada = population.bear("a")
    population.bear("e")

    assert population.names(search=str(ada).upper()) == ["a"]
    assert population.names(search=str(ada)[4:20]) == ["a"]


def test_a_search_knows_what_changed(population: Population) -> None:
    population.bear("ada", properties={"email": "old@b.c", "name": "Ada"})
    population.set("ada", email="new@b.c", plan="pro")
    population.happen(
        population.persons["ada"], PropertyUnset(origin=ORIGIN, before={"name": "Ada"})
    )

    assert population.names(search="new@") == ["ada"]
    assert population.names(search="old@") == []
    assert population.names(search="pro") == []
    assert population.names(search="ada") == ["ada"]


def test_a_search_finds_the_dead_and_the_merged_no_more(population: Population) -> None:
    for name in ("ada", "eve", "bob"):
        population.bear(name, properties={"name": f"Miss {name}"})
    population.delete("eve")
    ada, bob = population.persons["ada"], population.persons["bob"]
    population.happen(bob, MergedInto(origin=ORIGIN, target=ada.id, target_version=ada.version))
    population.happen(
        ada,
        Merged(
            origin=ORIGIN,
            source=bob.id,
            source_version=bob.version,
            distinct_ids=["bob"],
            properties={"email": "bob@b.c"},
            created_at=ada.created_at,
            created_before=ada.created_at,
        ),
    )

    assert population.names(search="miss") == ["ada"]
    assert population.names(search="BOB") == ["ada"]
    assert population.names(search="bob@B") == ["ada"]


@given(st.lists(st.text(max_size=3), max_size=4, unique=True), st.text(max_size=2), st.booleans())
def test_a_search_finds_whom_it_has_to(
    database: Database, names: list[str], search: str, is_many: bool
) -> None:
    population = Population(database)
    names = list(dict.fromkeys(clean(f"{place}{name}") for place, name in enumerate(names)))
    for name in names:
        population.bear(name)
    wanted = clean(search.strip()).casefold()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_people, "MAX_FEW", 1 if is_many else 1_000)
        found = population.names(search=search)

    expected = [
        name
        for name, person in population.persons.items()
        if wanted in name.casefold() or wanted in str(person.id)
    ]
    assert found == expected[::-1]


@pytest.mark.parametrize("max_few", [1_000, 1], ids=["few", "many"])
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("icontains", "B.C"), ["eve", "ada"]),
        (("icontains", ["ADA", "nobody"]), ["ada"]),
        (("starts_with", "a"), ["ada"]),
        (("starts_with", ""), ["bob", "eve", "ada"]),
        (("ends_with", "C"), ["eve", "ada"]),
        (("not_icontains", "ada"), ["none", "bob", "eve"]),
        (("exact", 7), ["bob"]),
        (("exact", "7"), ["bob"]),
        (("exact", "Ada@b.c"), ["ada"]),
        (("exact", ["Ada@b.c", "eve@b.c"]), ["eve", "ada"]),
    ],
)
def test_filters_of_emails_and_searches_do_not_meet(
    population: Population,
    monkeypatch: pytest.MonkeyPatch,
    condition: tuple[str, JSON],
    found: list[str],
    max_few: int,
) -> None:
    monkeypatch.setattr(few_people, "MAX_FEW", max_few)
    population.bear("ada", properties={"email": "Ada@b.c", "name": "x"})
    population.bear("eve", properties={"email": "eve@b.c", "name": "ada"})
    population.bear("bob", properties={"email": 7, "name": "b.c"})
    population.bear("none", "ada@b.c", properties={"name": "ada@b.c"})

    operator, value = condition
    filters: JSON = [Filter(key="email", operator=operator, value=value)]
    assert population.names(filters=filters) == found
    assert population.names(filters=filters, search="x") == [n for n in found if n == "ada"]


def test_email_and_distinct_id_are_exact(population: Population) -> None:
    population.bear("ada", "ADA", properties={"email": "ada@b.c"})
    population.bear("eve", properties={"email": "Ada@b.c"})
    population.bear("bob", properties={"email": 7})

    assert population.names(email="ada@b.c") == ["ada"]
    assert population.names(email="ada@b") == []
    assert population.names(email="7") == ["bob"]
    assert population.names(distinct_id="ADA") == ["ada"]
    assert population.names(distinct_id="Ada") == []
    assert population.names(distinct_id="eve", email="ada@b.c") == []
    assert population.names(distinct_id="eve", email="Ada@b.c", search="EVE") == ["eve"]


def test_an_email_too_long_for_its_column_is_exact(population: Population) -> None:
    long = "x" * 600
    population.bear("ada", properties={"email": f"{long}1"})
    population.bear("eve", properties={"email": f"{long}2"})

    assert population.names(email=f"{long}2") == ["eve"]
    assert population.names(email=long[:500]) == []


def test_many_with_one_email_are_listed_by_pages(population: Population) -> None:
    many = [f"{uuid4()}" for _ in range(20)]
    for name in many:
        population.bear(name, properties={"email": "same@b.c"})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_people, "MAX_FEW", 10)
        found = population.names(email="same@b.c", search="SAME")
        page = population.names(email="same@b.c", limit=3, offset=2)
    assert found == population.names(email="same@b.c") == many[::-1]
    assert page == many[::-1][2:5]
