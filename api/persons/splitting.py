"""Splitting a person: distinct ids leave it, each for a person of its own."""

from typing import Annotated

from msgspec import Meta, Struct

from api.auth import WRITE
from api.calls import Answer, Call
from api.errors import invalid
from api.operations import Operation
from api.persons.editing import Success
from api.persons.ids import found
from api.requests import Nothing, expected_version
from domain.commands import SplitPerson
from domain.errors import InvalidSplitError
from domain.values import JSON

_LISTED = "distinct_ids_to_split"

_Texts = Annotated[
    JSON, Meta(extra_json_schema={"type": ["array", "null"], "items": {"type": "string"}})
]


class SplitBody(Struct, frozen=True, kw_only=True):
    """The one distinct id that stays, or those that leave; with neither, the first one stays."""

    main_distinct_id: str | None = None
    distinct_ids_to_split: _Texts = None


async def split(call: Call[Nothing, SplitBody]) -> Answer[Success]:
    """POST persons/:id/split: give distinct ids to new persons; this one keeps its properties."""
    listed = _listed(call.body)
    person = await found(call)
    command = SplitPerson(
        person_id=person.person_id,
        main_distinct_id=call.body.main_distinct_id or None,
        distinct_ids=listed,
        expected_version=expected_version(call.headers, person.version),
    )
    try:
        _, headers = await call.write(command)
    except InvalidSplitError as error:
        attr = "main_distinct_id" if listed is None else _LISTED
        raise invalid(str(error), attr) from error
    return Answer(Success(), headers)


def _listed(body: SplitBody) -> list[str] | None:
    listed = body.distinct_ids_to_split
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise invalid("must be a list of strings", _LISTED)
    if not listed:
        raise invalid("must not be empty", _LISTED)
    if body.main_distinct_id is not None:
        raise invalid(f"main_distinct_id cannot be combined with {_LISTED}")
    return listed


OPERATIONS = [
    Operation(
        "POST", "persons/{id}/split", "persons_split_create", split, WRITE, is_conditional=True
    ),
]
