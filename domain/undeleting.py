"""Bringing a deleted person back, as long as it is not erased."""

from datetime import datetime
from uuid import UUID

from domain.batch import Batch
from domain.belongings import Stream
from domain.commands import Done, UndeletePerson
from domain.errors import NotDeletedError, PersonNotFoundError
from domain.events import Actor, Deleted, Erased, Origin, Undeleted
from domain.person import Person, fold


def undelete(batch: Batch, command: UndeletePerson, actor: Actor, at: datetime) -> Done:
    """Let a deleted person be back whole, but for distinct ids that others have taken since.

    Its captured events are spared as well, as far as they were to go with it and still are there.

    Raises:
        PersonNotFoundError: there never was such a person.
        NotDeletedError: it lives, was merged away or erased, or others have all its distinct ids.
    """
    stream, person = deleted(batch, command.person_id)
    if any(isinstance(each.event, Erased) and each.event.kept is None for each in stream):
        raise NotDeletedError(f"person {person.id} was erased for good")
    owned = batch.lookup.owned(person.distinct_ids)
    free = [each for each in person.distinct_ids if each not in owned]
    if not free:
        raise NotDeletedError(f"all distinct ids of person {person.id} belong to others now")
    batch.spared[person.id] = deleted_at(stream)
    origin = Origin(actor=actor, occurred_at=at)
    back = Undeleted(origin=origin, distinct_ids=free, created_at=person.created_at)
    batch.emit(person, back)
    return Done(person_id=person.id, version=person.version)


def deleted(batch: Batch, person_id: UUID) -> tuple[Stream, Person]:
    """Return a deleted person, with its stream; also one that was erased.

    Raises:
        PersonNotFoundError: there never was such a person.
        NotDeletedError: it lives, or was merged into another.
    """
    stream = batch.lookup.stream(person_id)
    person = fold(None, stream)
    if person is None:
        raise PersonNotFoundError(f"person {person_id} was not found")
    if person.merged_into:
        raise NotDeletedError(f"person {person_id} was merged into {person.merged_into}")
    if not person.is_deleted:
        raise NotDeletedError(f"person {person_id} is not deleted")
    return stream, person


def deleted_at(stream: Stream) -> datetime:
    """Return when a deleted person was deleted, for the last time."""
    return max(each.event.origin.occurred_at for each in stream if isinstance(each.event, Deleted))
