"""The properties of a person, each with who set it; they can be searched, edited and taken away."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from api.auth import READ
from api.calls import Call
from api.paging import Offset
from api.persons.history import Blamed, BlameQuery, blame_of_one
from api.places import PlaceText
from api.requests import Nothing
from api.web.keys import by_name
from api.web.pages import Page, asked
from api.web.person_header import Header, header
from api.web.values import Change, Value
from domain.events import Actor, Cause
from domain.values import JSON, encode
from projections import history

PAGE = 50  # properties


class PropertiesQuery(Struct, frozen=True, kw_only=True):
    """Which properties are shown, and how. `edit` is the one in whose place a form stands.

    `changed` is the version that an edit brought about, so that it can be taken back.
    """

    q: str = ""
    sort: Literal["name", "changed"] = "name"
    offset: Offset = 0
    edit: str | None = None
    changed: int = 0
    as_of: PlaceText = ""


class Property(Struct, frozen=True, kw_only=True):
    """A property, with its value, and who or what set it when; see `Blamed`."""

    key: str
    value: Value
    before: Value | None
    since: datetime
    actor: Actor
    cause: Cause | None
    merged_from: UUID | None


class View(Struct, frozen=True, kw_only=True):
    """What the page shows: a page of the `count` properties that are found among `total`."""

    person: Header
    query: PropertiesQuery
    properties: list[Property]
    count: int
    total: int
    change: Change | None
    page: ClassVar = PAGE


async def show(call: Call[PropertiesQuery, Nothing]) -> View:
    """GET /persons/:id: who it is, and its properties."""
    person = await header(call)
    blamed = await _blame(call, person)
    found = [each for each in blamed if _is_sought(each, call.query.q.casefold())]
    _sort(found, call.query.sort)
    begin = call.query.offset
    return View(
        person=person,
        query=call.query,
        properties=[_property(each) for each in found[begin : begin + PAGE]],
        count=len(found),
        total=len(blamed),
        change=await _change(call, person),
    )


async def _blame(call: Call[PropertiesQuery, Nothing], person: Header) -> list[Blamed]:
    if person.person is None:
        return []
    return (await asked(call, blame_of_one, BlameQuery(as_of=person.place), Nothing())).results


def _is_sought(blamed: Blamed, text: str) -> bool:
    """Tell whether a text stands in the name of a property or in its value."""
    if text in blamed.key.casefold():
        return True
    value = blamed.value if isinstance(blamed.value, str) else encode(blamed.value).decode()
    return text in value.casefold()


def _sort(found: list[Blamed], order: str) -> None:
    """Sort by name, PostHog's own at the end, or those that changed last first."""
    if order == "changed":
        found.sort(key=lambda each: (-each.position, each.key))
    else:
        found.sort(key=lambda each: by_name(each.key))


def _property(blamed: Blamed) -> Property:
    return Property(
        key=blamed.key,
        value=Value(blamed.value),
        before=_value(blamed.before),
        since=blamed.since,
        actor=blamed.actor,
        cause=blamed.cause,
        merged_from=blamed.merged_from,
    )


async def _change(call: Call[PropertiesQuery, Nothing], person: Header) -> Change | None:
    """Return what the version that the address names has changed, where it was an edit."""
    version = call.query.changed
    if not version or not person.is_now:
        return None
    event = await call.read(history.at_version, person.uuid, version)
    changes = event["changes"] if event else []
    if len(changes) != 1:
        return None
    (change,) = changes
    return Change(
        key=change["key"],
        before=_value(change.get("before", UNSET)),
        after=_value(change.get("after", UNSET)),
    )


def _value(value: JSON | UnsetType) -> Value | None:
    return None if value is UNSET else Value(value)


PAGES = [
    Page("/persons/{id}", show, READ, template="person_properties.html"),
]
