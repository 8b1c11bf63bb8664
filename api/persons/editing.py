"""Changing one person: set its properties, take some away."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from api.auth import WRITE
from api.calls import Answer, Call
from api.errors import ApiError, Error, invalid, required
from api.operations import Operation
from api.persons.ids import found
from api.persons.reading import shown
from api.persons.shapes import SinglePerson
from api.requests import Nothing, expected_version, parse
from domain.commands import SetProperties, UnsetProperties
from domain.values import JSON, Properties

MAX_UNSET = 1_000  # properties that one call takes away

_NO_CREATION = Error(
    "invalid_request",
    "method_not_allowed",
    "Creating persons via this API is not allowed. Please create persons by sending an $identify"
    " event. See https://posthog.com/docs/product-analytics/identify for details.",
)


class Success(Struct, frozen=True, kw_only=True):
    """It is done."""

    success: bool = True


class PropertiesBody(Struct, frozen=True, kw_only=True):
    """Properties to set; all others stay as they are."""

    properties: Properties


class UpdateQuery(Struct, frozen=True, kw_only=True):
    """What the body leaves out. `value` is read as JSON if it is JSON, else it is a text."""

    key: str | UnsetType = UNSET
    value: str | UnsetType = UNSET


class UpdateBody(Struct, frozen=True, kw_only=True):
    """The property to set, and its value."""

    key: str | UnsetType = UNSET
    value: JSON | UnsetType = UNSET


class UnsetQuery(Struct, frozen=True, kw_only=True, rename={"unset": "$unset"}):
    """What the body leaves out."""

    unset: list[str] = []


class UnsetBody(Struct, frozen=True, kw_only=True, rename={"unset": "$unset"}):
    """The property to take away, or several of them."""

    unset: str | list[str] | UnsetType = UNSET


async def create(call: Call[Nothing, Nothing]) -> Answer[Nothing]:
    """POST persons: never; persons are made by the events that are captured."""
    raise ApiError(405, _NO_CREATION, {"Allow": "GET, HEAD"})


async def update(call: Call[Nothing, PropertiesBody]) -> Answer[SinglePerson]:
    """PATCH or PUT persons/:id: set properties; the answer is the person after that."""
    headers = await _set(call, call.body.properties)
    return shown(call, await found(call), headers)


async def update_property(call: Call[UpdateQuery, UpdateBody]) -> Answer[Success]:
    """POST persons/:id/update_property: set one property, also to null."""
    value = call.body.value
    if value is UNSET:
        value = _value(call.query.value)
    key = call.query.key if call.body.key is UNSET else call.body.key
    if isinstance(key, UnsetType):
        raise required("key")
    return Answer(Success(), await _set(call, {key: value}))


async def delete_property(call: Call[UnsetQuery, UnsetBody]) -> Answer[Success]:
    """POST persons/:id/delete_property: take properties away; absent ones are no error."""
    asked = call.query.unset if call.body.unset is UNSET else call.body.unset
    names = [asked] if isinstance(asked, str) else asked
    if not names:
        raise required("$unset")
    if "" in names:
        raise invalid("This field may not be blank.", "$unset")
    if len(names) > MAX_UNSET:
        raise invalid(f"At most {MAX_UNSET} properties can be named.", "$unset")
    person = await found(call)
    _, headers = await call.write(
        UnsetProperties(
            person_id=person.person_id,
            uuid=call.store.new_uuid(),
            names=names,
            expected_version=expected_version(call.headers, person.version),
        )
    )
    return Answer(Success(), headers)


async def _set(call: Call[Any, Any], properties: Properties) -> dict[str, str]:
    person = await found(call)
    _, headers = await call.write(
        SetProperties(
            person_id=person.person_id,
            uuid=call.store.new_uuid(),
            properties=properties,
            expected_version=expected_version(call.headers, person.version),
        )
    )
    return headers


def _value(text: str | UnsetType) -> JSON:
    """Return what a query parameter says as JSON, or else the text itself.

    Raises:
        ApiError: 400, there is none.
    """
    if isinstance(text, UnsetType):
        raise required("value")
    try:
        return parse(text.encode())
    except ApiError:
        return text


OPERATIONS = [
    Operation(
        "PATCH", "persons/{id}", "persons_partial_update", update, WRITE, is_conditional=True
    ),
    Operation("PUT", "persons/{id}", "persons_update", update, WRITE, is_conditional=True),
    Operation("POST", "persons", "persons_create", create, WRITE, status=405),
    Operation(
        "POST",
        "persons/{id}/update_property",
        "persons_update_property_create",
        update_property,
        WRITE,
        is_conditional=True,
    ),
    Operation(
        "POST",
        "persons/{id}/delete_property",
        "persons_delete_property_create",
        delete_property,
        WRITE,
        is_conditional=True,
    ),
]
