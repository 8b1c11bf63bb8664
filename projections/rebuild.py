"""Building projections anew from the log, beside the live ones, while the service goes on.

The events are folded into side tables. At the end, while nobody can append, the last events are
caught up with and the tables are swapped: writers wait for that moment only.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, Table, Text, inspect, select

from domain.events import PlacedEvent
from domain.person import Person
from projections import persons
from projections.loading import snapshots
from projections.projection import Projection, metadata
from projections.side import SideTables
from projections.views import PROJECTIONS
from storage import log
from storage.engine import Database
from storage.mapper import decode_event
from storage.schema import logs
from storage.statements import Insert
from storage.writer import Appended

CHUNK = 2_000  # events that are folded and written at once

views = Table(
    "views",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)
"""Which shape of each projection the database has."""

_insert_views = Insert(views, on_conflict="replace")

Progress = Callable[[int, int], None]
"""Called with the number of events done, and of those to be done in all."""


def ensure(database: Database) -> None:
    """Build those projections that are missing or have an older shape; most starts find none."""
    with database.reading() as connection:
        missing = _stale(connection)
    if missing:
        rebuild(database, missing)


def is_current(connection: Connection) -> bool:
    """Tell whether the database has all projections in their newest shape."""
    return not _stale(connection)


def _stale(connection: Connection) -> list[Projection]:
    known: dict[str, int] = {}
    if inspect(connection).has_table(views.name):
        known = {row.name: row.version for row in connection.execute(select(views))}
    return [each for each in PROJECTIONS if known.get(each.name) != each.version]


def rebuild(
    database: Database,
    projections: Sequence[Projection] = PROJECTIONS,
    *,
    progress: Progress = lambda done, total: None,
) -> int:
    """Build projections anew and swap them in; return how many events they were built from."""
    # The persons so far are what the next events are folded into, whatever is built.
    folded = (persons.PROJECTION, *(each for each in projections if each != persons.PROJECTION))
    with database.aside() as connection:
        side = SideTables(connection, folded)
        with connection.begin():
            side.create()
        done: dict[int, int] = {}
        is_behind = True
        while is_behind:
            with connection.begin():
                side.enter()
                is_behind = _fold_next(connection, folded, done, progress)
        with database.turn(), connection.begin():
            side.stop_writers()
            side.enter()
            while _fold_next(connection, folded, done, progress):
                pass
            side.swap(projections)
            side.drop()
            views.create(connection, checkfirst=True)
            _insert_views.run(connection, [(each.name, each.version) for each in projections])
    return sum(done.values())


def _fold_next(
    connection: Connection,
    projections: Sequence[Projection],
    done: dict[int, int],
    progress: Progress,
) -> bool:
    """Fold the next chunk of a log that has one; return whether there was any."""
    rows = connection.execute(select(logs.c.project_id, logs.c.position))
    heads = {project_id: position for project_id, position in rows}
    for project_id, head in heads.items():
        after = done.setdefault(project_id, 0)
        if after < head:
            done[project_id] = _fold_chunk(connection, projections, project_id, after)
            progress(sum(done.values()), sum(heads.values()))
            return True
    return False


def _fold_chunk(
    connection: Connection, projections: Sequence[Projection], project_id: int, after: int
) -> int:
    """Fold events behind a position into the views; return the position of the last."""
    rows = log.read(connection, project_id, after=after, limit=CHUNK)
    placed = [
        PlacedEvent(row.person_id, row.version, decode_event(row.topic, row.state)) for row in rows
    ]
    folded = _persons_before(connection, project_id, placed)
    for each in placed:
        folded[each.person_id].apply(each.event)
    appended = Appended(project_id, after, rows[-1].recorded_at, placed, folded.values())
    for projection in projections:
        projection.project(connection, appended)
    return int(rows[-1].position)


def _persons_before(
    connection: Connection, project_id: int, placed: Sequence[PlacedEvent]
) -> dict[UUID, Person]:
    """Return all persons of a chunk as they were before it.

    Those without a row are not born yet, or were deleted or merged away: then their stream knows.
    """
    first = {each.person_id: each.version for each in reversed(placed)}
    found = snapshots(connection, project_id, [p for p, version in first.items() if version > 1])
    for person_id, version in first.items():
        if person_id not in found:
            found[person_id] = _replayed(connection, project_id, person_id, below=version)
    return found


def _replayed(connection: Connection, project_id: int, person_id: UUID, *, below: int) -> Person:
    person = Person(person_id)
    if below > 1:
        for row in log.read_stream(connection, project_id, person_id, below=below):
            person.apply(decode_event(row.topic, row.state))
    return person
