from itertools import islice
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import (
    MAX_LENGTH,
    PERSON_NAMESPACE,
    is_illegal,
    javascript_text,
    later_uuids,
    person_uuid,
)
from domain.values import JSON


@pytest.mark.parametrize(
    ("project_id", "distinct_id", "uuid"),
    [
        (1, "test", "246f7a43-5507-564f-b687-793ee3c2dd79"),
        (2, "test", "00ce873a-549c-548e-bbec-cc804a385dd8"),
        (1, "test2", "45c17302-ee44-5596-916a-0eba21f4b638"),
        (1, "u1", "66545e47-9600-5f24-95fd-044cb5baa8f0"),
        (1, "a1", "16d51132-065f-5188-b30e-07848cc0eacc"),
        (1, "foo", "146d7b3f-8d79-5c40-b735-cb7482a5db63"),
        (42, "2", "940dd389-76cd-5599-ac77-c0b679460a6d"),
    ],
)
def test_a_person_gets_the_uuid_that_posthog_gives(
    project_id: int, distinct_id: str, uuid: str
) -> None:
    assert str(person_uuid(project_id, distinct_id)) == uuid


@given(st.integers(1, 10**9), st.text())
def test_a_person_gets_a_uuid_of_version_5(project_id: int, distinct_id: str) -> None:
    expected = uuid5(PERSON_NAMESPACE, f"{project_id}:{distinct_id}")

    assert person_uuid(project_id, distinct_id) == expected
    assert person_uuid(project_id, distinct_id).version == 5


def test_later_persons_of_a_distinct_id_get_uuids_of_their_own() -> None:
    later = list(islice(later_uuids(1, "mia"), 3))

    assert later == [person_uuid(1, f"mia:{generation}") for generation in (2, 3, 4)]
    assert person_uuid(1, "mia") not in later


NAMES = "anonymous guest distinctid distinct_id id not_authenticated email undefined true false"
AS_WRITTEN = ["[object Object]", "NaN", "None", "none", "null", "0"]


@pytest.mark.parametrize("name", NAMES.split())
def test_these_are_illegal_in_any_case(name: str) -> None:
    for written in (name, name.upper(), name.title()):
        assert is_illegal(written)
        assert is_illegal(f"'{written}'")
        assert is_illegal(f'"{written}"')


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_these_are_illegal_as_they_are_written(name: str) -> None:
    assert is_illegal(name)
    assert is_illegal(f"'{name}'")
    assert is_illegal(f'"{name}"')


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0\u3000"])
def test_what_is_blank_is_illegal(blank: str) -> None:
    assert is_illegal(blank)


@pytest.mark.parametrize(
    "distinct_id",
    [
        "mia",
        " null ",
        "nan",
        "NULL",
        "Null",
        "NONE",
        "nUll",
        "00",
        "-1",
        "0.0",
        "''null''",
        "'null",
        "'null\"",
        "'",
        "''",
        "' '",
        "[object object]",
        "user",
        "00000000-0000-0000-0000-000000000000",
        "x" * MAX_LENGTH,
        "😀" * MAX_LENGTH,
    ],
)
def test_these_are_legal(distinct_id: str) -> None:
    assert not is_illegal(distinct_id)


@pytest.mark.parametrize("distinct_id", ["a\0b", "\0", "x" * (MAX_LENGTH + 1)])
def test_what_no_sender_means_is_illegal(distinct_id: str) -> None:
    assert is_illegal(distinct_id)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("mia", "mia"),
        ("", ""),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (42, "42"),
        (-7, "-7"),
        (0, "0"),
        (9007199254740993, "9007199254740993"),
        ({}, "[object Object]"),
        ({"a": 1}, "[object Object]"),
        ([], ""),
        (["a", "b"], "a,b"),
        ([1, None, [True, ["x"]], {}], "1,,true,x,[object Object]"),
    ],
)
def test_a_value_is_written_as_javascript_does(value: JSON, text: str) -> None:
    assert javascript_text(value) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (42.0, "42"),
        (1.5, "1.5"),
        (-2.25, "-2.25"),
        (0.1, "0.1"),
        (100000.0, "100000"),
        (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (-1.2345678901234568e20, "-123456789012345680000"),
        (1e21, "1e+21"),
        (-1.5e22, "-1.5e+22"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (0.0001, "0.0001"),
        (0.00001, "0.00001"),
        (0.0000123, "0.0000123"),
        (-0.000001, "-0.000001"),
        (1.5e-6, "0.0000015"),
        (1e-7, "1e-7"),
        (-1.25e-9, "-1.25e-9"),
        (5e-324, "5e-324"),
    ],
)
def test_a_number_is_written_as_javascript_does(number: float, text: str) -> None:
    assert javascript_text(number) == text
