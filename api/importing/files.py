"""Files to import: opened, inflated if they are gzip, and known by what stands in them."""

import gzip
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple, cast

import msgspec

from domain.values import JSON
from storage.errors import ImportRefusedError
from storage.export_format import is_export

GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

PROGRESS_EVERY = 1_000  # lines

Progress = Callable[[int, int], None]
"""Called with how far a file was read, and its size, in bytes of it as it is stored."""


def silently(place: int, size: int) -> None:
    """Tell nobody how far a file was read."""


_raws = msgspec.json.Decoder(list[msgspec.Raw])


class Kind(Enum):
    """What a file is."""

    EXPORT = "an export of ours"
    PERSONS_CSV = "PostHog persons as CSV"
    PERSONS_JSON = "PostHog persons as JSON"
    EVENTS = "captured events"


class Record(NamedTuple):
    """One JSON text of a file, and its place: the line, or the place in an array, from 1."""

    number: int
    text: bytes


class ImportFile:
    """A file that can be read more than once. `size` is that of the file as it is stored."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        is_gzip = raw.read(len(GZIP)) == GZIP
        self.size = raw.seek(0, 2)
        raw.seek(0)
        self._file = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if is_gzip else raw

    def lines(self, progress: Progress = silently) -> Iterator[bytes]:
        """Yield all lines, from the first, each with its end.

        Raises:
            ImportRefusedError: it is damaged as a gzip file.
        """
        self._file.seek(0)
        try:
            for number, line in enumerate(self._file):
                yield line
                if number % PROGRESS_EVERY == 0:
                    progress(self._raw.tell(), self.size)
            progress(self.size, self.size)
        except (OSError, EOFError, zlib.error) as error:
            raise ImportRefusedError(f"the file cannot be inflated: {error}") from error

    def records(self, progress: Progress = silently) -> Iterator[Record]:
        """Yield the JSON texts in it: one a line, or the elements of one array or of a page.

        An array, or a page with its `results`, is read as a whole.
        """
        if self._is_json_lines():
            for number, line in enumerate(self.lines(progress), start=1):
                text = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
                if text.strip():
                    yield Record(number, text)
            return
        whole = b"".join(self.lines(progress)).removeprefix(BYTE_ORDER_MARK)
        for number, raw in enumerate(_elements(whole), start=1):
            yield Record(number, bytes(raw))

    def kind(self) -> Kind:
        """Return what the file is, by its first line or its first record.

        Raises:
            ImportRefusedError: it is nothing that we know.
        """
        first = self._first_line()
        if is_export(first):
            return Kind.EXPORT
        if first.lstrip()[:1] in (b"{", b"["):
            return _kind_of_records(self.records())
        columns = {column.strip('"') for column in first.decode(errors="replace").split(",")}
        if columns & {"distinct_ids.0", "distinct_ids"}:
            return Kind.PERSONS_CSV
        raise ImportRefusedError("the file is neither an export, nor PostHog's persons or events")

    def _first_line(self) -> bytes:
        lines = (line.removeprefix(BYTE_ORDER_MARK).strip() for line in self.lines())
        return next(filter(None, lines), b"")

    def _is_json_lines(self) -> bool:
        with suppress(msgspec.DecodeError):
            first: JSON = msgspec.json.decode(self._first_line())
            return isinstance(first, dict) and not isinstance(first.get("results"), list)
        return False


@contextmanager
def opened(path: str) -> Iterator[ImportFile]:
    """Give the file at a path; `-` is standard input, which is read to its end first."""
    if path != "-":
        with Path(path).open("rb") as file:
            yield ImportFile(file)
        return
    with TemporaryFile() as spooled:
        shutil.copyfileobj(sys.stdin.buffer, spooled)
        spooled.seek(0)
        yield ImportFile(spooled)


def _elements(text: bytes) -> list[msgspec.Raw]:
    try:
        if text.lstrip()[:1] == b"[":
            return _raws.decode(text)
        page = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        return _raws.decode(page.get("results", b"[]"))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ImportRefusedError(f"the file is no JSON: {error}") from error


def _kind_of_records(records: Iterator[Record]) -> Kind:
    for record in records:
        try:
            found: JSON = msgspec.json.decode(record.text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ImportRefusedError(f"{record.number}: no JSON: {error}") from error
        if isinstance(found, dict) and "event" in found:
            return Kind.EVENTS
        if isinstance(found, dict) and "distinct_ids" in found:
            return Kind.PERSONS_JSON
        raise ImportRefusedError("the file is neither an export, nor PostHog's persons or events")
    return Kind.PERSONS_JSON
