"""The current persons: one row each; `projections.owners` has those of their distinct ids.

A row is also the person's snapshot: commands are decided on it, never on a replayed stream.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Table,
    Text,
    Uuid,
)

from domain.events import (
    DistinctIdAdded,
    Identified,
    PersonEvent,
    PropertyBackfilled,
    PropertySet,
    PropertyUnset,
    Split,
)
from domain.person import Person
from domain.values import Properties, encode
from projections import owners
from projections.projection import Projection, metadata
from storage.appended import Appended
from storage.changes import Change, Drop, Put
from storage.statements import Delete, Insert
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

_insert_persons = Insert(persons, on_conflict="replace")
# SQLite writes to the index of each column that is set, also where its value is what it was.
_INDEXED = (persons.c.number, persons.c.created_at, persons.c.email)
_update_persons = Insert(persons, on_conflict="replace", keeps=_INDEXED)
_decode = msgspec.json.Decoder(Properties).decode
_delete_persons = Delete(persons.c.person_id)


def person_of(state: Sequence[Any]) -> Person:
    """Return the person that the values of STATE say, without its distinct ids."""
    person_id, number, version, created_at, last_seen_at, *rest = state
    is_identified, properties, changed_at = rest
    person = Person(as_uuid(person_id))
    person.number = number
    person.version = version
    person.created_at = as_time(created_at)
    person.last_seen_at = as_time(last_seen_at)
    person.changed_at = as_time(changed_at)
    person.is_identified = bool(is_identified)
    person.properties = _decode(properties)
    person.size = len(properties) if properties.isascii() else len(properties.encode())
    person.has_all_ids = False
    return person


def _project(appended: Appended) -> Iterator[Change]:
    project_id, living = appended.project_id, appended.living
    indexed = {each.person_id for each in appended.events if _changes_indexed(each.event)}
    yield Drop(_delete_persons, project_id, appended.gone)
    for statement, are_indexed in ((_insert_persons, True), (_update_persons, False)):
        rows = [_row(project_id, each) for each in living if (each.id in indexed) is are_indexed]
        yield Put(statement, rows)
    yield from owners.project(appended)


def _changes_indexed(event: PersonEvent) -> bool:
    """Tell whether an event may change a column of _INDEXED."""
    match event:
        case PropertySet():
            return "email" in event.properties
        case PropertyUnset():
            return "email" in event.before
        case Identified() | DistinctIdAdded() | Split() | PropertyBackfilled():
            return False
        case _:
            return True


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


PROJECTION = Projection(
    "persons", version=1, tables=(persons, owners.distinct_ids), project=_project
)
