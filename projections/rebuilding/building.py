"""Projections being built: into side tables, which then take the place of the live ones.

The rows of all persons are made share by share, by several processes where that pays. Then the
tables catch up with what was appended meanwhile; and at the end, while nobody can append, with the
last of it, and are swapped in: all others wait for that moment only.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, Table, func, select

from projections.projection import Projection
from projections.rebuilding import shapes, shares
from projections.rebuilding.built import Built, BuiltLog
from projections.rebuilding.crew import crew
from projections.rebuilding.folding import Folding, before_by_streams
from projections.rebuilding.made import make
from projections.rebuilding.shares import Share
from projections.rebuilding.side import SideTables
from projections.views import PROJECTIONS
from storage.engine import Database
from storage.errors import TamperedError
from storage.schema import logs
from storage.statements import Insert, Packed

PAUSE = 1.0  # seconds until we ask again for a moment alone
AHEAD = 4  # shares that are made before they are written

Progress = Callable[[int, int], None]
"""Called with the number of events done, and of those to be done in all."""


def build(database: Database, projections: Sequence[Projection], progress: Progress) -> int:
    """Build projections and swap them in; return from how many events.

    The caller sees to it that nobody else builds.

    Raises:
        TamperedError: something in the log is no event.
    """
    with database.building() as connection:
        building = _Building(database, connection, projections, progress)
        building.make()
        building.catch_up()
        while not building.swap():
            time.sleep(PAUSE)
            building.catch_up()
        return sum(building.built.done.values())


class _Building:
    def __init__(
        self,
        database: Database,
        connection: Connection,
        projections: Sequence[Projection],
        progress: Progress,
    ) -> None:
        self._database = database
        self._connection = connection
        self._projections = projections
        self._progress = progress
        with connection.begin():
            self._side = SideTables(connection, projections)
            self.built = self._side.resume() or Built(shape=self._side.shape, logs={})

    def make(self) -> None:
        """Let the side tables have the rows of all persons, as of when the first run began."""
        with crew(self._database, self._length()) as (reading, workers):
            if not self.built.logs:
                self._begin(reading)
            tasks = [(each, self.built.logs[each.project_id].until) for each in self.built.left]
            work = partial(pack, names=[each.name for each in self._projections])
            for made in workers.do(work, tasks, ahead=AHEAD):
                with self._connection.begin():
                    self._side.enter()
                    self._side.load(made.rows)
                    self.built.logs[made.share.project_id].made.add(made.share.number)
                    self._side.keep(self.built)
                self._tell()
        if not self.built.has_indexes:
            with self._connection.begin():
                self._side.index()
                self.built.has_indexes = True
                self._side.keep(self.built)

    def _length(self) -> int:
        """Return about how many events are still to be made rows of."""
        if self.built.logs:
            return shares.SIZE * sum(1 for _ in self.built.left)
        with self._database.reading() as connection:
            return connection.execute(select(func.sum(logs.c.position))).scalar() or 0

    def _begin(self, reading: Connection) -> None:
        for project_id, position in reading.execute(select(logs.c.project_id, logs.c.position)):
            count = shares.count(position)
            self.built.logs[project_id] = BuiltLog(position, count, position)
        with self._connection.begin():
            self._side.create()
            self._side.keep(self.built)

    def catch_up(self) -> None:
        """Bring the side tables up to all that has been appended until now."""
        folding = self._folding()
        is_behind = True
        while is_behind:
            with self._connection.begin():
                self._side.enter()
                is_behind = folding.next_chunk()
                self.built.done = folding.done
                self._side.keep(self.built)
            self._tell()

    def swap(self) -> bool:
        """Put the side tables in the place of the live ones; tell whether that could be had now."""
        with self._database.turn(), self._connection.begin():
            if not self._side.stop_others():
                return False
            self._side.enter()
            folding = self._folding()
            while folding.next_chunk():
                pass
            self.built.done = folding.done
            self._side.swap()
            shapes.keep(self._connection, self._side.live, self._projections)
        self._tell()
        return True

    def _folding(self) -> Folding:
        folding = Folding(self._connection, self._projections, before=before_by_streams)
        folding.done = self.built.done
        return folding

    def _tell(self) -> None:
        done = sum(each.done for each in self.built.logs.values())
        self._progress(done, max(done, sum(each.position for each in self.built.logs.values())))


class MadeShare(NamedTuple):
    """The rows of a share, packed, by the names of their tables."""

    share: Share
    rows: dict[str, Packed]


def pack(connection: Connection, task: tuple[Share, int], *, names: Sequence[str]) -> MadeShare:
    """Return the rows that views of these names have of a share's persons at a position.

    Raises:
        TamperedError: something in the log is no event.
    """
    share, until = task
    projections = [each for each in PROJECTIONS if each.name in names]
    made = make(connection, share, projections, until=until)
    for each in made.unmade:
        place = f"position {each.position} of project {share.project_id}"
        raise TamperedError(f"what is at {place} is no event ({each.why}): see `persons verify`")
    dialect = connection.dialect.name
    return MadeShare(
        share,
        {table.name: _packed(dialect, table, rows) for table, rows in made.rows.items() if rows},
    )


def _packed(dialect: str, table: Table, rows: Sequence[tuple[object, ...]]) -> Packed:
    packed = Insert(table).pack(dialect, rows)
    if isinstance(packed, list):
        # In the order of the key each page is written once.
        names = [column.name for column in table.columns]
        packed.sort(key=itemgetter(*(names.index(each.name) for each in table.primary_key)))
    return packed
