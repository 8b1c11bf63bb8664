"""The links of a chain, many at once: followed as quickly as can be where nothing is special."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from storage import chain
from storage.log import LINKS
from storage.merkle import leaf_hash
from storage.raw_rows import RawRow, read
from storage.schema import events
from storage.values import as_time


def read_links(
    connection: Connection, project_id: int, *, after: int, limit: int
) -> Sequence[RawRow]:
    """Return the first `limit` events behind a position, with the columns of LINKS."""
    query = LINKS.where(events.c.project_id == project_id, events.c.position > after)
    return read(connection, query.order_by(events.c.position).limit(limit))


def leaves(
    links: Sequence[RawRow], position: int, digest: bytes, *, special: str
) -> list[bytes] | None:
    """Return the hashes of the tree's leaves for events that are what was recorded.

    None if one of them is not, was erased, or is of the topic `special`. `position` and `digest`
    are those of the event before them.
    """
    found = []
    bytes_of, microseconds_of = _person_bytes(links), _microseconds()
    for at, person_id, version, topic, state, recorded_at, kept, salt, _ in links:
        position += 1
        if at != position or state is None or topic == special:
            return None
        commitment = chain.commit(salt or b"", state.encode())
        place = at, bytes_of(person_id), version, microseconds_of(recorded_at)
        said = chain.said(place, commitment, topic)
        digest = chain.linked(digest, said)
        if digest != kept:
            return None
        found.append(leaf_hash(said))
    return found


def _person_bytes(links: Sequence[RawRow]) -> Callable[[Any], bytes]:
    if links and isinstance(links[0][1], UUID):
        return lambda person_id: person_id.int.to_bytes(16)
    return bytes.fromhex


def _microseconds() -> Callable[[Any], int]:
    last, microseconds = None, 0

    def of(recorded_at: Any) -> int:
        nonlocal last, microseconds
        if recorded_at != last:  # the events of a batch have one time
            last, microseconds = recorded_at, chain.microseconds(as_time(recorded_at))
        return microseconds

    return of
