"""Bringing deleted persons back, and what becomes of those who are not: erasures and receipts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, Row

from api.auth import READ, WRITE
from api.calls import Answer, Call
from api.errors import not_found
from api.operations import Operation
from api.paging import Limit, Offset, offset_links
from api.persons.ids import ever, found
from api.persons.shapes import UTC, SinglePerson, single
from api.purge.schedule import next_time
from api.requests import Nothing
from domain.commands import UndeletePerson
from projections import deletions
from projections.births import numbers
from projections.known import Known
from storage import erasure_receipts
from storage.erasure_receipts import Receipt

MAX_PAGE = 1_000  # rows, whatever limit is asked for


class ErasuresQuery(Struct, frozen=True, kw_only=True):
    """Which page."""

    limit: Limit = 100
    offset: Offset = 0


class WaitingErasure(Struct, frozen=True, kw_only=True):
    """A deleted person whose data is erased by the purge that begins at `erases_at`.

    Until then it can be brought back. `deletes_events`: its captured events go with it.
    """

    person_uuid: UUID
    person_id: int
    deleted_at: UTC
    erases_at: UTC
    deletes_events: bool


class ErasurePage(Struct, frozen=True, kw_only=True):
    """A page of those who wait, deleted first; `count` is that of all pages."""

    count: int
    next: str | None
    previous: str | None
    results: list[WaitingErasure]


async def undelete(call: Call[Nothing, Nothing]) -> Answer[SinglePerson]:
    """POST persons/:id/undelete: bring a deleted person back, with all that it had."""
    person = await ever(call)
    _, headers = await call.write(UndeletePerson(person_id=person.person_id))
    row = await found(call)
    headers["ETag"] = f'"{row.version}"'
    return Answer(single(row, call.project.settings.display_name_properties), headers)


async def erasures(call: Call[ErasuresQuery, Nothing]) -> Answer[ErasurePage]:
    """GET persons/erasures: which deleted persons are still there, and when they are erased."""
    limit, offset = min(call.query.limit, MAX_PAGE), call.query.offset
    count, rows, ids = await call.read(_page, limit=limit, offset=offset)
    following, before = offset_links(call.request, limit=limit, offset=offset, total=count)
    results = [_waiting(call, row, ids[row.person_id]) for row in rows]
    return Answer(ErasurePage(count=count, next=following, previous=before, results=results))


async def receipt(call: Call[Nothing, Nothing]) -> Answer[Receipt]:
    """GET persons/:id/erasure: the receipt of a person's erasure."""
    person = await ever(call)
    kept = await call.read(erasure_receipts.read, person.person_id)
    if kept is None:
        raise not_found()
    return Answer(kept)


def _page(
    connection: Connection, project_id: int, *, limit: int, offset: int
) -> tuple[int, Sequence[Row[Any]], dict[UUID, int]]:
    count, rows = deletions.page(connection, project_id, limit=limit, offset=offset)
    return count, rows, numbers(connection, project_id, [row.person_id for row in rows])


async def waiting(call: Call[Any, Any], person: Known) -> WaitingErasure | None:
    """Return when a person is erased; None for one that lives, or was erased."""
    row = await call.read(deletions.of, person.person_id)
    return None if row is None else _waiting(call, row, person.number)


def _waiting(call: Call[Any, Any], row: Row[Any], number: int) -> WaitingErasure:
    return WaitingErasure(
        person_uuid=row.person_id,
        person_id=number,
        deleted_at=row.deleted_at,
        erases_at=erases_at(call, row.deleted_at, erases_now=row.erases_now),
        deletes_events=row.deletes_events,
    )


def erases_at(call: Call[Any, Any], deleted_at: datetime, *, erases_now: bool) -> datetime:
    """Return when a purge erases who was, or would be, deleted at a time."""
    due = deleted_at + (timedelta() if erases_now else call.store.retention)
    return next_time(max(due, call.at))


OPERATIONS = [
    Operation(
        "POST",
        "persons/{id}/undelete",
        "persons_undelete_create",
        undelete,
        WRITE,
        refusals=[409],
    ),
    Operation("GET", "persons/erasures", "persons_erasures_retrieve", erasures, READ),
    Operation("GET", "persons/{id}/erasure", "persons_erasure_retrieve", receipt, READ),
]
