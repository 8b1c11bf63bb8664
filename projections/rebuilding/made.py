"""The rows that views have of the persons of a share, made from all that happened to them."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from domain.events import PlacedEvent
from domain.person import Person
from projections.projection import Projection
from projections.rebuilding.shares import Share
from storage.appended import Appended
from storage.changes import Change, Drop, Put
from storage.log import RECORDED, unindexed_position
from storage.mapper import decode_event
from storage.raw_rows import RawRow, read
from storage.schema import events
from storage.statements import Row
from storage.values import as_time, as_uuid

Rows = dict[Table, list[Row]]
"""Rows by their tables, with values as the columns' types have them."""


class Unmade(NamedTuple):
    """A person whose rows cannot be made: for what is at a position is no event."""

    person_id: Any
    position: Any
    why: str


class Made(NamedTuple):
    """The rows of a share, which `events` made; of the persons in `unmade` there are none."""

    rows: Rows
    events: int
    unmade: list[Unmade]


def make(
    connection: Connection, share: Share, projections: Iterable[Projection], *, until: int
) -> Made:
    """Return all rows that these views have of a share's persons at a position."""
    found = _events(connection, share, until)
    folded = _Folded()
    for row in found:
        folded.add(row)
    appended = folded.appended(share.project_id)
    changes = (change for each in projections for change in each.project(appended))
    return Made(rows(changes), len(found), list(folded.unmade.values()))


def _events(connection: Connection, share: Share, until: int) -> Sequence[Any]:
    query = RECORDED.where(
        events.c.project_id == share.project_id,
        unindexed_position <= until,
        *share.holds(events.c.person_id),
    )
    return sorted(read(connection, query), key=itemgetter(0))


class _Folded:
    """Persons, and all that happened to them, in the order of the log."""

    def __init__(self) -> None:
        self.unmade: dict[Any, Unmade] = {}
        self._persons: dict[Any, Person] = {}
        self._times: dict[Any, Any] = {}
        self._recorded: list[tuple[int, Any, PlacedEvent]] = []

    def add(self, row: RawRow) -> None:
        """Let something happen. Where it is no event, its person cannot be made."""
        position, id, version, topic, state, recorded_at = row
        try:
            person = self._persons.get(id)
            if person is None:
                person = self._persons[id] = Person(as_uuid(id))
            at = self._times.get(recorded_at)
            if at is None:
                at = self._times[recorded_at] = as_time(recorded_at)
            event = decode_event(topic, state)
            person.apply(event)
            self._recorded.append((position, at, PlacedEvent(person.id, version, event)))
        except Exception as error:  # whatever stands there was not written by us
            self.unmade.setdefault(id, Unmade(id, position, type(error).__name__))

    def appended(self, project_id: int) -> Appended:
        """Return all of it, but for persons that cannot be made."""
        gone = {self._persons[id].id for id in self.unmade if id in self._persons}
        persons = [each for each in self._persons.values() if each.id not in gone]
        kept = [each for each in self._recorded if each[2].person_id not in gone]
        positions, times, placed = zip(*kept, strict=True) if kept else ((), (), ())
        return Appended(project_id, positions, times, placed, persons)


def rows(changes: Iterable[Change]) -> Rows:
    """Return what tables that were empty have after changes that put no row twice."""
    made: Rows = {}
    for change in changes:
        match change:
            case Put(insert, new):
                made.setdefault(insert.table, []).extend(new)
            case Drop(delete, _, values) if values:
                table = delete.column.table
                place = list(table.columns).index(delete.column)
                gone = set(values)
                kept = [row for row in made.get(table, ()) if row[place] not in gone]
                made[table] = kept
    return made
