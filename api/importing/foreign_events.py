"""Captured events as PostHog exports them: from a file to captured events, by their own times."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from api.capture.checks import as_uuid
from api.capture.errors import CaptureError
from api.capture.timestamps import ZERO, parse
from api.capture.v0_event import Rules, captured_event
from api.importing.files import ImportFile, Progress, Record, silently
from api.importing.foreign_persons import Skipped
from domain.captured import CapturedEvent
from domain.values import JSON, Properties
from storage.values import EPOCH

NAMELESS = UUID("2f1fd0f2-5d0e-5b0c-9a37-6a8f2f0c9d11")
"""The namespace for uuids of captured events that bring none."""

_FIELDS = ("event", "distinct_id", "$set", "$set_once", "$unset")

_sorted = msgspec.json.Encoder(order="sorted")


class InOrder:
    """The captured events of a file in the order of their times; at one time, in that of the file.

    They wait in a temporary file that SQLite sorts, however many there are.
    """

    def __init__(self, file: ImportFile, progress: Progress = silently) -> None:
        """Read the whole file; what is no captured event stands in `skipped`.

        Raises:
            ImportRefusedError: the file is damaged as a whole.
        """
        self.skipped: list[Skipped] = []
        self.count = 0
        self._sorter = sqlite3.connect("", isolation_level=None)
        self._sorter.execute("PRAGMA journal_mode = OFF")
        self._sorter.execute("CREATE TABLE waiting (at INTEGER, number INTEGER, text BLOB)")
        self._sorter.execute("BEGIN")
        self._sorter.executemany(
            "INSERT INTO waiting VALUES (?, ?, ?)", self._waiting(file, progress)
        )

    def _waiting(self, file: ImportFile, progress: Progress) -> Iterator[tuple[float, int, bytes]]:
        for record in file.records(progress):
            try:
                captured = _captured(record)
            except (CaptureError, msgspec.MsgspecError, RecursionError, ValueError) as error:
                self.skipped.append(Skipped(record.number, str(error)))
                continue
            self.count += 1
            yield (captured.timestamp - EPOCH).total_seconds(), record.number, record.text

    def __iter__(self) -> Iterator[CapturedEvent]:
        query = "SELECT number, text FROM waiting ORDER BY at, number"
        with closing(self._sorter.execute(query)) as rows:
            for number, text in rows:
                yield _captured(Record(number, text))

    def close(self) -> None:
        """Leave nothing behind."""
        self._sorter.close()


def _captured(record: Record) -> CapturedEvent:
    """Return what a record says. Its time is the sender's: nothing is put right any more.

    Raises:
        CaptureError, ValueError: it is no captured event.
    """
    found: JSON = msgspec.json.decode(record.text)
    if not isinstance(found, dict):
        raise ValueError("an event must be an object")
    at = _time(found.get("timestamp"))
    event: Properties = {name: found[name] for name in _FIELDS if name in found}
    event["properties"] = _properties(found.get("properties"))
    # In answers of PostHog's API the uuid is called id.
    uuid = as_uuid(found.get("uuid")) or as_uuid(found.get("id")) or _uuid(event, at)
    rules = Rules(default_event=None, now=at, skew=ZERO, needs_care=True, is_large=True)
    captured = captured_event(event | {"uuid": str(uuid)}, rules)
    if captured is None:
        raise ValueError(f"{found['event']} is not kept")
    return captured


def _uuid(event: Properties, at: datetime) -> UUID:
    """Return the same uuid whenever the same event is read."""
    return uuid5(NAMELESS, _sorted.encode([event, at]).decode())


def _time(value: JSON) -> datetime:
    text = str(value) if isinstance(value, int | float) else value
    moment = parse(text) if isinstance(text, str) else None
    if moment is None:
        raise ValueError(f"timestamp {value!r} is no time")
    return moment


def _properties(value: JSON) -> Properties:
    if isinstance(value, str) and value:
        value = msgspec.json.decode(value)
    if not isinstance(value, dict | None):
        raise ValueError("properties must be an object")
    return value or {}
