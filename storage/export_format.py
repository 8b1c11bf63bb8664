"""The export of a project: JSON Lines that say all of it, and that give the same store again.

UTF-8, one compact JSON object a line, each line ended by a newline. `kind` says what a line is:

    export    the first line: format and version, the project, and the position it is as of
    event     an event of the log
    captured  a captured event, behind the event of the log that was the last when it came in
    warning   an ingestion warning; only in a whole export
    deletion  an order to delete a person's captured events; only in a whole export
    receipt   what was erased of a person; only in a whole export
    end       the last line: how many lines of each kind, and a SHA-256

Events stand in the log's order: positions 1, 2, 3, … without gaps. An event's `state` is its JSON
text, in a JSON string: the digest is over its exact UTF-8 bytes, and so every reader of JSON gets
these back (`jq '.state | fromjson'`). `salt`, `commitment` and `digest` are in lower-case
hexadecimal. With ‖ for bytes one behind the other and all integers signed, 64 bits, big-endian:

    commitment = SHA-256(salt ‖ state)
    digest     = SHA-256(digest before ‖ position ‖ person's 16 bytes ‖ version
                         ‖ recorded_at in microseconds since 1970 ‖ commitment ‖ topic)

The digest before the first is 32 zero bytes. Where an event was erased, `state` and `salt` are null
and `commitment` is given; elsewhere `commitment` is null. Times are ISO 8601 in UTC with a `Z`.

`as_of` names the last event's position, digest and time; the position is 0 for an empty log. A
whole export (`is_whole`) has all that is there. One as of a position that was asked for has the log
up to there, and the captured events that were taken in until that event was written: nothing that
comes later can change it, so it is the same, byte for byte, whenever it is made. Only erasing and
deleting captured events take something out, and the first line shows the project as it is named and
set up when the export is made. What was erased later cannot be told from tampering by such an
export alone, so it cannot be imported: one as of the erasure, or behind it, can.

API keys are not in it, nor what can be made again of all this, nor checkpoints: who was given one
has it.

The last line's `sha256` is that of all bytes before this line, in hexadecimal.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from storage.errors import DamagedExportError
from storage.projects import Project

FORMAT: Literal["persons-export"] = "persons-export"
VERSION: Literal[1] = 1

Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]


class AsOf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place in the log that an export goes up to; `recorded_at` is None before all events."""

    position: Number
    digest: str
    recorded_at: Time | None


class Header(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="export"
):
    """The first line."""

    format: Literal["persons-export"]
    version: Literal[1]
    project: Project
    as_of: AsOf
    is_whole: bool


class Event(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="event"
):
    """An event of the log."""

    position: Number
    person: UUID
    version: Number
    topic: str
    recorded_at: Time
    state: str | None
    salt: str | None
    commitment: str | None
    digest: str


class Captured(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="captured"
):
    """A captured event; `properties` is a JSON text."""

    position: Number
    rank: Annotated[int, Meta(ge=0, lt=2**31)]
    uuid: UUID
    event: str
    distinct_id: str
    person: UUID
    person_version: Number
    timestamp: Time
    received_at: Time
    properties: str


class Warning(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="warning"
):
    """An ingestion warning; `details` is a JSON text."""

    id: UUID
    recorded_at: Time
    type: str
    distinct_id: str
    details: str


class Deletion(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="deletion"
):
    """An order to delete the captured events that a person had at `created_at`."""

    person: UUID
    created_at: Time
    delete_verified_at: Time | None


class Receipt(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="receipt"
):
    """What was erased of a person; `receipt` is a JSON text."""

    person: UUID
    erased_at: Time
    receipt: str
    completed_at: Time | None


class Counts(Struct, kw_only=True, forbid_unknown_fields=True):
    """How many lines there are of each kind."""

    event: int = 0
    captured: int = 0
    warning: int = 0
    deletion: int = 0
    receipt: int = 0


class End(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="end"
):
    """The last line."""

    lines: Counts
    sha256: str


Content: TypeAlias = Event | Captured | Warning | Deletion | Receipt
Line: TypeAlias = Header | Content | End

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def write(line: Line) -> bytes:
    """Return a line as it stands in the file."""
    return _encoder.encode(line) + b"\n"


def read(text: bytes) -> Line:
    """Return what a line says.

    Raises:
        DamagedExportError: it is no line of an export.
    """
    if not text.endswith(b"\n"):
        raise DamagedExportError("the line is cut off")
    try:
        line: Line = _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedExportError(f"no line of an export: {error}") from error
    return line


def is_export(first_line: bytes) -> bool:
    """Tell whether a file that begins with this line means to be an export."""
    return (
        first_line[:200]
        .replace(b" ", b"")
        .startswith(b'{"kind":"export","format":"' + FORMAT.encode())
    )
