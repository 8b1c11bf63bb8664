"""What a search looks into: each person's uuid, e-mail address and name, and all distinct ids.

The first three stand in a table of their own. It is small, so to read through all of it takes a
fraction of the time that the persons with all their properties would.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    Text,
    Uuid,
    exists,
    func,
    or_,
    select,
    union_all,
)

from domain.events import (
    Erased,
    Merged,
    PersonCreated,
    PersonEvent,
    PropertySet,
    PropertyUnset,
    Undeleted,
    Unmerged,
)
from domain.values import Properties
from projections.filter_sql import contains
from projections.owners import distinct_ids
from projections.persons import persons
from projections.projection import Projection, metadata
from projections.texts import folded
from storage.appended import Appended
from storage.changes import Change, Drop, Put
from storage.statements import Delete, Insert

SEARCHED = ("email", "name")  # properties that a search looks into

searches = Table(
    "searches",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("text", Text, nullable=False),
    # A project's rows stand together, to be read one after the other.
    sqlite_with_rowid=False,
)
"""One row a living person: a line for each value, all folded."""

_insert = Insert(searches, on_conflict="replace")
_delete = Delete(searches.c.person_id)


def found(connection: Connection, project_id: int, wanted: str, *, limit: int) -> Sequence[UUID]:
    """Return persons in whom a folded text is found: in a part of one of their lines.

    As many as `limit` means that there may be more; some may be among them twice.
    """
    query = _found(connection.dialect.name, project_id, wanted).limit(limit)
    return connection.execute(query).scalars().all()


def is_found(dialect: str, project_id: int, wanted: str) -> ColumnElement[bool]:
    """Return the condition that a folded text is found in a person: for when it is in many."""
    if dialect == "sqlite":
        # Both tables are read once, from one end to the other: that takes less than to look up
        # the text of each person who comes in front of the page. PostgreSQL would sort all found.
        return persons.c.person_id.in_(_found(dialect, project_id, wanted))
    is_in_text = exists().where(
        *_in_texts(dialect, project_id, wanted), searches.c.person_id == persons.c.person_id
    )
    # All distinct ids are read only once a person comes whose text has it not.
    return or_(is_in_text, persons.c.person_id.in_(_by_distinct_id(dialect, project_id, wanted)))


def _found(dialect: str, project_id: int, wanted: str) -> CompoundSelect[Any]:
    by_text = select(searches.c.person_id).where(*_in_texts(dialect, project_id, wanted))
    return union_all(by_text, _by_distinct_id(dialect, project_id, wanted))


def _by_distinct_id(dialect: str, project_id: int, wanted: str) -> Select[Any]:
    return select(distinct_ids.c.person_id).where(*in_distinct_ids(dialect, project_id, wanted))


def text_of(person_id: UUID, properties: Properties) -> str:
    """Return the lines of a person, folded: the uuid, and e-mail and name if they are there."""
    values = (properties.get(key) for key in SEARCHED)
    return "\n".join([str(person_id), *(folded(each) for each in values if each is not None)])


def in_distinct_ids(dialect: str, project_id: int, wanted: str) -> Sequence[ColumnElement[bool]]:
    """Return what is true of a project's distinct ids with a folded text in them."""
    line = func.coalesce(distinct_ids.c.folded, distinct_ids.c.distinct_id)
    return distinct_ids.c.project_id == project_id, contains(dialect, line, wanted)


def _in_texts(dialect: str, project_id: int, wanted: str) -> Sequence[ColumnElement[bool]]:
    is_found = contains(dialect, searches.c.text, wanted)
    return searches.c.project_id == project_id, is_found


def _project(appended: Appended) -> Iterator[Change]:
    changed = {each.person_id for each in appended.events if _changes_text(each.event)}
    yield Drop(_delete, appended.project_id, appended.gone)
    yield Put(
        _insert,
        [
            (appended.project_id, each.id, text_of(each.id, each.properties))
            for each in appended.living
            if each.id in changed
        ],
    )


def _changes_text(event: PersonEvent) -> bool:
    match event:
        case PropertySet():
            return not event.properties.keys().isdisjoint(SEARCHED)
        case PropertyUnset():
            return not event.before.keys().isdisjoint(SEARCHED)
        case PersonCreated() | Merged() | Unmerged() | Undeleted() | Erased():
            return True
        case _:
            return False


PROJECTION = Projection("searches", version=1, tables=(searches,), project=_project)
