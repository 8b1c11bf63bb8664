"""Answers as CSV: nested data laid flat, one row for each of the `results`.

Source: PostHog's CSV renderer; the names of columns are paths such as `distinct_ids.0`.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.errors import not_found
from api.requests import Headers
from domain.flattened import flat
from domain.values import encode

_CHUNK = 2**16  # characters that are sent at once


def is_asked_for(named: str, headers: Headers) -> bool:
    """Tell whether the answer is to be CSV: by the format that is named, else by `Accept`.

    Raises:
        ApiError: 404, the named format is unknown.
    """
    if named not in ("", "json", "csv"):
        raise not_found()
    if named:
        return named == "csv"
    accepted = headers.get(b"accept", b"")
    if b"text/csv" not in accepted:
        return False
    return accepted.find(b"application/json") not in range(accepted.index(b"text/csv"))


def response(content: Any, status: int, headers: Mapping[str, str] | None) -> Response:
    """Return content with its `results` as rows; without a list of them the body is empty."""
    plain = msgspec.json.decode(encode(content))
    results = plain.get("results") if isinstance(plain, dict) else None
    text = ""
    if isinstance(results, list) and results:
        rows = [flat(each) for each in results]
        text = "".join(_lines(sorted(set().union(*rows)), rows))
    return Response(text, status, headers, media_type="text/csv")


class Rows:
    """Rows without number: laid flat and set aside in a file until all columns are known."""

    def __init__(self) -> None:
        self._file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - lives until it has been sent
        self._names: set[str] = set()

    def add(self, result: Any) -> None:
        """Add a row."""
        row = flat(msgspec.json.decode(encode(result)))
        self._names |= row.keys()
        self._file.write(encode(row) + b"\n")

    def response(self) -> Response:
        """Return all rows, sent piece by piece."""
        return StreamingResponse(iterate_in_threadpool(self._text()), media_type="text/csv")

    def _text(self) -> Iterator[str]:
        with self._file:
            self._file.seek(0)
            rows = (msgspec.json.decode(line) for line in self._file)
            if self._names:
                yield from _lines(sorted(self._names), rows)


def _lines(names: list[str], rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield a header and the rows as CSV, many lines at once."""
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        if text.tell() > _CHUNK:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
