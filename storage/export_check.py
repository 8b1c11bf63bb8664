"""Whether an export is what was written, from first byte to last: else nothing of it counts."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import MapperDeserialisationError

from domain.events import Erased
from storage import chain
from storage.errors import DamagedExportError
from storage.export_format import (
    Captured,
    Content,
    Counts,
    Deletion,
    End,
    Event,
    Header,
    Receipt,
    Warning,
    read,
)
from storage.mapper import decode_event

_object = msgspec.json.Decoder(dict[str, Any])


def check(texts: Iterable[bytes]) -> Header:
    """Return the first line of an export, once all lines were found to be right.

    Raises:
        DamagedExportError: they are not; the text names the first line that is wrong.
    """
    checking = _Check()
    number = 0
    for number, text in enumerate(texts, start=1):
        try:
            checking.watch(text)
        except DamagedExportError as error:
            raise DamagedExportError(f"line {number}: {error}") from error
    if checking.header is None or not checking.is_at_end:
        raise DamagedExportError(f"line {number}: the export is cut off here")
    return checking.header


class _Check:
    """What was seen of an export so far."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.is_at_end = False
        self._position = 0
        self._digest = chain.GENESIS
        self._sha256 = sha256()
        self._counts: Counter[str] = Counter()
        self._erased: dict[int, UUID] = {}

    def watch(self, text: bytes) -> None:
        """Look at the next line."""
        line = read(text)
        _claim(not self.is_at_end, "there is something behind the last line")
        if self.header is None:
            _claim(isinstance(line, Header), "the first line is missing")
            assert isinstance(line, Header)
            self.header = line
        elif isinstance(line, Header):
            raise DamagedExportError("another export begins here")
        elif isinstance(line, End):
            self._finish(line, self.header)
        else:
            self._content(line, self.header)
        self._sha256.update(text)

    def _content(self, line: Content, header: Header) -> None:
        is_of_the_log = isinstance(line, Event | Captured)
        if is_of_the_log:
            is_before = self._counts.keys() <= {"event", "captured"}
            _claim(is_before, "the line is out of order")
        else:
            _claim(header.is_whole, "the line belongs to a whole export only")
        match line:
            case Event():
                self._event(line)
            case Captured():
                _claim(line.position == self._position, "the captured event is out of order")
                _check_object(line.properties)
            case Warning():
                _check_object(line.details)
            case Receipt():
                _check_object(line.receipt)
            case Deletion():
                pass
        self._counts[type(line).__name__.lower()] += 1

    def _event(self, line: Event) -> None:
        expected = self._position + 1
        _claim(line.position == expected, f"position {expected} is missing")
        commitment = _commitment(line)
        entry = chain.Entry(line.person, line.version, line.topic, b"")
        recorded = chain.microseconds(line.recorded_at)
        digest = chain.link(self._digest, line.position, entry, recorded, commitment)
        _claim(digest.hex() == line.digest, f"the event at {line.position} is another one")
        if line.state is None:
            self._erased[line.position] = line.person
        else:
            self._read(line.topic, line.state)
        self._position, self._digest = line.position, digest

    def _read(self, topic: str, state: str) -> None:
        try:
            event = decode_event(topic, state)
        except MapperDeserialisationError as error:
            raise DamagedExportError(f"no event that this version knows: {error}") from error
        if isinstance(event, Erased):
            for position in event.positions:
                self._erased.pop(position, None)

    def _finish(self, end: End, header: Header) -> None:
        as_of = header.as_of
        _claim(self._sha256.hexdigest() == end.sha256, "the SHA-256 of the lines is another one")
        _claim(Counts(**self._counts) == end.lines, "lines are missing, or too many")
        is_last = (self._position, self._digest.hex()) == (as_of.position, as_of.digest)
        _claim(is_last, f"the log does not end where it should, at {as_of.position}")
        for position in self._erased:
            raise DamagedExportError(
                f"the event at {position} was erased, and no event up to {as_of.position} says so"
            )
        self.is_at_end = True


def _claim(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise DamagedExportError(otherwise)


def _commitment(line: Event) -> bytes:
    try:
        salt, commitment = (bytes.fromhex(each or "") for each in (line.salt, line.commitment))
    except ValueError as error:
        raise DamagedExportError(str(error)) from error
    _claim((line.state is None) == (line.salt is None), "salt and state go together")
    _claim((line.state is None) != (line.commitment is None), "a commitment is there or missing")
    return commitment if line.state is None else chain.commit(salt, line.state.encode())


def _check_object(text: str) -> None:
    try:
        _object.decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise DamagedExportError(f"no JSON object: {error}") from error
