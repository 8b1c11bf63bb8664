"""What became of the captured events that were to be deleted."""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row

from api.auth import READ
from api.calls import Answer, Call
from api.operations import Operation
from api.paging import Limit, Offset, offset_links
from api.persons.shapes import UTC
from api.requests import Nothing
from storage import deletion_status as storage

MAX_PAGE = 1_000  # rows, whatever limit is asked for

_IS_DONE = {"all": None, "pending": False, "completed": True}


class StatusQuery(Struct, frozen=True, kw_only=True):
    """Which entries to show."""

    status: Literal["all", "pending", "completed"] = "all"
    person_uuid: UUID | None = None
    limit: Limit = 100
    offset: Offset = 0


class Deletion(Struct, frozen=True, kw_only=True):
    """A person whose captured events up to `created_at` are to be deleted, or were."""

    person_uuid: UUID
    created_at: UTC
    status: Literal["pending", "completed"]
    delete_verified_at: UTC | None


class DeletionPage(Struct, frozen=True, kw_only=True):
    """A page of deletions, newest first; `count` is that of all pages."""

    count: int
    next: str | None
    previous: str | None
    results: list[Deletion]


async def deletion_status(call: Call[StatusQuery, Nothing]) -> Answer[DeletionPage]:
    """GET persons/deletion_status: whose captured events are to be deleted, and whose were."""
    asked = call.query
    limit = min(asked.limit, MAX_PAGE)
    count, rows = await call.read(
        storage.read,
        is_done=_IS_DONE[asked.status],
        person_id=asked.person_uuid,
        limit=limit,
        offset=asked.offset,
    )
    following, before = offset_links(call.request, limit=limit, offset=asked.offset, total=count)
    results = [_deletion(row) for row in rows]
    return Answer(DeletionPage(count=count, next=following, previous=before, results=results))


def _deletion(row: Row[Any]) -> Deletion:
    return Deletion(
        person_uuid=row.person_id,
        created_at=row.created_at,
        status="completed" if row.delete_verified_at else "pending",
        delete_verified_at=row.delete_verified_at,
    )


OPERATIONS = [
    Operation(
        "GET", "persons/deletion_status", "persons_deletion_status_retrieve", deletion_status, READ
    ),
]
