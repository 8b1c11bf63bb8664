"""Deleting persons, many persons, and their captured events."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from api.auth import WRITE
from api.calls import Answer, Call, position_header
from api.errors import invalid
from api.operations import Operation
from api.persons.ids import found
from api.requests import Nothing, expected_version
from domain.commands import Command, DeletePerson
from domain.errors import PersonsError
from domain.values import JSON
from projections import people
from storage.log import head_position

MAX_BULK = 1_000  # ids in one call


class DeleteQuery(Struct, frozen=True, kw_only=True):
    """What else goes: the captured events. What stays: with `keep_person`, the person.

    With `erase=now` its personal data is erased by the next purge, and not after the retention.
    """

    delete_events: bool = False
    keep_person: bool = False
    erase: Literal["now"] | None = None


class BulkBody(Struct, frozen=True, kw_only=True):
    """Whom to delete, by uuids or by distinct ids, and how: see DeleteQuery."""

    ids: list[JSON] | None = None
    distinct_ids: list[str] | None = None
    delete_events: bool = False
    delete_recordings: bool = False
    keep_person: bool = False
    erase: Literal["now"] | None = None


class DeletionError(Struct, frozen=True, kw_only=True):
    """A person that could not be deleted."""

    person_uuid: UUID


class Deletions(Struct, frozen=True, kw_only=True):
    """What became of a bulk deletion. Nothing is left for later but the events."""

    persons_found: int
    persons_deleted: int
    persons_queued_for_deletion: int = 0
    events_queued_for_deletion: bool
    recordings_queued_for_deletion: bool
    deletion_errors: list[DeletionError]


class ResetBody(Struct, frozen=True, kw_only=True):
    """A distinct id that was used by a deleted person."""

    distinct_id: JSON = None


async def delete(call: Call[DeleteQuery, Nothing]) -> Answer[Nothing]:
    """DELETE persons/:id: delete a person and, if asked, queue its captured events for deletion."""
    return await _delete(call, call.query)


async def delete_events(call: Call[Nothing, Nothing]) -> Answer[Nothing]:
    """POST persons/:id/delete_events: queue the captured events; the person stays."""
    return await _delete(call, DeleteQuery(delete_events=True, keep_person=True))


async def bulk_delete(call: Call[Nothing, BulkBody]) -> Answer[Deletions]:
    """POST persons/bulk_delete: delete up to 1000 persons; unknown ones are passed over."""
    body = call.body
    person_ids = await _found(call)
    commands: list[Command] = [_command(person_id, body) for person_id in person_ids]
    results, headers = await call.try_all(commands)
    failed = [
        person_id
        for person_id, result in zip(person_ids, results, strict=True)
        if isinstance(result, PersonsError)
    ]
    answer = Deletions(
        persons_found=len(person_ids),
        persons_deleted=0 if body.keep_person else len(person_ids) - len(failed),
        events_queued_for_deletion=body.delete_events and bool(person_ids),
        recordings_queued_for_deletion=body.delete_recordings and bool(person_ids),
        deletion_errors=[DeletionError(person_uuid=each) for each in failed],
    )
    return Answer(answer, headers)


async def reset_distinct_id(call: Call[Nothing, ResetBody]) -> Answer[Nothing]:
    """POST persons/reset_person_distinct_id: accepted always.

    A distinct id that is captured again after its person was deleted has a new, visible person at
    once, so nothing is left to reset.
    """
    if not isinstance(call.body.distinct_id, str) or not call.body.distinct_id:
        raise invalid("distinct_id is required")
    return Answer(Nothing(), position_header(await call.read(head_position)))


async def _delete(call: Call[Any, Nothing], asked: DeleteQuery) -> Answer[Nothing]:
    person = await found(call)
    expected = expected_version(call.headers, person.version)
    _, headers = await call.write(_command(person.person_id, asked, expected=expected))
    return Answer(Nothing(), headers)


def _command(
    person_id: UUID, asked: DeleteQuery | BulkBody, *, expected: int | None = None
) -> DeletePerson:
    """Return the command that does what is asked.

    Raises:
        ApiError: 400, a person is to be erased and kept.
    """
    if asked.erase and asked.keep_person:
        raise invalid("A person that is kept cannot be erased.", "erase")
    return DeletePerson(
        person_id=person_id,
        deletes_events=asked.delete_events,
        keeps_person=asked.keep_person,
        erases_now=asked.erase == "now",
        expected_version=expected,
    )


async def _found(call: Call[Nothing, BulkBody]) -> list[UUID]:
    """Return the uuids of the living persons that are named, each once.

    Raises:
        ApiError: 400, none or too many are named, or in two ways.
    """
    ids, distinct_ids = call.body.ids, call.body.distinct_ids
    if ids and distinct_ids:
        raise invalid("You must provide either distinct_ids or ids, not both")
    for name, named in (("distinct_ids", distinct_ids), ("ids", ids)):
        if named and len(named) > MAX_BULK:
            raise invalid(f"You can only pass {MAX_BULK} {name} in one call")
    if distinct_ids:
        by_name = await call.read(people.by_distinct_ids, distinct_ids)
        return list(dict.fromkeys(row.person_id for row in by_name.values()))
    if ids:
        return list(await call.read(people.by_person_ids, list(_uuids(ids))))
    raise invalid("You need to specify either distinct_ids or ids")


def _uuids(ids: list[JSON]) -> Iterator[UUID]:
    """Yield those of the ids that are uuids; integer ids name nobody here."""
    for each in ids:
        with suppress(ValueError):
            yield UUID(str(each))


OPERATIONS = [
    Operation(
        "DELETE", "persons/{id}", "persons_destroy", delete, WRITE, status=204, is_conditional=True
    ),
    Operation(
        "POST",
        "persons/{id}/delete_events",
        "persons_delete_events_create",
        delete_events,
        WRITE,
        status=202,
        is_conditional=True,
    ),
    Operation(
        "POST", "persons/bulk_delete", "persons_bulk_delete_create", bulk_delete, WRITE, status=202
    ),
    Operation(
        "POST",
        "persons/reset_person_distinct_id",
        "persons_reset_person_distinct_id_create",
        reset_distinct_id,
        WRITE,
        status=202,
    ),
]
