"""Folding the log into projections, chunk by chunk, in constant memory."""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import Connection, select

from domain.person import Person
from projections.loading import snapshots
from projections.projection import Projection
from storage import log, streams
from storage.appended import Appended
from storage.mapper import logged_event
from storage.schema import logs

CHUNK = 2_000  # events that are folded and written at once

Before = Callable[[Connection, int, dict[UUID, int]], dict[UUID, Person]]
"""Returns persons of a project as they were before they came to these versions."""


class Folding:
    """Brings projections up to the log, on one connection."""

    def __init__(
        self,
        connection: Connection,
        projections: Sequence[Projection],
        *,
        before: Before,
        only: int | None = None,
    ) -> None:
        """Fold into these projections; `only`: the one project to fold, None for all."""
        self._connection = connection
        self._projections = projections
        self._before = before
        self._only = only
        self.done: dict[int, int] = {}

    def next_chunk(self) -> bool:
        """Fold the next events of a log that has some; return whether there were any."""
        heads = self._connection.execute(select(logs.c.project_id, logs.c.position)).all()
        for project_id, head in heads:
            if self._only in {None, project_id} and self.done.setdefault(project_id, 0) < head:
                self._fold(project_id)
                return True
        return False

    def _fold(self, project_id: int) -> None:
        rows = log.read(self._connection, project_id, after=self.done[project_id], limit=CHUNK)
        placed = [logged_event(row) for row in rows]
        first = {each.person_id: each.version for each in reversed(placed)}
        folded = self._before(self._connection, project_id, first)
        for each in placed:
            folded[each.person_id].apply(each.event)
        positions, times = zip(*((row.position, row.recorded_at) for row in rows), strict=True)
        appended = Appended(project_id, positions, times, placed, folded.values())
        for projection in self._projections:
            projection.bring_up(self._connection, appended)
        self.done[project_id] = rows[-1].position


def before_by_views(
    connection: Connection, project_id: int, versions: dict[UUID, int]
) -> dict[UUID, Person]:
    """Return persons as the view of current persons has them, which must be just before.

    Those without a row are not born yet, or were deleted or merged away: their stream knows.
    """
    born = [person_id for person_id, version in versions.items() if version > 1]
    found = snapshots(connection, project_id, born)
    others = {each: version for each, version in versions.items() if each not in found}
    return found | before_by_streams(connection, project_id, others)


def before_by_streams(
    connection: Connection, project_id: int, versions: dict[UUID, int]
) -> dict[UUID, Person]:
    """Return persons as their streams make them."""
    persons = {person_id: Person(person_id) for person_id in versions}
    born = [person_id for person_id, version in versions.items() if version > 1]
    for row in streams.read_many(connection, project_id, born):
        if row.version < versions[row.person_id]:
            persons[row.person_id].apply(logged_event(row).event)
    return persons
