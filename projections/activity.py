"""The activity log: what people and keys did to persons, one row for each such event.

The row says where to look; what was done stands in the event itself, at its position.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index, Table, Text, Uuid

from domain.events import (
    Deleted,
    Erased,
    PersonEvent,
    PropertySet,
    PropertyUnset,
    Split,
    Undeleted,
    Unmerged,
)
from projections.projection import Projection, metadata
from storage.appended import Appended
from storage.changes import Change, Drop, Put
from storage.statements import Delete, Insert

activity = Table(
    "activity",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
    Column("activity", Text, nullable=False),
    Index("activity_by_person", "project_id", "person_id", "position"),
)

_insert = Insert(activity)
_delete = Delete(activity.c.position)

NAMES: dict[type[PersonEvent], str] = {
    PropertySet: "updated",
    PropertyUnset: "delete_property",
    Split: "split_person",
    Unmerged: "unmerged",
    Deleted: "deleted",
    Undeleted: "undeleted",
    Erased: "erased",
}
"""What people and keys do, as PostHog calls it where it knows it."""


def name_of(event: PersonEvent) -> str | None:
    """Return what an event did; None for what is no activity of its own."""
    return NAMES.get(type(event))


def _project(appended: Appended) -> Iterator[Change]:
    rows = []
    erased: list[int] = []
    for position, placed in zip(appended.positions, appended.events, strict=True):
        event, name = placed.event, name_of(placed.event)
        if isinstance(event, Erased):
            erased += event.positions
        elif event.origin.actor.kind != "key":
            continue
        if name:
            rows.append((appended.project_id, position, placed.person_id, name))
    yield Put(_insert, rows)
    yield Drop(_delete, appended.project_id, erased)


PROJECTION = Projection("activity", version=1, tables=(activity,), project=_project)
