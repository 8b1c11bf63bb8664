"""Whose each distinct id is: one row for each, a part of the view of current persons."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

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
from storage.statements import Delete, Insert, Query, among

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


def project(connection: Connection, appended: Appended) -> None:
    """Bring the owners up to what was appended."""
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
    _delete_all.run(connection, appended.project_id, deleted)
    free = [distinct_id for distinct_id, owner in owners.items() if owner is None]
    _delete.run(connection, appended.project_id, free)
    _insert.run(connection, [owner for owner in owners.values() if owner])


def folded_if_other(distinct_id: str) -> str | None:
    """Return a distinct id without upper case; None where that is the distinct id itself."""
    folded = distinct_id.casefold()
    return None if folded == distinct_id else folded


def _forget(owners: dict[str, tuple[Any, ...] | None], person_id: UUID) -> None:
    for distinct_id, owner in owners.items():
        if owner and owner[2] == person_id:
            owners[distinct_id] = None
