"""The merges of a project: who took in whom, and by what."""

from msgspec import Struct

from api.auth import READ
from api.calls import Call
from api.paging import After, Limit, link
from api.requests import Nothing
from api.web.addresses import local
from api.web.happenings import Happening, happening, mentioned
from api.web.names import names
from api.web.pages import Page
from projections import recent_merges

MAX_PAGE = 200  # merges, whatever limit is asked for


class Query(Struct, frozen=True, kw_only=True):
    """Which page: merges before a position; 0 for the end of the log."""

    before: After = 0
    limit: Limit = 50


class Row(Struct, frozen=True, kw_only=True):
    """A merge into `merge.person`, and whether it was taken back; `source` is the other person."""

    merge: Happening
    source: str
    source_name: str | None
    distinct_ids: list[str]
    is_taken_back: bool


class View(Struct, frozen=True, kw_only=True):
    """What the page shows; `earlier` leads on. `is_last`: nothing later is left out."""

    rows: list[Row]
    earlier: str | None
    is_last: bool


async def show(call: Call[Query, Nothing]) -> View:
    """GET /merges: the merges of all persons, newest first."""
    before, limit = call.query.before, min(call.query.limit, MAX_PAGE)
    page = await call.read(recent_merges.page, before=before or None, limit=limit)
    events = [each.event for each in page.merges]
    called = await names(call, [person for event in events for person in mentioned(event)])
    rows = [
        Row(
            merge=happening(event, called),
            source=str(event["source"]),
            source_name=called.get(event["source"]),
            distinct_ids=event["distinct_ids"],
            is_taken_back=is_taken_back,
        )
        for event, is_taken_back in page.merges
    ]
    earlier = link(call.request, before=page.before) if page.before else None
    return View(rows=rows, earlier=local(earlier), is_last=not before)


PAGES = [Page("/merges", show, READ, template="merges.html")]
