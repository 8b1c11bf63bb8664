"""Streams as they are read: a page of one, or several woven together, each up to a version."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Select, Uuid, bindparam, func, select

from storage import raw_rows
from storage.log import RECORDED, unindexed_position
from storage.queries import GivenRows, Query, among
from storage.raw_rows import RawRow
from storage.schema import events
from storage.values import as_uuid

Bounds = Mapping[UUID, int]
"""Some persons, each with the last version that is read of its stream, or the first."""

_bounds = GivenRows("bounds", person_id=Uuid(), version=BigInteger())


def read(
    connection: Connection, project_id: int, person_id: UUID, *, below: int | None = None
) -> Sequence[Any]:
    """Return the events of one person, by version; only those below a version if one is given."""
    query = RECORDED.where(events.c.project_id == project_id, events.c.person_id == person_id)
    if below is not None:
        query = query.where(events.c.version < below)
    return connection.execute(query.order_by(events.c.version)).all()


def states(
    connection: Connection,
    project_id: int,
    person_id: UUID,
    *,
    below: int | None = None,
    until: int | None = None,
) -> Sequence[RawRow]:
    """Return version, topic and state of the events of one person, by version: much faster.

    Only those below a version, or up to a position, if these are given.
    """
    query = select(events.c.version, events.c.topic, events.c.state).where(
        events.c.project_id == project_id, events.c.person_id == person_id
    )
    if below is not None:
        query = query.where(events.c.version < below)
    if until is not None:
        query = query.where(unindexed_position <= until)
    return raw_rows.read(connection, query.order_by(events.c.version))


def at_version(
    connection: Connection, project_id: int, person_id: UUID, version: int
) -> Any | None:
    """Return the event of one person that has a version; None if there is none."""
    query = RECORDED.where(
        events.c.project_id == project_id,
        events.c.person_id == person_id,
        events.c.version == version,
    )
    return connection.execute(query).one_or_none()


def read_many(
    connection: Connection, project_id: int, person_ids: Collection[UUID]
) -> Sequence[Any]:
    """Return the events of some persons, each's by version."""
    query = RECORDED.where(events.c.project_id == project_id, events.c.person_id.in_(person_ids))
    return connection.execute(query.order_by(events.c.person_id, events.c.version)).all()


def existing(connection: Connection, project_id: int, person_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that have ever been a person's."""
    parameters = {"project_id": project_id, "person_ids": list(person_ids)}
    return {as_uuid(each) for (each,) in _existing.run(connection, parameters) if each}


@Query
def _existing(dialect: str) -> Select[Any]:
    asked = among(dialect, "person_ids", Uuid)
    begins = (
        (events.c.project_id == bindparam("project_id", type_=BigInteger))
        & (events.c.person_id == asked)
        & (events.c.version == 1)
    )
    return select(events.c.person_id).select_from(asked.table.outerjoin(events, begins))


def page(
    connection: Connection, project_id: int, person_id: UUID, *, after: int, limit: int
) -> Sequence[Any]:
    """Return the first `limit` events of one person behind a position."""
    # Where `after` is the position of one of them, as on all pages but the first, it leads there.
    here = select(events.c.version).where(
        events.c.project_id == project_id,
        events.c.position == after,
        events.c.person_id == person_id,
    )
    query = RECORDED.where(
        events.c.project_id == project_id,
        events.c.person_id == person_id,
        events.c.version > func.coalesce(here.scalar_subquery(), 0),
        unindexed_position > after,
    )
    return connection.execute(query.order_by(events.c.version).limit(limit)).all()


def woven(
    connection: Connection,
    project_id: int,
    bounds: Bounds,
    *,
    after: int = 0,
    limit: int | None = None,
    topics: Collection[str] | None = None,
) -> Sequence[Any]:
    """Return the events of some persons behind a position, in the log's order; the first `limit`,
    and those of some topics, if these are given."""
    dialect = connection.dialect.name
    query = _within(dialect, project_id).where(unindexed_position > after)
    if topics is not None:
        query = query.where(events.c.topic.in_(topics))
    given = _bounds.parameters(dialect, bounds.items())
    return connection.execute(query.order_by(unindexed_position).limit(limit), given).all()


def later(
    connection: Connection, project_id: int, versions: Bounds, *, until: int
) -> Iterator[RawRow]:
    """Yield the events of some persons, each from a version on, up to a position.

    Each is person, topic and state, as the driver gives them. Those of each person stand together,
    by version.
    """
    given = _bounds.parameters(connection.dialect.name, versions.items())
    rows = _later.run(connection, {"project_id": project_id, "until": until} | given)
    return (row for row in rows if row[0] is not None)


@Query
def _later(dialect: str) -> Select[Any]:
    bounds = _bounds.table(dialect)
    is_later = (
        (events.c.project_id == bindparam("project_id", type_=BigInteger))
        & (events.c.person_id == bounds.c.person_id)
        & (events.c.version >= bounds.c.version)
        & (unindexed_position <= bindparam("until", type_=BigInteger))
    )
    # An outer join keeps the database to the order that is right: the few persons come first.
    return (
        select(events.c.person_id, events.c.topic, events.c.state)
        .select_from(bounds.outerjoin(events, is_later))
        .order_by(events.c.person_id, events.c.version)
    )


def _within(dialect: str, project_id: int) -> Select[Any]:
    bounds = _bounds.table(dialect)
    is_within = (
        (events.c.project_id == project_id)
        & (events.c.person_id == bounds.c.person_id)
        & (events.c.version <= bounds.c.version)
    )
    return RECORDED.select_from(bounds.join(events, is_within))
