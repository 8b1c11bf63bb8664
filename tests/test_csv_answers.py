import asyncio
from typing import Any

import pytest
from msgspec import Struct
from starlette.responses import Response, StreamingResponse

from api.csv_answers import Rows, is_asked_for, response
from api.errors import ApiError
from domain.flattened import flat


class Page(Struct):
    results: list[dict[str, Any]]
    next: str | None = None


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ({"a": 1, "b": {"c": ["x", {"d": 2.5}]}}, {"a": "1", "b.c.0": "x", "b.c.1.d": "2.5"}),
        (
            {"yes": True, "no": False, "nothing": None},
            {"yes": "True", "no": "False", "nothing": ""},
        ),
        ({"empty": [], "void": {}}, {}),
        ({"$a.b": "c"}, {"$a.b": "c"}),
    ],
)
def test_a_value_is_laid_flat(value: dict[str, Any], texts: dict[str, str]) -> None:
    assert flat(value) == texts


def test_results_become_rows_under_all_their_columns() -> None:
    page = Page([{"b": 'say "hi", twice', "a": 1}, {"c": "two\nlines"}])

    assert (
        response(page, 200, None).body == b'a,b,c\r\n1,"say ""hi"", twice",\r\n,,"two\nlines"\r\n'
    )


@pytest.mark.parametrize("content", [Page([]), {"id": 1}, {"results": {"ada": {}}}])
def test_without_results_the_body_is_empty(content: object) -> None:
    answer = response(content, 200, None)

    assert answer.body == b""
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


def test_many_rows_are_sent_in_pieces() -> None:
    rows = Rows()
    for number in range(20_000):
        rows.add({"number": number, f"column {number % 3}": "x"})

    pieces = asyncio.run(_pieces(rows.response()))

    lines = b"".join(pieces).split(b"\r\n")
    assert len(pieces) > 1
    assert lines[:3] == [b"column 0,column 1,column 2,number", b"x,,,0", b",x,,1"]
    assert len(lines) == 1 + 20_000 + 1


def test_no_rows_are_an_empty_body() -> None:
    assert asyncio.run(_pieces(Rows().response())) == []


async def _pieces(answer: Response) -> list[bytes]:
    assert isinstance(answer, StreamingResponse)
    return [str(piece).encode() async for piece in answer.body_iterator]


@pytest.mark.parametrize(
    ("named", "accept", "is_csv"),
    [
        ("", b"", False),
        ("", b"*/*", False),
        ("", b"text/csv", True),
        ("", b"text/csv, application/json", True),
        ("", b"application/json, text/csv", False),
        ("csv", b"application/json", True),
        ("json", b"text/csv", False),
    ],
)
def test_a_named_format_wins_over_what_is_accepted(named: str, accept: bytes, is_csv: bool) -> None:
    assert is_asked_for(named, {b"accept": accept}) == is_csv


def test_an_unknown_format_is_not_found() -> None:
    with pytest.raises(ApiError) as refused:
        is_asked_for("xml", {})

    assert refused.value.status == 404
