"""Editing the properties of a person: set one, take one away. What it was comes along.

So nothing is lost that someone else has written meanwhile, and each edit is undone by another one.
"""

from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from api.auth import WRITE
from api.calls import Call
from api.errors import ApiError, Error
from api.persons.editing import (
    UnsetBody,
    UnsetQuery,
    UpdateBody,
    UpdateQuery,
    delete_property,
    update_property,
)
from api.persons.ids import found
from api.requests import Nothing, parse
from api.web.pages import Action, asked, if_unchanged
from api.web.values import Value
from domain.values import JSON, Properties, same
from projections.person_rows import PersonRow


class Form(Struct, frozen=True, kw_only=True):
    """Which property, and what it was in JSON: None for one that was not there.

    The others are the page's own, which is gone back to.
    """

    key: str
    was: str | None = None
    q: str = ""
    sort: str = ""
    offset: str = ""


class SetForm(Form, frozen=True, kw_only=True):
    """What it is to be: `value` as a text, or in JSON."""

    value: str = ""
    kind: Literal["text", "json"] = "text"


async def set_property(call: Call[Nothing, SetForm]) -> str:
    """POST /persons/:id/set: set a property."""
    form = call.body
    value = parse(form.value.encode()) if form.kind == "json" else form.value
    person = await _unchanged(call)
    body = UpdateBody(key=form.key, value=value)
    await asked(if_unchanged(call, person.version), update_property, UpdateQuery(), body)
    return await _back(call, person)


async def unset_property(call: Call[Nothing, Form]) -> str:
    """POST /persons/:id/unset: take a property away."""
    person = await _unchanged(call)
    body = UnsetBody(unset=call.body.key)
    await asked(if_unchanged(call, person.version), delete_property, UnsetQuery(), body)
    return await _back(call, person)


async def _unchanged(call: Call[Nothing, Any]) -> PersonRow:
    """Return the person, if the property still is what it was when one looked.

    Raises:
        ApiError: 412, it has changed meanwhile.
    """
    person = await found(call)
    form: Form = call.body
    properties: Properties = msgspec.json.decode(person.properties)
    if form.was is None:
        if form.key not in properties:
            return person
        raise _meanwhile(
            f"There is a property {form.key!r} already: {_short(properties[form.key])}."
        )
    if form.key not in properties:
        raise _meanwhile(f"The property {form.key!r} is gone meanwhile.")
    if not same(properties[form.key], parse(form.was.encode())):
        value = _short(properties[form.key])
        raise _meanwhile(f"The property {form.key!r} has become {value} meanwhile.")
    return person


def _meanwhile(detail: str) -> ApiError:
    return ApiError(412, Error("invalid_request", "precondition_failed", detail))


def _short(value: JSON) -> str:
    return Value(value).short


async def _back(call: Call[Nothing, Any], before: PersonRow) -> str:
    """Return the address to go back to: it names the version that the edit made, if it made one."""
    form: Form = call.body
    shown = {"q": form.q, "sort": form.sort, "offset": form.offset}
    query = {name: text for name, text in shown.items() if text}
    if (await found(call)).version > before.version:
        query["changed"] = str(before.version + 1)
    path = f"/persons/{before.person_id}"
    return f"{path}?{urlencode(query)}" if query else path


ACTIONS = [
    Action("/persons/{id}/set", set_property, WRITE),
    Action("/persons/{id}/unset", unset_property, WRITE),
]
