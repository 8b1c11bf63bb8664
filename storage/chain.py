"""The chain of a log: each event's digest binds all that is said of it, and all events before.

What it binds of an event's state stays when the state is erased.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from struct import Struct
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from storage.values import EPOCH

GENESIS = bytes(32)
"""The digest before the first event."""

_MICROSECOND = timedelta(microseconds=1)
_PLACE = Struct(">q16sqq")


Place: TypeAlias = tuple[int, bytes, int, int]
"""An event's position, person, version, and time in microseconds since EPOCH."""


class Entry(NamedTuple):
    """An event as the log takes it: at its place in its stream, under its topic, as JSON text."""

    person_id: UUID
    version: int
    topic: str
    state: bytes


def microseconds(at: datetime) -> int:
    """Return a time as the chain takes it: since EPOCH."""
    return (at - EPOCH) // _MICROSECOND


def commit(salt: bytes, state: bytes) -> bytes:
    """Return what binds an event's state: it stays in the chain when salt and state are erased."""
    return sha256(salt + state).digest()


def link(
    previous: bytes, position: int, entry: Entry, microseconds: int, commitment: bytes
) -> bytes:
    """Return the digest of an event that is recorded at that many `microseconds`: see `linked`."""
    place = position, entry.person_id.bytes, entry.version, microseconds
    return linked(previous, said(place, commitment, entry.topic))


def linked(previous: bytes, said: bytes) -> bytes:
    """Return the digest of an event: of all that the log says of it, and of all events before."""
    return sha256(previous + said).digest()


def said_by(row: Any) -> bytes:
    """Return all that a row of LINKS says, in bytes: what the chain and the tree hash."""
    position, person_id, version, topic, state, recorded_at, _, salt, commitment = row
    if state is not None:
        commitment = commit(salt or b"", state.encode())
    place = position, person_id.bytes, version, microseconds(recorded_at)
    return said(place, commitment or b"", topic)


def said(place: Place, commitment: bytes, topic: str) -> bytes:
    """Return all that the log says of an event, in bytes."""
    return _PLACE.pack(*place) + commitment + topic.encode()
