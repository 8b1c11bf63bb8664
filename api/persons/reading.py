"""Reading one person: as it is, as it was, and as it was known to be."""

from typing import Any

from msgspec import Struct

from api import places
from api.auth import READ
from api.calls import Answer, Call
from api.errors import not_found, required
from api.operations import Operation
from api.persons.ids import ever, found
from api.persons.shapes import SinglePerson, single
from api.places import KnownText, PlaceText
from api.requests import Nothing
from projections.past import person as past_person
from projections.person_rows import PersonRow


class RetrieveQuery(Struct, frozen=True, kw_only=True):
    """As of when: now, or as it was then.

    `as_of` goes by when things were recorded. With `as_known_at` it is a time at which they
    occurred, by the events' own clocks: what we believed then about that time.
    """

    as_of: PlaceText = ""
    as_known_at: KnownText = ""


async def retrieve(call: Call[RetrieveQuery, Nothing]) -> Answer[SinglePerson]:
    """GET persons/:id: a person, as it is or as it was; the `ETag` is its version."""
    if call.query.as_known_at:
        return await _as_known(call)
    if not call.query.as_of:
        return shown(call, await found(call), {})
    place = places.parse(call.query.as_of, call.at, "as_of")
    person = await call.read(past_person.at_place, await ever(call), place)
    if person is None:
        raise not_found()
    return shown(call, past_person.row(person), {})


async def _as_known(call: Call[RetrieveQuery, Nothing]) -> Answer[SinglePerson]:
    if not call.query.as_of:
        raise required("as_of")
    at = places.time(call.query.as_of, "as_of")
    as_known_at = places.known(call.query.as_known_at, call.at)
    person = await call.read(past_person.at_time, await ever(call), at, as_known_at)
    if person is None:
        raise not_found()
    naming = call.project.settings.display_name_properties
    return Answer(single(past_person.row(person), naming))


def shown(call: Call[Any, Any], row: PersonRow, headers: dict[str, str]) -> Answer[SinglePerson]:
    """Return the answer that shows a person; the `ETag` is its version."""
    headers["ETag"] = f'"{row.version}"'
    return Answer(single(row, call.project.settings.display_name_properties), headers)


OPERATIONS = [
    Operation("GET", "persons/{id}", "persons_retrieve", retrieve, READ),
]
