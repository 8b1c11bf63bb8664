"""What people and keys do to persons through the API: edit properties, split, delete."""

from datetime import datetime
from uuid import UUID

from domain.batch import Batch
from domain.captured import CapturedEvent
from domain.commands import DeletePerson, Done, SetProperties, SplitPerson, UnsetProperties
from domain.errors import InvalidSplitError, PropertiesTooLargeError
from domain.events import Actor, Cause, Deleted, Origin, PropertySet, PropertyUnset, Split
from domain.person import Person
from domain.properties import MAX_SIZE, changes, size
from domain.values import Properties


def set_properties(batch: Batch, command: SetProperties, actor: Actor, at: datetime) -> Done:
    """Set those properties that differ.

    Raises:
        PersonNotFoundError, VersionConflictError: see `Batch.person`.
        PropertiesTooLargeError: the person would hold more than MAX_SIZE bytes.
    """
    person = batch.person(command.person_id, expected_version=command.expected_version)
    changed = changes(person.properties, set=command.properties, set_once={}, unset=()).set
    if not changed:
        return _done(person)
    new_size = size(person.properties | changed)
    if new_size > MAX_SIZE:
        raise PropertiesTooLargeError(f"a person holds at most {MAX_SIZE} bytes of properties")
    before = {key: person.properties[key] for key in changed if key in person.properties}
    captured = _captured(
        batch, person, "$set", {"$set": command.properties}, uuid=command.uuid, at=at
    )
    origin = _origin(actor, at, captured)
    batch.emit(person, PropertySet(origin=origin, properties=changed, before=before))
    person.size = new_size
    batch.keep(captured, person.id, person.version)
    return _done(person)


def unset_properties(batch: Batch, command: UnsetProperties, actor: Actor, at: datetime) -> Done:
    """Take away those properties that are there.

    Raises:
        PersonNotFoundError, VersionConflictError: see `Batch.person`.
    """
    person = batch.person(command.person_id, expected_version=command.expected_version)
    gone = changes(person.properties, set={}, set_once={}, unset=command.names).unset
    if not gone:
        return _done(person)
    asked: Properties = {"$unset": command.names}
    captured = _captured(batch, person, "$delete_person_property", asked, uuid=command.uuid, at=at)
    batch.emit(person, PropertyUnset(origin=_origin(actor, at, captured), before=gone))
    batch.keep(captured, person.id, person.version)
    return _done(person)


def split(batch: Batch, command: SplitPerson, actor: Actor, at: datetime) -> Done:
    """Let distinct ids leave, each for a new person with no properties, born now.

    The person itself keeps its properties and at least one distinct id.

    Raises:
        PersonNotFoundError, VersionConflictError: see `Batch.person`.
        InvalidSplitError: an id is not the person's, or none would be left.
    """
    person = batch.person(command.person_id, expected_version=command.expected_version)
    leaving = _leaving(batch.all_distinct_ids(person), command)
    if not leaving:
        return _done(person)
    origin = _origin(actor, at)
    new_ids: dict[str, UUID] = {}
    for distinct_id in leaving:
        new_ids[distinct_id] = batch.next_uuid(distinct_id, taken=new_ids.values())
    are_named = command.distinct_ids is not None
    batch.emit(person, Split(origin=origin, distinct_ids=new_ids, are_named=are_named))
    for distinct_id, new_id in new_ids.items():
        batch.create(
            [distinct_id],
            origin,
            created_at=at,
            born_from="split",
            source=person.id,
            person_id=new_id,
        )
    return _done(person)


def _leaving(distinct_ids: list[str], command: SplitPerson) -> list[str]:
    if command.distinct_ids is None:
        main = command.main_distinct_id
        if main is not None and main not in distinct_ids:
            raise InvalidSplitError(f"not on this person: {[main]}")
        keep = distinct_ids[0] if main is None else main
        return [each for each in distinct_ids if each != keep]
    strangers = sorted(set(command.distinct_ids) - set(distinct_ids))
    if strangers:
        raise InvalidSplitError(f"not on this person: {strangers}")
    leaving = list(dict.fromkeys(command.distinct_ids))
    if len(leaving) == len(distinct_ids):
        # A person without distinct ids could never be reached again: the first one stays.
        leaving.remove(distinct_ids[0])
    return leaving


def delete(batch: Batch, command: DeletePerson, actor: Actor, at: datetime) -> Done:
    """Let the person be gone, and queue the deletion of its captured events if asked.

    Raises:
        PersonNotFoundError, VersionConflictError: see `Batch.person`.
    """
    person = batch.person(command.person_id, expected_version=command.expected_version)
    if command.deletes_events:
        batch.event_deletions.append(person.id)
    if not command.keeps_person:
        origin = _origin(actor, at)
        gone = Deleted(
            origin=origin, erases_now=command.erases_now, deletes_events=command.deletes_events
        )
        batch.emit(person, gone)
        batch.disown(person)
    return _done(person)


def _captured(
    batch: Batch, person: Person, event: str, properties: Properties, *, uuid: UUID, at: datetime
) -> CapturedEvent:
    return CapturedEvent(
        event=event,
        distinct_id=batch.all_distinct_ids(person)[0],
        uuid=uuid,
        timestamp=at,
        properties=properties,
        is_repeatable=False,
    )


def _origin(actor: Actor, at: datetime, captured: CapturedEvent | None = None) -> Origin:
    # Without a distinct id: who calls the API names a person.
    cause = Cause(captured.event, captured.uuid) if captured else None
    return Origin(actor=actor, occurred_at=at, cause=cause)


def _done(person: Person) -> Done:
    return Done(person_id=person.id, version=person.version)
