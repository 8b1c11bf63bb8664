"""The past of all persons, for lists and searches as of a position: see `tables`."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from domain.events import (
    Deleted,
    Erased,
    Kept,
    Merged,
    MergedInto,
    PersonCreated,
    PersonEvent,
    PropertySet,
    PropertyUnset,
    Undeleted,
    Unmerged,
    gained_ids,
)
from domain.values import Properties, encode
from projections.owners import folded_if_other
from projections.past.tables import (
    KEY_SIZE,
    past_distinct_ids,
    past_lives,
    past_properties,
    past_texts,
)
from projections.projection import Projection
from projections.searches import SEARCHED
from projections.texts import folded
from storage.appended import Appended
from storage.changes import Change, Drop, Put
from storage.statements import Delete, Insert, Row

# A batch that erases holds nothing else, so what it inserts stands at other positions.
_DELETES = [
    Delete(table.c.position)
    for table in (past_lives, past_distinct_ids, past_properties, past_texts)
]
_insert_lives = Insert(past_lives)
_insert_distinct_ids = Insert(past_distinct_ids)
_insert_properties = Insert(past_properties)
_insert_texts = Insert(past_texts)


def _project(appended: Appended) -> Iterator[Change]:
    rows = _Rows(appended.project_id)
    recorded = zip(appended.positions, appended.times, appended.events, strict=True)
    for position, recorded_at, placed in recorded:
        rows.add_properties(placed.person_id, position, placed.event)
        if type(placed.event) is not PropertySet:
            rows.add_life(placed.person_id, position, placed.event, recorded_at)
    yield Put(_insert_properties, rows.properties)
    yield Put(_insert_texts, rows.texts)
    yield Put(_insert_lives, rows.lives)
    yield Put(_insert_distinct_ids, rows.distinct_ids)
    for delete in _DELETES:
        yield Drop(delete, appended.project_id, rows.erased)


class _Rows:
    """What some events add to the tables of the past."""

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        self.lives: list[Row] = []
        self.distinct_ids: list[Row] = []
        self.properties: list[Row] = []
        self.texts: list[Row] = []
        self.erased: list[int] = []

    def add_properties(self, person_id: UUID, position: int, event: PersonEvent) -> None:
        for rank, (key, value) in enumerate(_properties(event)):
            if key in SEARCHED:
                line = None if value is None else folded(msgspec.json.decode(value))
                self.texts.append((self._project_id, person_id, key, position, line))
            start, rest = key[:KEY_SIZE], key[KEY_SIZE:]
            self.properties.append(
                (self._project_id, person_id, start, position, rank, rest, value)
            )

    def add_life(
        self, person_id: UUID, position: int, event: PersonEvent, recorded_at: datetime
    ) -> None:
        project_id = self._project_id
        lived: PersonEvent | Kept | None = event if type(event) in _LIVES else None
        if isinstance(event, Erased):
            self.erased += event.positions
            lived = event.kept if event.kept and event.kept.is_living else None
        if lived:
            created_at: datetime | None = getattr(lived, "created_at", None)
            ahead = created_at if created_at and created_at > recorded_at else None
            self.lives.append((project_id, person_id, position, created_at, ahead))
        for distinct_id in gained_ids(event):
            other = folded_if_other(distinct_id)
            self.distinct_ids.append((project_id, distinct_id, position, person_id, other))


_LIVES = frozenset({PersonCreated, Merged, Unmerged, MergedInto, Deleted, Undeleted})


def _properties(event: PersonEvent) -> Iterator[tuple[str, str | None]]:
    """Yield what an event set, as JSON text, and what it unset, as None."""
    properties: Properties = {}
    gone: set[str] = set()
    match event:
        case PropertySet() | Merged():
            properties = event.properties
        case PropertyUnset():
            gone = set(event.before)
        case Unmerged():
            properties = event.properties
            gone = event.before.keys() - properties.keys()
        case Erased(kept=Kept() as kept):
            properties = kept.properties
        case _:
            return
    for key, value in properties.items():
        yield key, encode(value).decode()
    for key in sorted(gone):
        yield key, None


PROJECTION = Projection(
    "past",
    version=2,
    tables=(past_lives, past_distinct_ids, past_properties, past_texts),
    project=_project,
)
