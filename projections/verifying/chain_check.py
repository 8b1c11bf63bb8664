"""Whether the log is what was written: every link of its chain, from the first event on."""

import struct
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from eventsourcing.persistence import MapperDeserialisationError
from sqlalchemy import Connection, func, select

from domain.events import Erased
from projections.births import births
from projections.verifying.findings import Finding
from projections.verifying.log_pages import Unreadable, read_page
from projections.verifying.tree_check import TreeCheck
from storage import chain, links
from storage.mapper import decode_event
from storage.merkle import leaf_hash
from storage.schema import events, logs
from storage.values import EPOCH, as_time

PAGE = 2_000  # events read at once
_RECORDED_AT, _DIGEST = 5, 6  # places of columns in LINKS

NO_LEAF = bytes(32)
"""Stands for an event that cannot be read."""


class ChainCheck:
    """Follows the chain of a project's log, and the tree over it, from the first event on."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id
        self._findings: list[Finding] = []
        self._position = 0
        self._digest: bytes | None = chain.GENESIS  # None where it cannot be read
        self._recorded_at = EPOCH
        self._is_readable = True
        self._erased: dict[int, UUID] = {}
        self._tree = TreeCheck(connection, project_id)

    @property
    def findings(self) -> list[Finding]:
        """Return all that is wrong so far."""
        return [*self._findings, *self._tree.findings]

    @property
    def checkpoints(self) -> int:
        """Return how many checkpoints the log was compared with."""
        return self._tree.checkpoints

    @property
    def head(self) -> str:
        """Return the digest of the last event, in hexadecimal."""
        return (self._digest or b"").hex()

    def follow(self, progress: Callable[[int], None] = lambda count: None) -> None:
        """Check all events; `progress` is told of some more again and again."""
        while count := self._follow_quickly() or self._follow_page():
            progress(count)
        self._finish()

    def _follow_quickly(self) -> int:
        """Check the next events; return how many, or 0 where they need a closer look."""
        if self._digest is None:
            return 0
        try:
            place = self._connection, self._project_id
            found = links.read_links(*place, after=self._position, limit=PAGE)
            special = Erased.__name__
            leaves = links.leaves(found, self._position, self._digest, special=special)
            if not leaves:
                return 0
            self._recorded_at = as_time(found[-1][_RECORDED_AT])
        except Exception:  # whatever stands there was not written by us
            return 0
        self._position, self._digest = found[-1][0], found[-1][_DIGEST]
        self._tree.watch(leaves)
        return len(found)

    def _follow_page(self) -> int:
        page = read_page(self._connection, self._project_id, after=self._position, limit=PAGE)
        self._tree.watch([self._follow(row) for row in page])
        return len(page)

    def _follow(self, row: Any | Unreadable) -> bytes:
        """Check the link to a row; return the hash of the leaf that it is in the tree."""
        if row.position != self._position + 1:
            self._find(row, f"comes behind {self._position}: events are missing")
        self._position = row.position
        try:
            said = b"" if isinstance(row, Unreadable) else chain.said_by(row)
        except (TypeError, AttributeError, struct.error) as error:  # not of their columns' types
            row, said = Unreadable(row.position, type(error).__name__), b""
        if isinstance(row, Unreadable):
            self._find(row, f"the event cannot be read: {row.why}")
            self._digest, self._is_readable = None, False
            return NO_LEAF
        if self._digest is not None and chain.linked(self._digest, said) != row.digest:
            self._find(row, f"{row.topic} is not what was recorded")
        if row.state is None or row.topic == Erased.__name__:
            self._check_erasure(row)
        self._digest, self._recorded_at = row.digest, row.recorded_at
        return leaf_hash(said)

    def _check_erasure(self, row: Any) -> None:
        if row.state is None:
            self._erased[row.position] = row.person_id
        else:
            for position in _erased_by(row):
                if self._erased.pop(position, None) != row.person_id:
                    self._find(row, f"says that {position} was erased, and it was not")

    def _find(self, row: Any, detail: str) -> None:
        person_id = getattr(row, "person_id", None)
        self._findings.append(Finding(self._project_id, detail, row.position, person_id))

    def _finish(self) -> None:
        """Check the head, the streams' versions, and that each erasure was announced."""
        self._tree.finish()
        for position, person_id in self._erased.items():
            detail = "the state was erased, and no event says so"
            self._findings.append(Finding(self._project_id, detail, position, person_id))
        if self._is_readable:
            self._findings += _gaps(self._connection, self._project_id)
        self._findings += self._wrong_head()

    def _wrong_head(self) -> Iterator[Finding]:
        position, digest = self._position, self._digest
        query = select(logs).where(logs.c.project_id == self._project_id)
        head = self._connection.execute(query).first()
        if head is None:
            yield Finding(self._project_id, "the log has no head", position)
            return
        if (head.position, head.digest) != (position, digest or head.digest):
            detail = f"the log ends at {position}, its head says {head.position}"
            if head.position == position:
                detail = "the head of the log has another digest than its last event"
            yield Finding(self._project_id, detail, position)
        if digest and head.recorded_at != self._recorded_at:
            yield Finding(self._project_id, "the head of the log has another time", position)
        numbers = select(func.max(births.c.number)).where(births.c.project_id == self._project_id)
        last = self._connection.execute(numbers).scalar() or 0
        if head.next_number <= last:
            detail = f"the next person would be number {head.next_number}, there is {last} already"
            yield Finding(self._project_id, detail, position)


def _erased_by(row: Any) -> list[int]:
    try:
        event = decode_event(row.topic, row.state)
    except MapperDeserialisationError:  # it is not what was recorded, which the chain tells
        return []
    assert isinstance(event, Erased)
    return event.positions


def _gaps(connection: Connection, project_id: int) -> Iterator[Finding]:
    query = (
        select(events.c.person_id, func.max(events.c.version))
        .where(events.c.project_id == project_id)
        .group_by(events.c.person_id)
        .having(func.max(events.c.version) != func.count())
    )
    for person_id, version in connection.execute(query):
        yield Finding(project_id, f"a version up to {version} is missing", person_id=person_id)
