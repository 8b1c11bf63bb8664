"""What differs for one person between two places of the log."""

from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection

from api import places
from api.auth import READ
from api.calls import Answer, Call
from api.errors import required
from api.operations import Operation
from api.persons.ids import ever
from api.persons.shapes import UTC
from api.places import PlaceText
from api.requests import Nothing
from domain.errors import InvalidParameterError
from domain.values import JSON
from projections import differences
from projections.difference import Difference, Span
from storage.log import head_position
from storage.places import Place, position_of

FROM_TO = {"start": "from", "end": "to"}


class DiffQuery(Struct, frozen=True, kw_only=True, rename=FROM_TO):
    """From when to when; `to` is now if it is left out."""

    start: PlaceText = ""
    end: PlaceText = ""


class Changed(Struct, frozen=True, kw_only=True):
    """What a property was, and is."""

    before: JSON
    after: JSON


class ChangedIds(Struct, frozen=True, kw_only=True):
    """The distinct ids that came and went."""

    gained: list[str]
    lost: list[str]


class PersonDiff(Struct, frozen=True, kw_only=True, rename=FROM_TO):
    """What differs for one person. While it does not live, it has nothing."""

    start: int | UTC
    end: int | UTC
    added: dict[str, JSON]
    changed: dict[str, Changed]
    removed: dict[str, JSON]
    distinct_ids: ChangedIds


async def diff_of_one(call: Call[DiffQuery, Nothing]) -> Answer[PersonDiff]:
    """GET persons/:id/diff: what a person gained, has otherwise and lost between two times."""
    start, end = asked_places(call)
    person = await ever(call)
    found = await call.read(_difference, person.person_id, start, end)
    return Answer(PersonDiff(start=start, end=call.at if end is None else end, **shown(found)))


def _difference(
    connection: Connection, project_id: int, person_id: UUID, start: Place, end: Place | None
) -> Difference:
    span = span_of(connection, project_id, start, end)
    return differences.of_person(connection, project_id, person_id, span)


def asked_places(call: Call[Any, Nothing]) -> tuple[Place, Place | None]:
    """Return from where to where is asked; None for the end of the log.

    Raises:
        ApiError: 400, `from` is missing, or one of them is no place of the log.
    """
    if not call.query.start:
        raise required("from")
    start = places.parse(call.query.start, call.at, "from")
    return start, places.parse(call.query.end, call.at, "to") if call.query.end else None


def span_of(connection: Connection, project_id: int, start: Place, end: Place | None) -> Span:
    """Return the positions that two places mean; `end` is None for the end of the log.

    Raises:
        InvalidParameterError: the log has not come that far, or `end` lies before `start`.
    """
    first = position_of(connection, project_id, start, "from")
    if end is None:
        return Span(first, head_position(connection, project_id))
    last = position_of(connection, project_id, end, "to")
    if first > last:
        raise InvalidParameterError("This lies behind `to`.", "from")
    return Span(first, last)


def shown(found: Difference) -> dict[str, Any]:
    """Return the fields in which any answer tells a difference."""
    return {
        "added": found.added,
        "changed": {
            key: Changed(before=before, after=after)
            for key, (before, after) in found.changed.items()
        },
        "removed": found.removed,
        "distinct_ids": ChangedIds(gained=found.gained, lost=found.lost),
    }


OPERATIONS = [
    Operation("GET", "persons/{id}/diff", "persons_diff_retrieve", diff_of_one, READ),
]
