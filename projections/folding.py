"""Folding the log into projections, chunk by chunk, in constant memory."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from domain.events import LoggedEvent
from domain.person import Person
from projections import persons
from projections.loading import snapshots
from projections.projection import Projection
from storage import log, streams
from storage.appended import Appended
from storage.mapper import logged_event
from storage.schema import logs

CHUNK = 2_000  # events that are folded and written at once

Watch = Callable[[int, Sequence[Any]], None]
"""Sees a project's next rows of the log before they are folded."""


class Folding:
    """Brings projections from nothing up to the log, on one connection."""

    def __init__(
        self,
        connection: Connection,
        projections: Sequence[Projection],
        *,
        read: Callable[..., Sequence[Any]] = log.read,
        only: int | None = None,
    ) -> None:
        """Fold into these projections what `read` gives: rows as `storage.log.read` has them.

        `only`: the one project to fold; None for all.
        """
        self._connection = connection
        self._only = only
        self._read = read
        # The persons so far are what the next events are folded into, whatever is built.
        others = (each for each in projections if each != persons.PROJECTION)
        self.projections = (persons.PROJECTION, *others)
        self.done: dict[int, int] = {}
        self.heads: dict[int, int] = {}

    def next_chunk(self, watch: Watch = lambda project_id, rows: None) -> bool:
        """Fold the next events of a log that has some; return whether there were any."""
        rows = self._connection.execute(select(logs.c.project_id, logs.c.position))
        self.heads = {
            project_id: position
            for project_id, position in rows
            if self._only in {None, project_id}
        }
        for project_id, head in self.heads.items():
            after = self.done.setdefault(project_id, 0)
            if after < head:
                self._fold(project_id, after, watch)
                return True
        return False

    def _fold(self, project_id: int, after: int, watch: Watch) -> None:
        rows = self._read(self._connection, project_id, after=after, limit=CHUNK)
        watch(project_id, rows)
        self.fold(project_id, after, rows)

    def fold(self, project_id: int, after: int, rows: Sequence[Any]) -> None:
        """Fold a log's next rows, those behind `after`.

        Raises:
            MapperDeserialisationError: one of them is no event.
        """
        placed = [logged_event(row) for row in rows]
        folded = self._persons_before(project_id, placed)
        for each in placed:
            folded[each.person_id].apply(each.event)
        positions, times = zip(*((row.position, row.recorded_at) for row in rows), strict=True)
        appended = Appended(project_id, positions, times, placed, folded.values())
        for projection in self.projections:
            projection.bring_up(self._connection, appended)
        self.done[project_id] = rows[-1].position

    def _persons_before(self, project_id: int, placed: Sequence[LoggedEvent]) -> dict[UUID, Person]:
        """Return all persons of a chunk as they were before it.

        Those without a row are not born yet, or were deleted or merged away: their stream knows.
        """
        first = {each.person_id: each.version for each in reversed(placed)}
        born = [person_id for person_id, version in first.items() if version > 1]
        found = snapshots(self._connection, project_id, born)
        for person_id, version in first.items():
            if person_id not in found:
                found[person_id] = self._replayed(project_id, person_id, below=version)
        return found

    def _replayed(self, project_id: int, person_id: UUID, *, below: int) -> Person:
        person = Person(person_id)
        if below > 1:
            for row in streams.read(self._connection, project_id, person_id, below=below):
                person.apply(logged_event(row).event)
        return person
