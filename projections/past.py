"""The past of all persons, for lists and searches as of a position: rows that are only ever added.

Of the rows of one person (or one distinct id, or one property) up to a position, the last counts.
"""

from collections.abc import Iterator
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text, Uuid

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
from projections.projection import Projection, metadata
from projections.searches import SEARCHED
from projections.texts import folded
from storage.appended import Appended
from storage.statements import Delete, Insert, Row
from storage.values import UTCDateTime

UUID_KEY = ""
KEY_SIZE = 64  # characters of a property's key that its index holds: keys may be of any length

past_lives = Table(
    "past_lives",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", UTCDateTime),
    Index("past_lives_by_creation", "project_id", "created_at", "person_id", "position"),
    Index("past_lives_by_position", "project_id", "position", "created_at"),
)
"""Since `position`, the person lives and was created at `created_at`; without it, is gone."""

past_distinct_ids = Table(
    "past_distinct_ids",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("distinct_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
    Column("folded", Text),
    sqlite_with_rowid=False,
)
"""Since `position`, the distinct id belongs to this person, for as long as the person lives.

`folded` is the distinct id without upper case, where that is not the distinct id itself.
"""

past_texts = Table(
    "past_texts",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("text", Text),
    sqlite_with_rowid=False,
)
"""Since `position`, a search finds this folded text in the person.

`key` is one of SEARCHED or UUID_KEY, under which the uuid stands.
"""

past_properties = Table(
    "past_properties",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("key_rest", Text, nullable=False),
    Column("value", Text),
    sqlite_with_rowid=False,
)
"""Since `position`, the property has this value, as JSON text; without one, it is unset.

Its key is `key` and then `key_rest`: only a key of more than KEY_SIZE characters has a rest.
"""

# A batch that erases holds nothing else, so what it inserts stands at other positions.
_DELETES = [
    Delete(table.c.position)
    for table in (past_lives, past_distinct_ids, past_properties, past_texts)
]
_insert_lives = Insert(past_lives)
_insert_distinct_ids = Insert(past_distinct_ids)
_insert_properties = Insert(past_properties)
_insert_texts = Insert(past_texts)


def _project(connection: Connection, appended: Appended) -> None:
    rows = _Rows(appended.project_id)
    for position, placed in enumerate(appended.events, start=appended.after + 1):
        event = placed.event
        rows.add_properties(placed.person_id, position, event)
        if type(event) is not PropertySet:
            rows.add_life(placed.person_id, position, event)
    _insert_properties.run(connection, rows.properties)
    _insert_texts.run(connection, rows.texts)
    _insert_lives.run(connection, rows.lives)
    _insert_distinct_ids.run(connection, rows.distinct_ids)
    for delete in _DELETES:
        delete.run(connection, appended.project_id, rows.erased)


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
                text = None if value is None else folded(msgspec.json.decode(value))
                self.texts.append((self._project_id, person_id, key, position, text))
            start, rest = key[:KEY_SIZE], key[KEY_SIZE:]
            self.properties.append(
                (self._project_id, person_id, start, position, rank, rest, value)
            )

    def add_life(self, person_id: UUID, position: int, event: PersonEvent) -> None:
        project_id = self._project_id
        if type(event) is PersonCreated:
            self.texts.append((project_id, person_id, UUID_KEY, position, str(person_id)))
        if type(event) in _LIVES:
            created_at = getattr(event, "created_at", None)
            self.lives.append((project_id, person_id, position, created_at))
        if isinstance(event, Erased):
            self.erased += event.positions
            if event.kept and event.kept.is_living:
                self.lives.append((project_id, person_id, position, event.kept.created_at))
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
    version=1,
    tables=(past_lives, past_distinct_ids, past_properties, past_texts),
    project=_project,
)
