"""Whose each distinct id is: one row for each, a part of the view of current persons."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
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
from projections.projection import metadata
from storage.appended import Appended
from storage.changes import Change, Drop, Put
from storage.queries import Query, among
from storage.statements import Delete, Insert, Row

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

# Most events are none of these: to know them by type is quicker than to match each.
_CHANGE_OWNERS = frozenset(
    {PersonCreated, DistinctIdAdded, Merged, Unmerged, Deleted, Undeleted, Erased}
)

_insert = Insert(distinct_ids, on_conflict="replace")
_delete = Delete(distinct_ids.c.distinct_id)
_delete_all = Delete(distinct_ids.c.person_id)


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


def project(appended: Appended) -> Iterator[Change]:
    """Yield what changes by what was appended.

    Of all who got a distinct id, the last one has it, unless it lost it again.
    """
    if _CHANGE_OWNERS.isdisjoint(appended.kinds):
        return
    had = {each.id: frozenset(each.distinct_ids) for each in appended.living}
    owners: dict[str, Row | None] = {}
    deleted = []
    for position, placed in zip(appended.positions, appended.events, strict=True):
        if type(placed.event) not in _CHANGE_OWNERS:
            continue
        if isinstance(placed.event, Deleted):
            deleted.append(placed.person_id)
        ids = had.get(placed.person_id, frozenset())
        for rank, distinct_id in enumerate(gained_ids(placed.event)):
            row = appended.project_id, distinct_id, placed.person_id, position, rank
            is_owner = distinct_id in ids
            owners[distinct_id] = (*row, folded_if_other(distinct_id)) if is_owner else None
    yield Drop(_delete_all, appended.project_id, deleted)
    free = [distinct_id for distinct_id, owner in owners.items() if owner is None]
    yield Drop(_delete, appended.project_id, free)
    yield Put(_insert, [owner for owner in owners.values() if owner])


def folded_if_other(distinct_id: str) -> str | None:
    """Return a distinct id without upper case; None where that is the distinct id itself."""
    folded = distinct_id.casefold()
    return None if folded == distinct_id else folded
