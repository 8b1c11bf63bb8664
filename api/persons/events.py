"""The captured events of a person."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC as ZONE
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import Row

from api import places
from api.auth import READ
from api.calls import Answer, Call
from api.errors import ApiError, invalid
from api.operations import Operation
from api.paging import MAX_BIGINT, Limit, link
from api.persons.ids import found
from api.persons.shapes import UTC, Text
from api.requests import Nothing
from domain.errors import InvalidValueError
from domain.values import clean, encode
from projections import captured_events
from projections.captured_events import Cursor, Window

MAX_PAGE = 1_000  # captured events, whatever limit is asked for


class EventsQuery(Struct, frozen=True, kw_only=True):
    """Which captured events: those at times between two (neither included), or of one name.

    `cursor` is what the link to the next page has.
    """

    limit: Limit = 100
    after: str = ""
    before: str = ""
    event: str | UnsetType = UNSET
    cursor: str = ""


class ListedEvent(Struct, frozen=True, kw_only=True):
    """A captured event. `person_version` is the person's after it; 0 where there was none yet."""

    uuid: UUID
    event: str
    distinct_id: str
    timestamp: UTC
    received_at: UTC
    properties: Text
    person_version: int


class EventPage(Struct, frozen=True, kw_only=True):
    """A page of captured events, newest first."""

    results: list[ListedEvent]
    next: str | None


async def events(call: Call[EventsQuery, Nothing]) -> Answer[EventPage]:
    """GET persons/:id/events: what was captured of a person, also of those merged into it."""
    person = await found(call)
    limit = min(call.query.limit, MAX_PAGE)
    window = _window(call.query)
    rows = await call.read(captured_events.page, person.person_id, window, limit=limit + 1)
    following = None
    if len(rows) > limit:
        cursor = _text(captured_events.cursor_of(rows[limit - 1]))
        following = link(call.request, limit=limit, cursor=cursor)
    return Answer(EventPage(results=[_event(row) for row in rows[:limit]], next=following))


def _window(asked: EventsQuery) -> Window:
    return Window(
        after=_time(asked.after, "after"),
        before=_time(asked.before, "before"),
        event=None if isinstance(asked.event, UnsetType) else asked.event,
        behind=_cursor(asked.cursor) if asked.cursor else None,
    )


def _time(text: str, name: str) -> datetime | None:
    try:
        return places.time(text, name) if text else None
    except ApiError:
        raise invalid(f"{text!r} is not an ISO 8601 time.", name) from None


def _event(row: Row[Any]) -> ListedEvent:
    return ListedEvent(
        uuid=row.uuid,
        event=row.event,
        distinct_id=row.distinct_id,
        timestamp=row.timestamp,
        received_at=row.received_at,
        properties=msgspec.Raw(row.properties),
        person_version=row.person_version,
    )


class _Shape(Struct, frozen=True, array_like=True):
    """A cursor that is one."""

    timestamp: UTC
    position: Annotated[int, Meta(ge=0, le=MAX_BIGINT)]
    rank: Annotated[int, Meta(ge=0, lt=2**31)]
    uuid: UUID
    event: str
    distinct_id: str


def _text(cursor: Cursor) -> str:
    return urlsafe_b64encode(encode(_Shape(*cursor))).decode().rstrip("=")


def _cursor(text: str) -> Cursor:
    try:
        given = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        shape = msgspec.convert(clean(given), _Shape)
        at = shape.timestamp.astimezone(ZONE)
    except (ValueError, OverflowError, RecursionError, InvalidValueError):
        raise invalid("Invalid cursor.", "cursor") from None
    return Cursor(at, *msgspec.structs.astuple(shape)[1:])


OPERATIONS = [
    Operation("GET", "persons/{id}/events", "persons_events_retrieve", events, READ),
]
