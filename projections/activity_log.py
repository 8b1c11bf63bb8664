"""The activity log, read: what was done to persons, by whom, when, and how."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, FromClause, func, or_, select

from domain.events import (
    Actor,
    DistinctIdAdded,
    Identified,
    Merged,
    MergedInto,
    PersonCreated,
    PersonEvent,
    PropertyBackfilled,
    Split,
)
from domain.person import fold
from domain.values import encode
from projections import activity as view
from projections.activity import activity
from projections.births import numbers
from projections.snapshots import stream
from storage.log import END, RECORDED, head_position
from storage.mapper import decode_event
from storage.places import Place, position_of, version_at
from storage.schema import events

NAMES: dict[str, str] = {
    event_class.__name__: name
    for event_class, name in {
        PersonCreated: "created",
        PropertyBackfilled: "backfilled",
        Identified: "identified",
        DistinctIdAdded: "distinct_id_added",
        Merged: "merged",
        MergedInto: "merged_into",
        **view.NAMES,
    }.items()
}
"""What each event is called, by its topic."""

_KINDS: tuple[Literal["key", "token", "system"], ...] = ("key", "token", "system")


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked for; None leaves nothing out.

    `is_full`: what captured events and the system did, too. `name` is what was done, `actor` the
    name of who did it; `start` and `end` are places of the log, the first excluded.
    """

    is_full: bool = False
    name: str | None = None
    actor: str | None = None
    start: Place | None = None
    end: Place | None = None

    @property
    def is_all(self) -> bool:
        """Tell whether every event is wanted."""
        return self == Wanted(is_full=True)


class Activity(NamedTuple):
    """One thing that was done to a person; `number` is the person's integer id.

    `row` is that of the log; `event` is None where it was erased. `distinct_ids` are all that a
    person that was split had before.
    """

    name: str
    number: int | None
    row: Any
    event: PersonEvent | None
    distinct_ids: list[str]

    @property
    def person_id(self) -> UUID:
        """The person it was done to."""
        person_id: UUID = self.row.person_id
        return person_id

    @property
    def at(self) -> datetime:
        """When it was recorded."""
        at: datetime = self.row.recorded_at
        return at


def page(
    connection: Connection,
    project_id: int,
    person_id: UUID | None,
    wanted: Wanted,
    *,
    limit: int,
    offset: int,
) -> tuple[int, list[Activity]]:
    """Return how much was done, and a page of it, newest first.

    `person_id` is whom it was done to; None for all persons, also those that are gone.

    Raises:
        InvalidParameterError: see `storage.places.position_of`.
    """
    where = list(_where(connection, project_id, person_id, wanted))
    query = RECORDED.select_from(_log(wanted, with_events=True)).where(*where)
    if wanted.is_all:
        # Neither positions nor versions have gaps, so they count, and lead to a page.
        count = _last(connection, project_id, person_id)
        place: ColumnElement[int] = events.c.version if person_id else events.c.position
        query = query.where(place <= count - offset)
    else:
        log = _log(wanted, with_events=wanted.actor is not None)
        counted = select(func.count()).select_from(log).where(*where)
        count = connection.execute(counted).scalar_one()
        place = _places(wanted).c.position
        query = query.offset(offset)
    rows = connection.execute(query.order_by(place.desc()).limit(limit)).all()
    known = numbers(connection, project_id, {row.person_id for row in rows})
    return count, [_activity(connection, project_id, row, known.get(row.person_id)) for row in rows]


def _last(connection: Connection, project_id: int, person_id: UUID | None) -> int:
    """Return the last version of a person, or the last position of the log."""
    if person_id is None:
        return head_position(connection, project_id)
    return version_at(connection, project_id, person_id, END)


def _places(wanted: Wanted) -> FromClause:
    return events if wanted.is_full else activity


def _log(wanted: Wanted, *, with_events: bool) -> FromClause:
    if wanted.is_full or not with_events:
        return _places(wanted)
    is_its_event = (events.c.project_id == activity.c.project_id) & (
        events.c.position == activity.c.position
    )
    return activity.join(events, is_its_event)


def _where(
    connection: Connection, project_id: int, person_id: UUID | None, wanted: Wanted
) -> Iterator[ColumnElement[bool]]:
    place = _places(wanted).c
    yield place.project_id == project_id
    if person_id is not None:
        yield place.person_id == person_id
    if wanted.start is not None:
        yield place.position > position_of(connection, project_id, wanted.start, "from")
    if wanted.end is not None:
        yield place.position <= position_of(connection, project_id, wanted.end, "to")
    if wanted.name is not None and wanted.is_full:
        yield events.c.topic.in_([topic for topic, name in NAMES.items() if name == wanted.name])
    elif wanted.name is not None:
        yield activity.c.activity == wanted.name
    if wanted.actor is not None:
        yield or_(*(_was_done_by(Actor(kind, wanted.actor)) for kind in _KINDS))


def _was_done_by(actor: Actor) -> ColumnElement[bool]:
    # Every event's text begins with who did it, always written by the same encoder.
    start = encode({"origin": {"actor": actor}}).decode().removesuffix("}}")
    return func.substr(events.c.state, 1, len(start)) == start


def _activity(connection: Connection, project_id: int, row: Any, number: int | None) -> Activity:
    event = None if row.state is None else decode_event(row.topic, row.state)
    distinct_ids: list[str] = []
    if isinstance(event, Split):
        before = stream(connection, project_id, row.person_id, below=row.version)
        person = fold(None, before)
        distinct_ids = person.distinct_ids if person else []
    return Activity(NAMES[row.topic], number, row, event, distinct_ids)
