"""The identity of a person: how its distinct ids came together, and taking a merge back."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Struct

from api.auth import READ, WRITE, check_scope
from api.calls import Call
from api.paging import After
from api.persons.ids import found
from api.persons.shapes import SinglePerson
from api.persons.unmerge import (
    ListedMerge,
    UnmergeBody,
    UnmergeConflict,
    UnmergeQuery,
    merges,
    unmerge,
)
from api.requests import Nothing
from api.web.happenings import Happening, happening, mentioned
from api.web.identity_picture import Picture, picture
from api.web.identity_tree import tree
from api.web.names import Names, names
from api.web.pages import Action, Page, asked, if_unchanged
from api.web.person_header import Header, header
from api.web.values import Value
from domain.values import Properties
from projections.identity_events import identity_events

MOST = 120  # events that are shown, the last ones


class Query(Struct, frozen=True, kw_only=True):
    """`merge`: the position of a merge, to look at what taking it back would do.

    `taken_back`: that of one that just was.
    """

    merge: After = 0
    taken_back: After = 0


class UnmergeForm(Struct, frozen=True, kw_only=True):
    """Which merge to take back, of a person that has still the version that one looked at."""

    merge: int
    version: int


class Card(Struct, frozen=True, kw_only=True):
    """A person as it would be, and which of its properties are in conflict."""

    person: SinglePerson
    properties: list[tuple[str, Value]]
    conflicts: set[str]


class Preview(Struct, frozen=True, kw_only=True):
    """What taking back a merge would do to a person of this version."""

    merge: int
    version: int
    survivor: Card
    restored: Card
    conflicts: list[UnmergeConflict]


class View(Struct, frozen=True, kw_only=True):
    """What the page shows; `left_out` events came before those that are shown."""

    person: Header
    query: Query
    picture: Picture
    events: list[Happening]
    left_out: int
    merges: list[ListedMerge]
    names: Names
    preview: Preview | None


async def show(call: Call[Query, Nothing]) -> View:
    """GET /persons/:id/identity: how a person came together, and what can be taken back."""
    person = await header(call)
    events = await call.read(identity_events, person.uuid)
    listed = await asked(call, merges, Nothing(), Nothing())
    shown = events[-MOST:]
    called = await names(call, _persons(shown, listed.results))
    positions = [event["position"] for event in shown]
    return View(
        person=person,
        query=call.query,
        picture=picture(tree(shown, person.uuid), positions, called),
        events=[happening(event, called) for event in reversed(shown)],
        left_out=len(events) - len(shown),
        merges=listed.results[::-1],
        names=called,
        preview=await _preview(call) if call.query.merge else None,
    )


async def take_back(call: Call[Nothing, UnmergeForm]) -> str:
    """POST /persons/:id/unmerge: take a merge back."""
    person = await found(call)
    conditional = if_unchanged(call, call.body.version)
    await asked(conditional, unmerge, UnmergeQuery(), UnmergeBody(merge=call.body.merge))
    query = urlencode({"taken_back": call.body.merge})
    return f"/persons/{person.person_id}/identity?{query}"


def _persons(events: list[Any], listed: list[ListedMerge]) -> list[UUID]:
    spoken_of = [person for event in events for person in mentioned(event)]
    return spoken_of + [each.source for each in listed]


async def _preview(call: Call[Query, Nothing]) -> Preview:
    check_scope(call.key, WRITE)
    person = await found(call)
    body = UnmergeBody(merge=call.query.merge)
    planned = await asked(call, unmerge, UnmergeQuery(dry_run=True), body)
    keys = {each.key for each in planned.conflicts}
    return Preview(
        merge=call.query.merge,
        version=person.version,
        survivor=_card(planned.survivor, keys),
        restored=_card(planned.restored, keys),
        conflicts=planned.conflicts,
    )


def _card(person: SinglePerson, conflicts: set[str]) -> Card:
    properties = msgspec.json.decode(person.properties, type=Properties)
    return Card(
        person=person,
        properties=[(key, Value(value)) for key, value in sorted(properties.items())],
        conflicts=conflicts,
    )


PAGES: list[Page | Action] = [
    Page("/persons/{id}/identity", show, READ, template="identity.html"),
    Action("/persons/{id}/unmerge", take_back, WRITE),
]
