"""The captured events of a person, newest first, and how many there are of each name."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

from api.auth import READ
from api.calls import Call
from api.paging import Limit
from api.persons.events import EventsQuery, ListedEvent, events
from api.requests import Nothing
from api.web.addresses import local
from api.web.pages import Page, asked
from api.web.person_header import Header, header
from projections.event_counts import event_counts

MOST = 30  # names that are shown with their counts


class Query(Struct, frozen=True, kw_only=True):
    """Which captured events: those of one name, or all; `cursor` is that of the next page."""

    event: str = ""
    cursor: str = ""
    limit: Limit = 50


class Row(Struct, frozen=True, kw_only=True):
    """A captured event; `json` is all of it, in lines."""

    uuid: UUID
    event: str
    distinct_id: str
    at: datetime
    properties: int
    json: str


class View(Struct, frozen=True, kw_only=True):
    """What the page shows: `counts` of the most frequent names, and a page of events."""

    person: Header
    query: Query
    total: int
    counts: list[tuple[str, int]]
    more: int
    rows: list[Row]
    next: str | None


async def show(call: Call[Query, Nothing]) -> View:
    """GET /persons/:id/events: what was captured of a person; nothing of one that is gone."""
    person = await header(call)
    if not person.is_now:
        return View(person=person, query=call.query, total=0, counts=[], more=0, rows=[], next=None)
    query = EventsQuery(
        limit=call.query.limit, cursor=call.query.cursor, event=call.query.event or UNSET
    )
    found = await asked(call, events, query, Nothing())
    counts = await call.read(event_counts, person.uuid)
    return View(
        person=person,
        query=call.query,
        total=counts.total(),
        counts=counts.most_common(MOST),
        more=max(len(counts) - MOST, 0),
        rows=[_row(each) for each in found.results],
        next=local(found.next),
    )


def _row(event: ListedEvent) -> Row:
    text = msgspec.json.encode(event)
    return Row(
        uuid=event.uuid,
        event=event.event,
        distinct_id=event.distinct_id,
        at=event.timestamp,
        properties=len(msgspec.json.decode(event.properties, type=dict[str, msgspec.Raw])),
        json=msgspec.json.format(text, indent=2).decode(),
    )


PAGES = [Page("/persons/{id}/events", show, READ, template="person_events.html")]
