"""The activity log, read: what was done to persons, by whom, when, and how."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select

from domain.events import PersonEvent, Split
from domain.person import fold
from projections.activity import activity, name_of
from projections.births import numbers
from projections.person_rows import PersonRow
from projections.snapshots import stream
from storage.log import head_position
from storage.mapper import decode_event
from storage.schema import events

_NAMES = {
    "PersonCreated": "created",
    "Identified": "identified",
    "DistinctIdAdded": "distinct_id_added",
    "Merged": "merged",
    "MergedInto": "merged_into",
}
"""What an event is called that is no activity of its own: see `activity.name_of`."""

_EVENT: tuple[ColumnElement[Any], ...] = (
    events.c.project_id,
    events.c.person_id,
    events.c.version,
    events.c.topic,
    events.c.state,
    events.c.recorded_at,
)


class Activity(NamedTuple):
    """One thing that was done to a person; `number` is the person's integer id.

    `number` and `event` are None where they were erased. `distinct_ids` are all that a person
    that was split had before.
    """

    name: str
    number: int | None
    person_id: UUID
    at: datetime
    event: PersonEvent | None
    distinct_ids: list[str]


def page(
    connection: Connection, project_id: int, person: PersonRow | None, *, limit: int, offset: int
) -> tuple[int, list[Activity]]:
    """Return how much people and keys did, and a page of it, newest first.

    `person` is the one it was done to; None for all persons, also those that are gone.
    """
    chosen = [activity.c.project_id == project_id]
    if person is not None:
        chosen.append(activity.c.person_id == person.person_id)
    count = connection.execute(select(func.count()).where(*chosen)).scalar_one()
    is_its_event = (events.c.project_id == activity.c.project_id) & (
        events.c.position == activity.c.position
    )
    query = (
        select(*_EVENT, activity.c.activity)
        .select_from(activity.join(events, is_its_event))
        .where(*chosen)
        .order_by(activity.c.position.desc())
        .limit(limit)
        .offset(offset)
    )
    rows = connection.execute(query).all()
    known = numbers(connection, project_id, {row.person_id for row in rows})
    return count, [
        _activity(connection, row, known.get(row.person_id), row.activity) for row in rows
    ]


def full_page(
    connection: Connection, project_id: int, person: PersonRow | None, *, limit: int, offset: int
) -> tuple[int, list[Activity]]:
    """Return what `page` does, with what captured events and the system did too."""
    query = select(*_EVENT).where(events.c.project_id == project_id).limit(limit)
    # Neither positions nor versions have gaps, so they count, and lead to a page.
    if person is None:
        count, place = head_position(connection, project_id), events.c.position
    else:
        count, place = person.version, events.c.version
        query = query.where(events.c.person_id == person.person_id)
    query = query.where(place <= count - offset).order_by(place.desc())
    rows = connection.execute(query).all()
    known = numbers(connection, project_id, {row.person_id for row in rows})
    return count, [_activity(connection, row, known.get(row.person_id)) for row in rows]


def _activity(
    connection: Connection, row: Any, number: int | None, name: str | None = None
) -> Activity:
    event = None if row.state is None else decode_event(row.topic, row.state)
    name = name or (event and name_of(event)) or _NAMES.get(row.topic, row.topic)
    distinct_ids: list[str] = []
    if isinstance(event, Split):
        before = stream(connection, row.project_id, row.person_id, below=row.version)
        person = fold(None, before)
        distinct_ids = person.distinct_ids if person else []
    return Activity(name, number, row.person_id, row.recorded_at, event, distinct_ids)
