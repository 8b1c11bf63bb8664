"""The activity log: what people and keys did to persons through the API."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from api.auth import READ_ACTIVITY
from api.calls import Answer, Call
from api.errors import not_found
from api.operations import Operation
from api.paging import Limit, PageNumber, link
from api.person_ids import found
from api.person_shapes import UTC
from api.requests import Nothing
from domain.values import JSON
from projections import activity_log, history
from projections.activity_log import Activity
from projections.person_rows import PersonRow

MAX_PAGE = 1_000  # rows, whatever limit is asked for


class ActivityQuery(Struct, frozen=True, kw_only=True):
    """Which page. `source`: what keys did through the API, or what captured events did too."""

    source: Literal["api", "all"] = "api"
    page: PageNumber = 1
    limit: Limit = 10


class User(Struct, frozen=True, kw_only=True):
    """Who did it: the name of an API key, or the system."""

    first_name: str
    email: str | None = None
    is_system: bool | UnsetType = UNSET


class Change(Struct, frozen=True, kw_only=True):
    """What was changed. Values of properties are told where a captured event set them."""

    type: str = "Person"
    action: str
    field: str | None = None
    before: JSON = None
    after: JSON = None


class Detail(Struct, frozen=True, kw_only=True):
    """What was done, as PostHog's activity log has it. `name` is the person's uuid."""

    changes: list[Change] | None = None
    trigger: None = None
    name: str | None = None
    short_id: None = None
    type: None = None


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
    return await _page(call, await found(call))


async def _page(
    call: Call[ActivityQuery, Nothing], person: PersonRow | None
) -> Answer[ActivityPage]:
    page, limit = call.query.page, min(call.query.limit, MAX_PAGE)
    offset = (page - 1) * limit
    read = activity_log.full_page if call.query.source == "all" else activity_log.page
    total, rows = await call.read(read, person, limit=limit, offset=offset)
    if page > 1 and offset >= total:
        raise not_found("Invalid page.")
    has_next = offset + limit < total
    return Answer(
        ActivityPage(
            results=[_item(row) for row in rows],
            next=link(call.request, page=page + 1, limit=limit) if has_next else None,
            previous=link(call.request, page=page - 1, limit=limit) if page > 1 else None,
            total_count=total,
        )
    )


def _item(row: Activity) -> ActivityItem:
    actor = row.event.origin.actor if row.event else None
    if actor and actor.kind != "system":
        user = User(first_name=actor.name)
    else:
        user = User(first_name="System", is_system=True)
    return ActivityItem(
        user=user,
        activity=row.name,
        item_id=str(row.number or ""),
        detail=_of_a_key(row) if actor and actor.kind == "key" else _of_an_event(row),
        created_at=row.at,
    )


def _of_a_key(row: Activity) -> Detail:
    """Return what was done through the API, as PostHog tells it."""
    name = str(row.person_id)
    match row.name:
        case "updated":
            return Detail(changes=[Change(action="changed", field="properties")])
        case "delete_property":
            return Detail(name=name, changes=[Change(action="changed")])
        case "split_person":
            after = {"distinct_ids": row.distinct_ids}
            return Detail(name=name, changes=[Change(action="split", after=after)])
        case _:
            return Detail(name=name)


def _of_an_event(row: Activity) -> Detail:
    """Return what a captured event did to properties, from what to what."""
    changes = [
        Change(
            action="changed",
            field=each["key"],
            before=each.get("before"),
            after=each.get("after"),
        )
        for each in (history.changes(row.event) if row.event else ())
    ]
    return Detail(name=str(row.person_id), changes=changes or None)


OPERATIONS = [
    Operation(
        "GET", "persons/{id}/activity", "persons_activity_retrieve", activity_of_one, READ_ACTIVITY
    ),
    Operation(
        "GET", "persons/activity", "persons_all_activity_retrieve", activity_of_all, READ_ACTIVITY
    ),
]
