from typing import Annotated, Literal
from uuid import UUID

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from api.errors import ApiError
from api.requests import QueryReader, convert, expected_version, parse
from domain.errors import InvalidValueError, VersionConflictError


class Asked(Struct, frozen=True):
    text: str = ""
    number: Annotated[int, Meta(ge=1)] = 7
    flag: bool = False
    names: list[str] = []
    status: Literal["all", "done"] = "all"
    uuid: UUID | None = None
    given: str | UnsetType = UNSET


class Inner(Struct):
    size: int


class Body(Struct):
    name: str
    inner: Inner | None = None


READER = QueryReader(Asked)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (b"", Asked()),
        (b"text=a%20b&unknown=1", Asked(text="a b")),
        (b"text=one&text=two", Asked(text="two")),
        (b"text=caf%C3%A9", Asked(text="café")),
        ("text=café".encode(), Asked(text="café")),
        (b"text=a%00b", Asked(text="a\ufffdb")),
        (b"text=%FF", Asked(text="\ufffd")),
        (b"text=null", Asked(text="null")),
        (b"text=", Asked(text="")),
        (b"number=5", Asked(number=5)),
        (b"number=", Asked()),
        (b"flag=true", Asked(flag=True)),
        (b"flag=false", Asked(flag=False)),
        (b"flag=0", Asked(flag=False)),
        (b"flag", Asked(flag=True)),
        (b"names=a&names=b&names=", Asked(names=["a", "b", ""])),
        (b"status=", Asked()),
        (
            b"uuid=940dd38976cd5599ac77c0b679460a6d",
            Asked(uuid=UUID(int=0x940DD38976CD5599AC77C0B679460A6D)),
        ),
        (b"given=", Asked(given="")),
    ],
)
def test_a_query_is_read_as_its_struct(query: bytes, asked: Asked) -> None:
    assert READER.read(query) == (asked, "")


def test_a_query_may_name_a_format() -> None:
    assert READER.read(b"text=a&format=csv") == (Asked(text="a"), "csv")


@pytest.mark.parametrize(
    ("query", "code", "detail", "attr"),
    [
        (b"number=x", "invalid_input", "A valid integer is required.", "number"),
        (b"number=0", "invalid_input", "Expected `int` >= 1", "number"),
        (b"number=" + b"9" * 5_000, "invalid_input", "Integer value out of range", "number"),
        (b"flag=perhaps", "invalid_input", "Must be a valid boolean.", "flag"),
        (b"status=x'y", "invalid_choice", '"x\'y" is not a valid choice.', "status"),
        (b"uuid=x", "invalid_input", "Must be a valid UUID.", "uuid"),
    ],
)
def test_a_wrong_query_is_refused_by_its_field(
    query: bytes, code: str, detail: str, attr: str
) -> None:
    with pytest.raises(ApiError) as refused:
        READER.read(query)

    assert (refused.value.status, refused.value.error.code) == (400, code)
    assert (refused.value.error.detail, refused.value.error.attr) == (detail, attr)


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "name"),
        ({"name": None}, "required", "name"),
        ({"name": 5}, "invalid_input", "name"),
        ({"name": "a", "inner": {}}, "required", "inner__size"),
        ({"name": "a", "inner": {"size": "1"}}, "invalid_input", "inner__size"),
        ([], "invalid_input", None),
        ("text", "invalid_input", None),
        (None, "invalid_input", None),
    ],
)
def test_a_wrong_body_is_refused_by_its_field(body: object, code: str, attr: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        convert(body, Body)

    assert (refused.value.error.code, refused.value.error.attr) == (code, attr)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff",
        b'"\xff"',
        b'"\\ud800"',
        b"NaN",
        b"1e400",
        b"1" * 5_000,
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ],
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        parse(text)

    assert (refused.value.status, refused.value.error.code) == (400, "parse_error")


@pytest.mark.parametrize("depth", [129, 2_000, 100_000])
def test_json_that_nests_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(InvalidValueError):
        parse(b"[" * depth + b"]" * depth)


def test_json_keeps_its_numbers_and_loses_its_nuls() -> None:
    assert parse(b'{"a\\u0000": [12345678901234567890123, 1.0]}') == {
        "a\ufffd": [12345678901234567890123, 1.0]
    }


@pytest.mark.parametrize(
    ("header", "version"),
    [(None, None), (b"*", None), (b'"7"', 7), (b'"3", "7"', 7), (b"7", 7)],
)
def test_a_condition_that_holds_is_handed_on(header: bytes | None, version: int | None) -> None:
    headers = {} if header is None else {b"if-match": header}

    assert expected_version(headers, 7) == version


@pytest.mark.parametrize("header", [b'"6"', b'W/"7"', b"", b"seven", b'"77"'])
def test_a_condition_that_does_not_hold_is_a_conflict(header: bytes) -> None:
    with pytest.raises(VersionConflictError):
        expected_version({b"if-match": header}, 7)
