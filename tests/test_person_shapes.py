from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from api.persons.shapes import in_order, listed, single
from domain.values import encode
from projections.person_rows import PersonRow

ADA = UUID("146d7b3f-8d79-5c40-b735-cb7482a5db63")
BROWSER = "018f-aaaa-bbbb-cccc-dddd"


def person(*distinct_ids: str, **properties: object) -> PersonRow:
    return PersonRow(
        person_id=ADA,
        number=17,
        version=3,
        created_at=datetime(2021, 8, 25, 22, 9, 14, 252000, tzinfo=UTC),
        last_seen_at=datetime(2021, 8, 25, 22, tzinfo=UTC),
        is_identified=True,
        properties=encode(properties).decode(),
        distinct_ids=list(distinct_ids),
    )


def shown(value: object) -> Any:
    return msgspec.json.decode(encode(value))


def test_a_single_person_shows_its_integer_id() -> None:
    assert shown(single(person("ada", plan="pro"), ())) == {
        "id": 17,
        "uuid": str(ADA),
        "name": "ada",
        "distinct_ids": ["ada"],
        "properties": {"plan": "pro"},
        "created_at": "2021-08-25T22:09:14.252000Z",
        "last_seen_at": "2021-08-25T22:00:00Z",
        "is_identified": True,
    }


def test_a_listed_person_shows_its_uuid_as_its_id() -> None:
    assert shown(listed(person("ada", plan="pro"), ())) == {
        "type": "person",
        "id": str(ADA),
        "uuid": str(ADA),
        "created_at": "2021-08-25T22:09:14.252000Z",
        "last_seen_at": "2021-08-25T22:00:00Z",
        "properties": {"plan": "pro"},
        "is_identified": True,
        "name": "ada",
        "distinct_ids": ["ada"],
        "matched_recordings": [],
        "value_at_data_point": None,
    }


def test_properties_pass_through_as_they_are_stored() -> None:
    row = person("ada")._replace(properties='{"n":12345678901234567890123,"f":1.0,"e":1e2}')

    assert b'"properties":{"n":12345678901234567890123,"f":1.0,"e":1e2}' in encode(single(row, ()))


@pytest.mark.parametrize(
    ("properties", "naming", "name"),
    [
        ({"username": "u", "name": "n", "email": "e"}, (), "e"),
        ({"username": "u", "name": "n"}, (), "n"),
        ({"username": "u", "name": "", "email": None}, (), "u"),
        ({"email": 0, "name": [], "username": {}}, (), "ada"),
        ({"email": 5}, (), 5),
        ({}, (), "ada"),
        ({"email": "e", "company": "c"}, ("title", "company"), "c"),
        ({"email": "e"}, ("title", "company"), "ada"),
        ({'a "b"\\': "odd"}, ('a "b"\\',), "odd"),
    ],
)
def test_the_first_naming_property_that_says_something_names_a_person(
    properties: dict[str, object], naming: tuple[str, ...], name: object
) -> None:
    assert single(person("ada", **properties), naming).name == name


def test_a_person_is_named_by_what_it_calls_itself_before_what_its_browser_does() -> None:
    shown = single(person(BROWSER, "ada"), ())

    assert shown.name == "ada"
    assert shown.distinct_ids == ["ada", BROWSER]


def test_a_person_without_distinct_ids_is_named_by_its_integer_id() -> None:
    assert single(person(), ()).name == "17"


@pytest.mark.parametrize(
    ("stored", "ordered"),
    [
        (["b", "a"], ["b", "a"]),
        (["a-b-c-d-e", "x"], ["x", "a-b-c-d-e"]),
        (["1-2-3-4-5", "a-b-c-d-e", "x"], ["x", "1-2-3-4-5", "a-b-c-d-e"]),
        (["A-B-C-D-E", "x"], ["A-B-C-D-E", "x"]),
        (["a-b-c-d", "a-b-c-d-e-f", "a--c-d-e", "x"], ["a-b-c-d", "a-b-c-d-e-f", "a--c-d-e", "x"]),
        (["a-b-c-d-e\n", "x"], ["a-b-c-d-e\n", "x"]),
    ],
)
def test_anonymous_distinct_ids_come_last(stored: list[str], ordered: list[str]) -> None:
    assert in_order(stored) == ordered
