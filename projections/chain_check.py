"""Whether the log is what was written: every link of its chain, from the first event on."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, select

from domain.events import Erased
from storage import log
from storage.mapper import decode_event
from storage.schema import events, logs


class Finding(NamedTuple):
    """Something that is not as it should be, and where."""

    project_id: int
    detail: str
    position: int | None = None
    person_id: UUID | None = None


class ChainCheck:
    """Follows the chains of all projects as their rows go by."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._ends: dict[int, tuple[int, bytes]] = {}
        self._erased: dict[int, dict[int, UUID]] = {}

    def watch(self, project_id: int, rows: Sequence[Any]) -> None:
        """Check a project's next rows, as `storage.log.read_links` gives them."""
        position, digest = self._ends.get(project_id, (0, log.GENESIS))
        for row in rows:
            if row.position != position + 1:
                self._find(project_id, row, f"comes behind {position}: events are missing")
            if row.digest != _expected(digest, row):
                self._find(project_id, row, f"{row.topic} is not what was recorded")
            self._check_erasure(project_id, row)
            position, digest = row.position, row.digest
        self._ends[project_id] = (position, digest)

    def _check_erasure(self, project_id: int, row: Any) -> None:
        if row.state is None:
            self._erased.setdefault(project_id, {})[row.position] = row.person_id
        elif row.topic == Erased.__name__:
            event = decode_event(row.topic, row.state)
            assert isinstance(event, Erased)
            for position in event.positions:
                self._erased.get(project_id, {}).pop(position, None)

    def _find(self, project_id: int, row: Any, detail: str) -> None:
        self.findings.append(Finding(project_id, detail, row.position, row.person_id))

    def finish(self, connection: Connection, *, only: int | None) -> None:
        """Check the heads, the streams' versions, and that each erasure was announced.

        `only`: the one project to check; None for all.
        """
        for row in connection.execute(select(logs)):
            if only not in {None, row.project_id}:
                continue
            end = self._ends.get(row.project_id, (0, log.GENESIS))
            if end != (row.position, row.digest):
                detail = f"the log ends at {end[0]}, its head says {row.position}"
                self.findings.append(Finding(row.project_id, detail, end[0]))
        for project_id, erased in self._erased.items():
            for position, person_id in erased.items():
                detail = "the state was erased, and no event says so"
                self.findings.append(Finding(project_id, detail, position, person_id))
        self.findings += (gap for gap in _gaps(connection) if only in {None, gap.project_id})

    def digests(self) -> dict[int, str]:
        """Return the digest of each project's last event, in hexadecimal."""
        return {project_id: digest.hex() for project_id, (_, digest) in self._ends.items()}


def _expected(previous: bytes, row: Any) -> bytes:
    commitment = row.commitment if row.state is None else log.commit(row.salt, row.state.encode())
    entry = log.Entry(row.person_id, row.version, row.topic, b"")
    return log.link(previous, row.position, entry, row.recorded_at, commitment=commitment or b"")


def _gaps(connection: Connection) -> Iterator[Finding]:
    query = (
        select(events.c.project_id, events.c.person_id, func.max(events.c.version))
        .group_by(events.c.project_id, events.c.person_id)
        .having(func.max(events.c.version) != func.count())
    )
    for project_id, person_id, version in connection.execute(query):
        yield Finding(project_id, f"a version up to {version} is missing", person_id=person_id)
