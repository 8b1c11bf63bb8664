"""The history of a person: every event, with what it changed from what, oldest first."""

from msgspec import Struct

from api.auth import READ
from api.calls import Call
from api.paging import Limit
from api.persons.history import HistoryQuery, history_of_one
from api.requests import Nothing
from api.web.addresses import local
from api.web.happenings import Happening, happening, mentioned
from api.web.names import names
from api.web.pages import Page, asked
from api.web.person_header import Header, header


class Query(HistoryQuery, frozen=True, kw_only=True):
    """Which page. `merged`: with what happened to persons that were merged into this one."""

    limit: Limit = 50


class View(Struct, frozen=True, kw_only=True):
    """What the page shows."""

    person: Header
    query: Query
    rows: list[Happening]
    next: str | None


async def show(call: Call[Query, Nothing]) -> View:
    """GET /persons/:id/history: what happened to a person, also to one that is gone."""
    person = await header(call)
    query: HistoryQuery = call.query
    found = await asked(call, history_of_one, query, Nothing())
    called = await names(call, [each for event in found.results for each in mentioned(event)])
    return View(
        person=person,
        query=call.query,
        rows=[happening(event, called) for event in found.results],
        next=local(found.next),
    )


PAGES = [Page("/persons/{id}/history", show, READ, template="person_history.html")]
