"""PostHog's persons as it exports them, CSV and JSON: from a file to foreign persons.

Source: the answers of PostHog's persons API. CSV says no types: there all values stay texts.
"""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import msgspec

from api.capture.checks import as_uuid
from api.capture.timestamps import parse
from api.importing.files import ImportFile, Kind, Progress, silently
from domain.errors import InvalidValueError
from domain.flattened import nested
from domain.foreign import ForeignPerson
from domain.values import JSON, Properties, clean
from storage.errors import ImportRefusedError

MAX_CELL = 2**24  # characters

_BOOLEANS = {"True": True, "False": False, "true": True, "false": False}


class Skipped(NamedTuple):
    """What is not taken over: its line or its place in the file, from 1, and why."""

    number: int
    detail: str


Read: TypeAlias = ForeignPerson | Skipped


def persons(file: ImportFile, kind: Kind, progress: Progress = silently) -> Iterator[Read]:
    """Yield the persons in a file, in its order.

    Raises:
        ImportRefusedError: the file is damaged as a whole.
    """
    yield from _from_csv(file, progress) if kind == Kind.PERSONS_CSV else _from_json(file, progress)


def _from_json(file: ImportFile, progress: Progress) -> Iterator[Read]:
    for number, text in file.records(progress):
        try:
            yield _person(clean(msgspec.json.decode(text)), has_types=True)
        except (msgspec.MsgspecError, RecursionError, InvalidValueError, ValueError) as error:
            yield Skipped(number, str(error))


def _from_csv(file: ImportFile, progress: Progress) -> Iterator[Read]:
    csv.field_size_limit(MAX_CELL)
    try:
        rows = csv.DictReader(line.decode("utf-8-sig") for line in file.lines(progress))
        for row in rows:
            try:
                yield _person(_from_cells(row), has_types=False)
            except (InvalidValueError, ValueError) as error:
                yield Skipped(rows.line_num, str(error))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ImportRefusedError(f"the file is no CSV: {error}") from error


def _from_cells(row: dict[str | Any, str | Any]) -> dict[str, JSON]:
    if None in row or None in row.values():
        raise ValueError("the row has not as many cells as there are columns")
    cells: dict[str, JSON] = clean(nested({path: text for path, text in row.items() if text}))
    ids = sorted(
        (path for path in row if path.startswith("distinct_ids.") and row[path]),
        key=lambda path: int(path.rpartition(".")[2]),
    )
    cells["distinct_ids"] = [row[path].replace("\0", "\ufffd") for path in ids]
    if "is_identified" in cells:
        cells["is_identified"] = _BOOLEANS.get(cells["is_identified"])
    return cells


def _person(found: JSON, *, has_types: bool) -> ForeignPerson:
    if not isinstance(found, dict):
        raise ValueError("a person must be an object")
    ids = found.get("distinct_ids")
    if not isinstance(ids, list) or not all(isinstance(each, str) and each for each in ids):
        raise ValueError("distinct_ids must be texts")
    is_identified = found.get("is_identified")
    return ForeignPerson(
        # In a list `id` is the uuid; elsewhere it is a number.
        uuid=as_uuid(found.get("uuid")) or as_uuid(found.get("id")),
        distinct_ids=ids,
        properties=_properties(found.get("properties")),
        created_at=_time(found.get("created_at")),
        last_seen_at=_time(found.get("last_seen_at")),
        is_identified=is_identified if isinstance(is_identified, bool) else None,
        has_types=has_types,
    )


def _properties(value: JSON) -> Properties:
    if isinstance(value, str) and value:
        value = clean(msgspec.json.decode(value))
    if not isinstance(value, dict | None):
        raise ValueError("properties must be an object")
    return value or {}


def _time(value: JSON) -> datetime | None:
    if value is None or value == "":
        return None
    moment = parse(value) if isinstance(value, str) else None
    if moment is None:
        raise ValueError(f"{value!r} is no time")
    return moment
