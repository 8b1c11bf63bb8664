"""Some persons as they were at a position: whoever has not changed since, as the view has it."""

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Select, Uuid, bindparam, select

from projections.past.person import folded, row
from projections.people import MAX_LISTED_IDS
from projections.person_rows import PersonRow, ids_of, person_row
from projections.persons import SNAPSHOT, persons
from storage.log import unindexed_position
from storage.queries import Query, among
from storage.schema import events
from storage.values import as_uuid

_project_id = bindparam("project_id", type_=BigInteger)
_position = bindparam("position", type_=BigInteger)


def rows_at(
    connection: Connection, project_id: int, person_ids: Sequence[UUID], *, position: int
) -> list[PersonRow]:
    """Return persons that lived at a position, each with at most MAX_LISTED_IDS distinct ids."""
    found = _unchanged_rows(connection, project_id, person_ids, position)
    changed = [each for each in person_ids if each not in found]
    if changed:
        found |= _folded(connection, project_id, changed, position)
    return [found[each] for each in person_ids]


def _unchanged_rows(
    connection: Connection, project_id: int, person_ids: Collection[UUID], position: int
) -> dict[UUID, PersonRow]:
    parameters = {"project_id": project_id, "position": position, "ids": list(person_ids)}
    rows = _unchanged.run(connection, parameters)
    found = [person_row(snapshot) for version, *snapshot in rows if version is not None]
    return {each.person_id: each for each in found}


@Query
def _unchanged(dialect: str) -> Select[Any]:
    wanted = among(dialect, "ids", Uuid)
    is_person = (persons.c.project_id == _project_id) & (persons.c.person_id == wanted)
    is_last_change = (
        (events.c.project_id == _project_id)
        & (events.c.person_id == persons.c.person_id)
        & (events.c.version == persons.c.version)
        & (unindexed_position <= _position)
    )
    # Outer joins keep the database to the order that is right: the few wanted come first.
    found = wanted.table.outerjoin(persons, is_person).outerjoin(events, is_last_change)
    ids = ids_of(dialect, persons, limit=MAX_LISTED_IDS)
    return select(events.c.version, *SNAPSHOT, ids).select_from(found)


def _folded(
    connection: Connection, project_id: int, person_ids: Collection[UUID], position: int
) -> dict[UUID, PersonRow]:
    parameters = {"project_id": project_id, "position": position, "ids": list(person_ids)}
    found = {}
    for id, stream in groupby(_streams.run(connection, parameters), key=lambda each: each[0]):
        then = row(folded(as_uuid(id), stream))
        found[then.person_id] = then._replace(distinct_ids=then.distinct_ids[:MAX_LISTED_IDS])
    return found


@Query
def _streams(dialect: str) -> Select[Any]:
    wanted = among(dialect, "ids", Uuid)
    is_theirs = (
        (events.c.project_id == _project_id)
        & (events.c.person_id == wanted)
        & (unindexed_position <= _position)
    )
    return (
        select(events.c.person_id, events.c.topic, events.c.state)
        .select_from(wanted.table.outerjoin(events, is_theirs))
        .order_by(events.c.person_id, events.c.version)
    )
