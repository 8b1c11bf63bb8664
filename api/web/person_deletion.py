"""Deleting a person, after having seen what that will do; and bringing it back."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from api.auth import WRITE
from api.calls import Call
from api.persons.deletion import DeleteQuery, delete
from api.persons.erasures import erases_at, undelete
from api.persons.events import EventsQuery, events
from api.persons.ids import found
from api.purge.schedule import next_time
from api.requests import Nothing
from api.web import confirmed
from api.web.pages import Action, Page, asked
from api.web.person_header import Header, header

COUNTED = 100  # captured events

_WORD = "delete"


class View(Struct, frozen=True, kw_only=True):
    """What deleting will do: when the data is erased, after all or `soonest`.

    `events` captured events are there, `or_more`; they would be deleted at `purge`.
    """

    person: Header
    phrase: str
    erased: datetime
    soonest: datetime
    purge: datetime
    events: int
    or_more: bool


class DeleteForm(Struct, frozen=True, kw_only=True):
    """How to delete, and what was typed to confirm it."""

    confirm: str = ""
    events: bool = False
    erase: Literal["later", "now"] = "later"


async def ask(call: Call[Nothing, Nothing]) -> View:
    """GET /persons/:id/delete: what deleting will do."""
    await found(call)
    person = await header(call)
    captured = await asked(call, events, EventsQuery(limit=COUNTED), Nothing())
    return View(
        person=person,
        phrase=confirmed.phrase(_WORD, person.number),
        erased=erases_at(call, call.at, erases_now=False),
        soonest=erases_at(call, call.at, erases_now=True),
        purge=next_time(call.at),
        events=len(captured.results),
        or_more=captured.next is not None,
    )


async def remove(call: Call[Nothing, DeleteForm]) -> str:
    """POST /persons/:id/delete: delete it."""
    person = await found(call)
    confirmed.check(call.body.confirm, confirmed.phrase(_WORD, person.number))
    erase: Literal["now"] | None = "now" if call.body.erase == "now" else None
    query = DeleteQuery(delete_events=call.body.events, erase=erase)
    await asked(call, delete, query, Nothing())
    return f"/persons/{person.person_id}"


async def bring_back(call: Call[Nothing, Nothing]) -> str:
    """POST /persons/:id/undelete: bring a deleted person back."""
    person = await asked(call, undelete, Nothing(), Nothing())
    return f"/persons/{person.uuid}"


PAGES: list[Page | Action] = [
    Page("/persons/{id}/delete", ask, WRITE, template="person_deletion.html"),
    Action("/persons/{id}/delete", remove, WRITE),
    Action("/persons/{id}/undelete", bring_back, WRITE),
]
