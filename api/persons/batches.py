"""Many persons at once, by the names that a caller has; and the values that a property has."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from msgspec import Struct

from api.auth import READ
from api.calls import Answer, Call
from api.errors import invalid
from api.operations import Operation
from api.persons.shapes import SinglePerson, single
from api.requests import Nothing
from domain.values import JSON
from projections import people
from projections.person_rows import PersonRow
from projections.values import values as values_of

MAX_NAMES = 200  # that are looked at in one call
MAX_IDS = 10  # distinct ids of each person in the answer
MAX_VALUES = 20


class DistinctIds(Struct, frozen=True, kw_only=True):
    """Whom to find; what is no list of texts finds nobody."""

    distinct_ids: JSON = None


class Uuids(Struct, frozen=True, kw_only=True):
    """Whom to find; what is no list finds nobody."""

    uuids: JSON = None


class PersonsByName(Struct, frozen=True, kw_only=True):
    """The persons that were found, by the names that were asked for."""

    results: dict[str, SinglePerson]


class ValuesQuery(Struct, frozen=True, kw_only=True):
    """Which property's values to count; `value`: only those that contain this text."""

    key: str = ""
    value: str = ""


class Value(Struct, frozen=True, kw_only=True):
    """A value as text, and how many persons have it."""

    name: str
    count: int


class Values(Struct, frozen=True, kw_only=True):
    """The values that most persons have, those with the most first."""

    results: list[Value]
    refreshing: bool = False


async def by_distinct_ids(call: Call[Nothing, DistinctIds]) -> Answer[PersonsByName]:
    """POST persons/batch_by_distinct_ids: the persons of up to 200 distinct ids, by these."""
    names = [each for each in _first(call.body.distinct_ids) if isinstance(each, str)]
    return _answer(call, await call.read(people.by_distinct_ids, names))


async def by_uuids(call: Call[Nothing, Uuids]) -> Answer[PersonsByName]:
    """POST persons/batch_by_uuids: the persons of up to 200 uuids, by these."""
    try:
        ids = [UUID(each) for each in _first(call.body.uuids)]
    except (AttributeError, TypeError, ValueError):
        raise invalid("One or more UUIDs are invalid.") from None
    found = await call.read(people.by_person_ids, ids)
    return _answer(call, {str(person_id): row for person_id, row in found.items()})


async def values(call: Call[ValuesQuery, Nothing]) -> Answer[Values]:
    """GET persons/values: the values of one property, those that most persons have first."""
    key, contains = call.query.key, call.query.value or None
    if not key or key.startswith("$virt"):
        return Answer(Values(results=[]))
    found = await call.read(values_of, key, contains, MAX_VALUES)
    return Answer(Values(results=[Value(name=name, count=count) for name, count in found]))


def _first(names: JSON) -> Iterable[JSON]:
    return names[:MAX_NAMES] if isinstance(names, list) else []


def _answer(
    call: Call[Nothing, DistinctIds] | Call[Nothing, Uuids], rows: Mapping[str, PersonRow]
) -> Answer[PersonsByName]:
    naming = call.project.settings.display_name_properties
    return Answer(
        PersonsByName(
            results={
                name: single(row._replace(distinct_ids=row.distinct_ids[:MAX_IDS]), naming)
                for name, row in rows.items()
            }
        )
    )


OPERATIONS = [
    Operation(
        "POST",
        "persons/batch_by_distinct_ids",
        "persons_batch_by_distinct_ids_create",
        by_distinct_ids,
        READ,
    ),
    Operation("POST", "persons/batch_by_uuids", "persons_batch_by_uuids_create", by_uuids, READ),
    Operation("GET", "persons/values", "persons_values_retrieve", values, READ),
]
