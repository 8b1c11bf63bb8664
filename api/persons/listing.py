"""The list of persons: filters, search, pages that others' writes do not shift, and CSV."""

from datetime import datetime
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.responses import Response

from api import places
from api.auth import READ
from api.calls import Answer, Call
from api.csv_answers import Rows
from api.errors import invalid
from api.operations import Operation
from api.paging import Limit, Offset, link
from api.persons import list_cursors
from api.persons.list_cursors import Cursor
from api.persons.listed_people import ListedPeople
from api.persons.shapes import ListedPerson, listed
from api.places import PlaceText
from api.requests import Nothing
from projections import filters
from projections.listed import listed_before
from projections.person_rows import PersonRow
from projections.persons_query import PersonsQuery
from storage.log import head_position
from storage.places import Place

MAX_PAGE = 10_000  # persons on one page, whatever limit is asked for
CSV_PAGE = 1_000  # persons read at once
MAX_CSV = 300_000  # persons


class ListQuery(Struct, frozen=True, kw_only=True):
    """Which persons to list: those to which all that is given applies, newest first.

    `as_known_at` is refused: a list knows only when things were recorded.
    """

    search: str = ""
    email: str = ""
    distinct_id: str = ""
    properties: str = ""
    limit: Limit = 100
    offset: Offset = 0
    cursor: str = ""
    include_total: bool = False
    as_of: PlaceText = ""
    as_known_at: str = ""


class PersonPage(Struct, frozen=True, kw_only=True):
    """A page of persons. `next` and `previous` are URLs, or null at the ends."""

    next: str | None
    previous: str | None
    results: list[ListedPerson]
    count: int | UnsetType = UNSET


class _Page(NamedTuple):
    results: list[ListedPerson]
    cursor: Cursor
    next: Cursor | None
    total: int | UnsetType


async def list_persons(call: Call[ListQuery, Nothing]) -> Answer[PersonPage]:
    """GET persons: a page of persons, newest first."""
    limit, offset = min(call.query.limit, MAX_PAGE), call.query.offset
    page = await call.read(_page, call, list_cursors.parse(call.query.cursor), limit=limit)
    following = before = None
    if page.next:
        following = link(call.request, limit=limit, offset=offset + limit, cursor=page.next.text())
    if offset > 0:
        before = _previous(call, page.cursor, limit=limit, offset=max(offset - limit, 0))
    return Answer(
        PersonPage(next=following, previous=before, results=page.results, count=page.total)
    )


async def list_csv(call: Call[ListQuery, Nothing]) -> Response:
    """GET persons in CSV: all that match, without pages."""
    rows = await call.read(_all, call)
    return rows.response()


def _previous(call: Call[ListQuery, Nothing], cursor: Cursor, *, limit: int, offset: int) -> str:
    # Counted from the top of the first page, so that persons who came in front do not shift it.
    is_counted_from_top = offset > 0 and cursor.top is not None
    text = replace(cursor, last=None).text() if is_counted_from_top else None
    return link(call.request, limit=limit, offset=offset, cursor=text)


def _query(call: Call[ListQuery, Nothing], at: datetime) -> PersonsQuery:
    asked = call.query
    return PersonsQuery(
        at=at,
        search=asked.search or None,
        email=asked.email or None,
        distinct_id=asked.distinct_id or None,
        filters=filters.parse(asked.properties) if asked.properties else [],
    )


def _place(call: Call[ListQuery, Nothing]) -> Place | None:
    if call.query.as_known_at:
        raise invalid("Only one person can be asked for as known at a time.", "as_known_at")
    return places.parse(call.query.as_of, call.at, "as_of") if call.query.as_of else None


def _page(
    connection: Connection,
    project_id: int,
    call: Call[ListQuery, Nothing],
    cursor: Cursor | None,
    *,
    limit: int,
) -> _Page:
    asked = ListedPeople(connection, project_id, _place(call), call.at)
    query, offset = _query(call, asked.at), call.query.offset
    goes_on = cursor is not None and cursor.last is not None
    wanted = replace(
        query,
        limit=limit + 1,  # one more tells whether there is a next page
        offset=0 if goes_on else offset,
        after=cursor and cursor.after,
    )
    found = asked.page(wanted)
    if cursor is None:
        top = found[0] if found and offset == 0 else None
        cursor = list_cursors.first(head_position(connection, project_id), top)
    rows = found[:limit]
    following = cursor.behind(rows[-1]) if len(found) > limit else None
    if goes_on and asked.position is None:
        rows = _not_listed_before(connection, project_id, rows, cursor)
    total = asked.count(query) if call.query.include_total else UNSET
    naming = call.project.settings.display_name_properties
    return _Page([listed(row, naming) for row in rows], cursor, following, total)


def _not_listed_before(
    connection: Connection, project_id: int, rows: list[PersonRow], cursor: Cursor
) -> list[PersonRow]:
    assert cursor.after
    seen = listed_before(
        connection,
        project_id,
        [row.person_id for row in rows],
        since=cursor.position,
        before=cursor.after,
    )
    return [row for row in rows if row.person_id not in seen]


def _all(connection: Connection, project_id: int, call: Call[ListQuery, Nothing]) -> Rows:
    naming = call.project.settings.display_name_properties
    asked = ListedPeople(connection, project_id, _place(call), call.at)
    query = replace(_query(call, asked.at), limit=CSV_PAGE)
    rows = Rows()
    for _ in range(0, MAX_CSV, CSV_PAGE):
        found = asked.page(query)
        for row in found:
            rows.add(listed(row, naming))
        if len(found) < CSV_PAGE:
            break
        query = replace(query, after=(found[-1].created_at, found[-1].person_id))
    return rows


OPERATIONS = [
    Operation("GET", "persons", "persons_list", list_persons, READ, csv=list_csv),
]
