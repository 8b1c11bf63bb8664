"""The properties of a person at a time, in PostHog's shape.

Other than PostHog's, the answer honours `$unset` and who had the distinct id at that time, and
has all properties, however they were set. Time is that of the captured events' own clocks, so what
arrived late counts from when it happened; `as_of` alone goes by the time that was recorded, and
with `as_known_at` only what had been recorded up to then counts.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs
from sqlalchemy import Connection

from api import places
from api.auth import READ
from api.calls import Answer, Call
from api.errors import invalid, not_found, required
from api.operations import Operation
from api.persons.ids import ever
from api.persons.shapes import UTC, SinglePerson, single
from api.places import KnownText
from api.requests import Nothing
from domain.person import Person
from projections.past import person as past_person
from storage.places import Place


class AtTimeQuery(Struct, frozen=True, kw_only=True):
    """Whose properties, by exactly one of the two ids, and at which time.

    `include_set_once` makes no difference: what was set once is always among them.
    """

    timestamp: str = ""
    distinct_id: str = ""
    person_id: str = ""
    include_set_once: bool = False
    as_known_at: KnownText = ""


class AtTimeMetadata(Struct, frozen=True, kw_only=True):
    """What was asked. The distinct ids are those that the person had at that time."""

    queried_timestamp: UTC
    include_set_once: bool
    distinct_id_used: str | None
    person_id_used: UUID
    query_mode: Literal["distinct_id", "person_id"]
    distinct_ids_queried: list[str]
    distinct_ids_count: int


class PersonAtTime(SinglePerson, frozen=True, kw_only=True):
    """A person as it was at a time."""

    point_in_time_metadata: AtTimeMetadata


async def properties_at_time(call: Call[AtTimeQuery, Nothing]) -> Answer[PersonAtTime]:
    """GET persons/properties_at_time: a person as it was at a time by the events' own clocks."""
    asked = call.query
    if not asked.timestamp:
        raise required("timestamp")
    if bool(asked.distinct_id) == bool(asked.person_id):
        raise invalid("Exactly one of distinct_id and person_id has to be given.")
    at = places.time(asked.timestamp, "timestamp")
    as_known_at = places.known(asked.as_known_at, call.at)
    if asked.person_id:
        known = await ever(call, asked.person_id)
        person = await call.read(past_person.at_time, known, at, as_known_at)
    else:
        person = await call.read(_owner_at_time, asked.distinct_id, at, as_known_at)
    if person is None:
        raise not_found()
    return Answer(_shown(call, person, at))


def _owner_at_time(
    connection: Connection,
    project_id: int,
    distinct_id: str,
    at: datetime,
    as_known_at: Place | None,
) -> Person | None:
    owner = past_person.owner_at_time(connection, project_id, distinct_id, at, as_known_at)
    return owner and past_person.at_time(connection, project_id, owner, at, as_known_at)


def _shown(call: Call[AtTimeQuery, Nothing], person: Person, at: datetime) -> PersonAtTime:
    shown = single(past_person.row(person), call.project.settings.display_name_properties)
    metadata = AtTimeMetadata(
        queried_timestamp=at,
        include_set_once=call.query.include_set_once,
        distinct_id_used=call.query.distinct_id or None,
        person_id_used=person.id,
        query_mode="distinct_id" if call.query.distinct_id else "person_id",
        distinct_ids_queried=shown.distinct_ids,
        distinct_ids_count=len(shown.distinct_ids),
    )
    return PersonAtTime(**structs.asdict(shown), point_in_time_metadata=metadata)


OPERATIONS = [
    Operation(
        "GET",
        "persons/properties_at_time",
        "persons_properties_at_time_retrieve",
        properties_at_time,
        READ,
    ),
]
