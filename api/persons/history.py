"""What happened to a person, and who or what set each of its properties."""

from typing import cast
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Connection

from api import places
from api.auth import READ
from api.calls import Answer, Call
from api.errors import not_found
from api.operations import Operation
from api.paging import After, Limit, link
from api.persons.ids import ever, found
from api.persons.shapes import UTC
from api.persons.told_events import ToldEvent
from api.places import PlaceText
from api.requests import Nothing
from domain.events import Actor, Cause
from domain.values import JSON
from projections import blame, history
from projections.known import Known
from projections.loading import snapshots
from projections.past import person as past_person
from projections.setting import Setting
from storage.places import Place, position_of

MAX_PAGE = 1_000  # events, whatever limit is asked for


class HistoryQuery(Struct, frozen=True, kw_only=True):
    """Which page. `merged`: with what happened to persons that were merged into this one."""

    after: After = 0
    limit: Limit = 100
    merged: bool = False


class BlameQuery(Struct, frozen=True, kw_only=True):
    """As of when: now, or as it was then."""

    as_of: PlaceText = ""


class History(Struct, frozen=True, kw_only=True):
    """A page of what happened to a person, oldest first."""

    results: list[ToldEvent]
    next: str | None


class Blamed(Struct, frozen=True, kw_only=True):
    """A property, and who or what set it: since when it is recorded, and by which captured event.

    `before` is what it was then. With `merged_from`, it was set in that person's history, and came
    over by a merge.
    """

    key: str
    value: JSON
    since: UTC
    position: int
    actor: Actor
    cause: Cause | None
    before: JSON | UnsetType = UNSET
    merged_from: UUID | None


class Blame(Struct, frozen=True, kw_only=True):
    """All properties that a person has, by key."""

    results: list[Blamed]


async def history_of_one(call: Call[HistoryQuery, Nothing]) -> Answer[History]:
    """GET persons/:id/history: what happened to a person, also to one that is gone."""
    person = await ever(call)
    limit = min(call.query.limit, MAX_PAGE)
    events = await call.read(
        history.page,
        person.person_id,
        after=call.query.after,
        limit=limit + 1,
        weaves_merged=call.query.merged,
    )
    shown = cast(list[ToldEvent], events[:limit])
    has_next = len(events) > limit
    following = link(call.request, after=shown[-1]["position"]) if has_next else None
    return Answer(History(results=shown, next=following))


async def blame_of_one(call: Call[BlameQuery, Nothing]) -> Answer[Blame]:
    """GET persons/:id/blame: who or what set each property that a person has, or had then."""
    if call.query.as_of:
        place = places.parse(call.query.as_of, call.at, "as_of")
        settings = await call.read(_blame_then, await ever(call), place)
    else:
        settings = await call.read(_blame_now, (await found(call)).person_id)
    return Answer(Blame(results=[_blamed(each) for each in settings]))


def _blame_now(connection: Connection, project_id: int, person_id: UUID) -> list[Setting]:
    now = snapshots(connection, project_id, [person_id]).get(person_id)
    if now is None:
        raise not_found()
    return blame.blame(connection, project_id, person_id, now.properties)


def _blame_then(
    connection: Connection, project_id: int, person: Known, place: Place
) -> list[Setting]:
    until = position_of(connection, project_id, place, "as_of")
    then = past_person.at_place(connection, project_id, person, until)
    if then is None:
        raise not_found()
    return blame.blame(connection, project_id, person.person_id, then.properties, until)


def _blamed(setting: Setting) -> Blamed:
    return Blamed(
        key=setting.key,
        value=setting.value,
        since=setting.since,
        position=setting.position,
        actor=setting.actor,
        cause=setting.cause,
        before=setting.before,
        merged_from=setting.merged_from,
    )


OPERATIONS = [
    Operation("GET", "persons/{id}/history", "persons_history_retrieve", history_of_one, READ),
    Operation("GET", "persons/{id}/blame", "persons_blame_retrieve", blame_of_one, READ),
]
