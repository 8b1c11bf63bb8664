"""The current persons: one row each, and one for each of their distinct ids.

A row is also the person's snapshot: commands are decided on it, never on a replayed stream.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    select,
)

from domain.events import (
    Deleted,
    DistinctIdAdded,
    Erased,
    Merged,
    PersonCreated,
    Undeleted,
    Unmerged,
    gained_ids,
)
from domain.person import Person
from domain.values import encode
from projections.projection import Projection, metadata
from storage.appended import Appended
from storage.statements import Delete, Insert, Query, among
from storage.values import UTCDateTime, as_time, as_uuid

persons = Table(
    "persons",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("last_seen_at", UTCDateTime, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("is_identified", Boolean, nullable=False),
    Column("properties", Text, nullable=False),
    Column("email", Text),
    Index("persons_by_number", "project_id", "number", unique=True),
    Index("persons_by_creation", "project_id", "created_at", "person_id"),
    Index("persons_by_email", "project_id", "email"),
    # Room on each page lets PostgreSQL update a row in place, without touching the indexes.
    postgresql_with={"fillfactor": "80"},
)
"""Living persons."""

distinct_ids = Table(
    "distinct_ids",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("distinct_id", Text, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("folded", Text),
    Index("distinct_ids_by_person", "project_id", "person_id", "position", "rank"),
    # A search reads all of a project's rows: so they stand together.
    sqlite_with_rowid=False,
)
"""Whose each distinct id is since the event at `position`; `rank` orders those of one event.

`folded` is the distinct id without upper case, where that is not the distinct id itself.
"""

SNAPSHOT = (
    persons.c.person_id,
    persons.c.number,
    persons.c.version,
    persons.c.created_at,
    persons.c.last_seen_at,
    persons.c.is_identified,
    persons.c.properties,
)
"""The columns that say what a person is."""

STATE = (*SNAPSHOT, persons.c.changed_at)
"""The columns that make a Person again."""

MAX_INDEXED = 500  # characters of an e-mail address that `email` keeps

# Most events are none of these: to know them by type is quicker than to match each.
_CHANGE_OWNERS = frozenset(
    {PersonCreated, DistinctIdAdded, Merged, Unmerged, Deleted, Undeleted, Erased}
)

_insert_persons = Insert(persons, on_conflict="replace")
_delete_persons = Delete(persons.c.person_id)
_insert_distinct_ids = Insert(distinct_ids, on_conflict="replace")
_delete_distinct_ids = Delete(distinct_ids.c.distinct_id)
_delete_all_distinct_ids = Delete(distinct_ids.c.person_id)


def person_of(state: Sequence[Any]) -> Person:
    """Return the person that the values of STATE say, without its distinct ids."""
    *snapshot, changed_at = state
    person_id, number, version, created_at, last_seen_at, is_identified, properties = snapshot
    person = Person(as_uuid(person_id))
    person.number = number
    person.version = version
    person.created_at = as_time(created_at)
    person.last_seen_at = as_time(last_seen_at)
    person.changed_at = as_time(changed_at)
    person.is_identified = bool(is_identified)
    person.properties = msgspec.json.decode(properties)
    person.size = len(properties) if properties.isascii() else len(properties.encode())
    person.has_all_ids = False
    return person


def owned(connection: Connection, project_id: int, names: Collection[str]) -> set[str]:
    """Return those of the distinct ids that belong to a living person."""
    rows = _owned.run(connection, {"project_id": project_id, "names": list(names)})
    return {name for (name,) in rows if name is not None}


@Query
def _owned(dialect: str) -> Select[Any]:
    name = among(dialect, "names", Text)
    is_same = (distinct_ids.c.project_id == bindparam("project_id", type_=BigInteger)) & (
        distinct_ids.c.distinct_id == name
    )
    return select(distinct_ids.c.distinct_id).select_from(
        name.table.outerjoin(distinct_ids, is_same)
    )


def _project(connection: Connection, appended: Appended) -> None:
    project_id = appended.project_id
    living = [_row(project_id, each) for each in appended.persons if each.is_living]
    gone = [each.id for each in appended.persons if not each.is_living]
    _delete_persons.run(connection, project_id, gone)
    _insert_persons.run(connection, living)
    _project_distinct_ids(connection, appended)


def _row(project_id: int, person: Person) -> tuple[Any, ...]:
    properties = encode(person.properties)
    email = person.properties.get("email")
    return (
        project_id,
        person.id,
        person.number,
        person.version,
        person.created_at,
        person.last_seen_at,
        person.changed_at,
        person.is_identified,
        properties.decode(),
        email[:MAX_INDEXED] if isinstance(email, str) else None,
    )


def _project_distinct_ids(connection: Connection, appended: Appended) -> None:
    owners: dict[str, tuple[Any, ...] | None] = {}
    deleted = []
    for position, placed in enumerate(appended.events, start=appended.after + 1):
        if type(placed.event) not in _CHANGE_OWNERS:
            continue
        if isinstance(placed.event, Deleted):
            deleted.append(placed.person_id)
            _forget(owners, placed.person_id)
        for rank, distinct_id in enumerate(gained_ids(placed.event)):
            owners[distinct_id] = (
                appended.project_id,
                distinct_id,
                placed.person_id,
                position,
                rank,
                folded_if_other(distinct_id),
            )
    _delete_all_distinct_ids.run(connection, appended.project_id, deleted)
    free = [distinct_id for distinct_id, owner in owners.items() if owner is None]
    _delete_distinct_ids.run(connection, appended.project_id, free)
    _insert_distinct_ids.run(connection, [owner for owner in owners.values() if owner])


def folded_if_other(distinct_id: str) -> str | None:
    """Return a distinct id without upper case; None where that is the distinct id itself."""
    folded = distinct_id.casefold()
    return None if folded == distinct_id else folded


def _forget(owners: dict[str, tuple[Any, ...] | None], person_id: UUID) -> None:
    for distinct_id, owner in owners.items():
        if owner and owner[2] == person_id:
            owners[distinct_id] = None


PROJECTION = Projection("persons", version=1, tables=(persons, distinct_ids), project=_project)
