"""The activity log: what people and keys did to persons through the API."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from api import places
from api.auth import READ_ACTIVITY
from api.calls import Answer, Call
from api.errors import invalid_choice, not_found
from api.operations import Operation
from api.paging import Limit, PageNumber, link
from api.persons.activity_details import Detail, as_posthog, with_values
from api.persons.ids import found
from api.persons.shapes import UTC
from api.places import PlaceText
from api.requests import Nothing
from projections import activity_log
from projections.activity_log import Activity, Wanted

MAX_PAGE = 1_000  # rows, whatever limit is asked for

ActivityName: TypeAlias = Annotated[
    str, Meta(extra_json_schema={"enum": ["", *sorted(activity_log.NAMES.values())]})
]


class ActivityQuery(Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """Which activities, and which page of them.

    `source`: what keys did through the API, or what captured events did too, with all values.
    `actor` is the name of a key, or a project's token; `user` says the same. `activity` is what was
    done; `from` (excluded) and `to` are when.
    """

    source: Literal["api", "all"] = "api"
    actor: str = ""
    user: str = ""
    activity: ActivityName = ""
    start: PlaceText = ""
    end: PlaceText = ""
    page: PageNumber = 1
    limit: Limit = 10


class User(Struct, frozen=True, kw_only=True):
    """Who did it: the name of an API key, or the system."""

    first_name: str
    email: str | None = None
    is_system: bool | UnsetType = UNSET


class ActivityItem(Struct, frozen=True, kw_only=True):
    """One thing that was done. `item_id` is the person's integer id, as text."""

    user: User
    activity: str
    scope: str = "Person"
    item_id: str
    detail: Detail
    created_at: UTC


class ActivityPage(Struct, frozen=True, kw_only=True):
    """A page of activities, newest first; `total_count` is that of all pages."""

    results: list[ActivityItem]
    next: str | None
    previous: str | None
    total_count: int


async def activity_of_all(call: Call[ActivityQuery, Nothing]) -> Answer[ActivityPage]:
    """GET persons/activity: what was done to all persons, also to those that are gone."""
    return await _page(call, None)


async def activity_of_one(call: Call[ActivityQuery, Nothing]) -> Answer[ActivityPage]:
    """GET persons/:id/activity: what was done to one person."""
    return await _page(call, (await found(call)).person_id)


async def _page(call: Call[ActivityQuery, Nothing], person_id: UUID | None) -> Answer[ActivityPage]:
    total, rows = await done(call, person_id)
    following, before = links(call, total)
    return Answer(
        ActivityPage(
            results=[_item(row, call.query.source) for row in rows],
            next=following,
            previous=before,
            total_count=total,
        )
    )


async def done(
    call: Call[ActivityQuery, Nothing], person_id: UUID | None
) -> tuple[int, list[Activity]]:
    """Return how much was done to a person, or to all, and the page of it that is asked for.

    Raises:
        ApiError: 400, it is asked for wrongly; 404, there is no such page.
    """
    limit = min(call.query.limit, MAX_PAGE)
    offset = (call.query.page - 1) * limit
    total, rows = await call.read(
        activity_log.page, person_id, _wanted(call), limit=limit, offset=offset
    )
    if offset and offset >= total:
        raise not_found("Invalid page.")
    return total, rows


def links(call: Call[ActivityQuery, Nothing], total: int) -> tuple[str | None, str | None]:
    """Return the URLs of the next and the previous page of all that was done."""
    page, limit = call.query.page, min(call.query.limit, MAX_PAGE)
    following = link(call.request, page=page + 1, limit=limit) if page * limit < total else None
    return following, link(call.request, page=page - 1, limit=limit) if page > 1 else None


def _wanted(call: Call[ActivityQuery, Nothing]) -> Wanted:
    asked = call.query
    if asked.activity and asked.activity not in activity_log.NAMES.values():
        raise invalid_choice(asked.activity, "activity")
    return Wanted(
        is_full=asked.source == "all",
        name=asked.activity or None,
        actor=asked.actor or asked.user or None,
        start=places.parse(asked.start, call.at, "from") if asked.start else None,
        end=places.parse(asked.end, call.at, "to") if asked.end else None,
    )


def _item(row: Activity, source: str) -> ActivityItem:
    actor = row.event.origin.actor if row.event else None
    if actor and actor.kind != "system":
        user = User(first_name=actor.name)
    else:
        user = User(first_name="System", is_system=True)
    return ActivityItem(
        user=user,
        activity=row.name,
        item_id=str(row.number or ""),
        detail=with_values(row) if source == "all" else as_posthog(row),
        created_at=row.at,
    )


OPERATIONS = [
    Operation(
        "GET", "persons/{id}/activity", "persons_activity_retrieve", activity_of_one, READ_ACTIVITY
    ),
    Operation(
        "GET", "persons/activity", "persons_all_activity_retrieve", activity_of_all, READ_ACTIVITY
    ),
]
