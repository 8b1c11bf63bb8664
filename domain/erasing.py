"""Erasing a deleted person for good, and bringing one back as long as it is not erased.

A person is more than its own stream: whoever was merged into it is the same human being. And where
a merge was taken back, the other person's stream repeats some of it: there those events are erased
too, and an event says what that person has.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from domain.batch import Batch, ToErase
from domain.commands import Done, ErasePerson, Erasure, UndeletePerson
from domain.errors import NotDeletedError, PersonNotFoundError
from domain.events import (
    Actor,
    Deleted,
    Erased,
    Kept,
    LoggedEvent,
    Merged,
    MergedInto,
    Origin,
    PersonEvent,
    PropertySet,
    Redacted,
    Undeleted,
    Unmerged,
    gained_ids,
)
from domain.person import Person, fold

_NOT_PERSONAL = (Deleted, Erased, Redacted)  # events that say nothing of whom they are about

Stream = Sequence[LoggedEvent]


def undelete(batch: Batch, command: UndeletePerson, actor: Actor, at: datetime) -> Done:
    """Let a deleted person be back whole, but for distinct ids that others have taken since.

    Raises:
        PersonNotFoundError: there never was such a person.
        NotDeletedError: it lives, was merged away or erased, or others have all its distinct ids.
    """
    stream, person = _deleted(batch, command.person_id)
    if any(isinstance(each.event, Erased) for each in stream):
        raise NotDeletedError(f"person {person.id} was erased for good")
    owned = batch.lookup.owned(person.distinct_ids)
    free = [each for each in person.distinct_ids if each not in owned]
    if not free:
        raise NotDeletedError(f"all distinct ids of person {person.id} belong to others now")
    origin = Origin(actor=actor, occurred_at=at)
    back = Undeleted(origin=origin, distinct_ids=free, created_at=person.created_at)
    batch.emit(person, back)
    return Done(person_id=person.id, version=person.version)


def erase(batch: Batch, command: ErasePerson, actor: Actor, at: datetime) -> Erasure:
    """Let all that the log says of a deleted person be erased.

    Raises:
        PersonNotFoundError: there never was such a person.
        NotDeletedError: it lives, or was merged into another, whose data this is.
    """
    _deleted(batch, command.person_id)
    streams = dict(_family(batch, command.person_id))
    ids = {each for stream in streams.values() for each in _distinct_ids(stream)}
    values = {each for stream in streams.values() for each in _values(stream)}
    origin = Origin(actor=actor, occurred_at=at)
    for person_id, stream in streams.items():
        personal = [each for each in stream if not isinstance(each.event, _NOT_PERSONAL)]
        _erase(batch, person_id, stream, personal, origin=origin, captured=command.erases_captured)
    for person_id in _others(streams):
        stream = batch.lookup.stream(person_id)
        personal = [each for each in stream if _concerns(each.event, streams.keys(), ids)]
        _erase(
            batch,
            person_id,
            stream,
            personal,
            origin=origin,
            captured=command.erases_captured,
            only=ids,
        )
    person = batch.changed.get(command.person_id)
    return Erasure(
        person_id=command.person_id,
        version=person.version if person else len(streams[command.person_id]),
        positions={each.person_id: each.positions for each in batch.erasures},
        distinct_ids=sorted(ids),
        values=sorted(values),
    )


def _erase(
    batch: Batch,
    person_id: UUID,
    stream: Stream,
    personal: Sequence[LoggedEvent],
    *,
    origin: Origin,
    captured: bool,
    only: set[str] | None = None,
) -> None:
    """Erase events of a stream. With `only`, the person lives on: these ids were another's."""
    person = fold(None, stream)
    if person is None or not personal:
        return
    ids = sorted(set(_distinct_ids(stream)) if only is None else only)
    positions = [each.position for each in personal]
    kept = None if only is None else _kept(person)
    batch.emit(person, Erased(origin=origin, number=person.number, positions=positions, kept=kept))
    batch.erasures.append(ToErase(person_id, positions, ids, ids if captured else []))


def _deleted(batch: Batch, person_id: UUID) -> tuple[Stream, Person]:
    stream = batch.lookup.stream(person_id)
    person = fold(None, stream)
    if person is None:
        raise PersonNotFoundError(f"person {person_id} was not found")
    if person.merged_into:
        raise NotDeletedError(f"person {person_id} was merged into {person.merged_into}")
    if not person.is_deleted:
        raise NotDeletedError(f"person {person_id} is not deleted")
    return stream, person


def _family(batch: Batch, person_id: UUID) -> Iterator[tuple[UUID, Stream]]:
    """Yield the stream of a person, and of all who were merged into it and still are."""
    stream = batch.lookup.stream(person_id)
    yield person_id, stream
    undone = {each.event.merge for each in stream if isinstance(each.event, Unmerged)}
    for each in stream:
        if isinstance(each.event, Merged) and each.position not in undone:
            yield from _family(batch, each.event.source)


def _others(streams: dict[UUID, Stream]) -> Iterable[UUID]:
    """Return those who took part in merges with these persons that were taken back."""
    found = {
        each.event.other
        for stream in streams.values()
        for each in stream
        if isinstance(each.event, Unmerged)
    }
    return found - streams.keys()


def _concerns(event: PersonEvent, erased: Iterable[UUID], ids: set[str]) -> bool:
    """Tell whether an event in another's stream repeats something of the persons erased."""
    match event:
        case Merged():
            return event.source in erased
        case MergedInto():
            return event.target in erased
        case Unmerged():
            return event.other in erased
        case Redacted() | Erased():
            return False
        case _:
            return event.origin.distinct_id in ids


def _kept(person: Person) -> Kept:
    return Kept(
        distinct_ids=person.distinct_ids,
        properties=person.properties,
        created_at=person.created_at,
        last_seen_at=person.last_seen_at,
        is_identified=person.is_identified,
    )


def _distinct_ids(stream: Stream) -> Iterator[str]:
    """Yield the distinct ids that were ever this person's."""
    for each in stream:
        yield from gained_ids(each.event)


def _values(stream: Stream) -> Iterator[str]:
    """Yield the texts that were ever values of this person's properties."""
    for each in stream:
        if isinstance(each.event, PropertySet | Merged | Unmerged):
            values = each.event.properties.values()
            yield from (value for value in values if isinstance(value, str))
