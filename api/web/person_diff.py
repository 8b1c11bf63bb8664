"""What differs for a person between two times."""

from datetime import datetime

import msgspec
from msgspec import Struct

from api.auth import READ
from api.calls import Call
from api.persons.diff import ChangedIds, DiffQuery, diff_of_one
from api.requests import Nothing
from api.web import differences
from api.web.pages import Page, asked
from api.web.person_header import Header, header
from api.web.values import Change


class View(Struct, frozen=True, kw_only=True):
    """What the page shows."""

    person: Header
    start: int | datetime
    end: int | datetime
    spans: list[tuple[str, str]]
    changes: list[Change]
    distinct_ids: ChangedIds


async def show(call: Call[DiffQuery, Nothing]) -> View:
    """GET /persons/:id/diff: what differs between two times; without them, since its birth."""
    person = await header(call)
    query = call.query
    if not query.start:
        query = msgspec.structs.replace(query, start="0")
    found = await asked(call, diff_of_one, query, Nothing())
    return View(
        person=person,
        start=found.start,
        end=found.end,
        spans=differences.spans(call.at),
        changes=differences.changes(found),
        distinct_ids=found.distinct_ids,
    )


PAGES = [Page("/persons/{id}/diff", show, READ, template="person_diff.html")]
