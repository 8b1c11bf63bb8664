"""Erasing a deleted person for good.

Whoever was merged into a person goes with it: see `domain.belongings`. Where a merge was taken
back, what the other person's stream repeats of it is erased too, and an event says what that
person has.
"""

from collections.abc import Iterable, Iterator, Set
from datetime import datetime
from uuid import UUID

from domain.batch import Batch
from domain.belongings import Belongings, Stream, belongings
from domain.commands import ErasePerson, Erasure
from domain.erasures import Erasing, ToErase
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
    PropertyBackfilled,
    PropertySet,
    Redacted,
    Unmerged,
)
from domain.identity import person_uuid
from domain.person import Person, fold
from domain.undeleting import deleted, deleted_at
from domain.values import JSON


def erase(batch: Batch, command: ErasePerson, actor: Actor, at: datetime) -> Erasure:
    """Let all that the log says of a deleted person be erased; nothing, if that was done before.

    Raises:
        PersonNotFoundError: there never was such a person.
        NotDeletedError: it lives, or was merged into another, whose data this is.
    """
    stream, person = deleted(batch, command.person_id)
    found = belongings(batch.lookup.stream, person.id)
    ids = sorted(found.all_ids())
    erasing = _Erasing(batch, found, Origin(actor=actor, occurred_at=at))
    parts = erasing.parts(captured=command.erases_captured)
    strays = _strays(batch, ids) if command.erases_captured else []
    if parts:
        order = erasing.order(batch.changed[person.id], parts, ids, until=deleted_at(stream))
        batch.erasures.append(order._replace(strays=strays))
    return Erasure(
        person_id=person.id,
        version=batch.changed.get(person.id, person).version,
        persons=[*found.streams, *strays],
        positions={each.person_id: each.positions for each in parts},
        distinct_ids=ids,
        values=sorted({text for each in found.streams.values() for text in _texts(each)}),
    )


class _Erasing:
    """The erasure of what belongs to a person."""

    def __init__(self, batch: Batch, found: Belongings, origin: Origin) -> None:
        self._batch = batch
        self._found = found
        self._origin = origin
        self._causes: list[UUID] = []  # captured events in which others have a part

    def parts(self, *, captured: bool) -> list[ToErase]:
        """Emit an event for each stream that says something; return what is to be erased of it."""
        found: list[ToErase] = []
        for person_id, stream in self._found.streams.items():
            ids = self._found.distinct_ids[person_id]
            personal = [each for each in stream if _is_personal(each.event)]
            found += self._part(person_id, stream, personal, ids if captured else set())
        ids = self._found.all_ids()
        for person_id, stream in self._found.others.items():
            personal = [each for each in stream if self._concerns(each.event, ids)]
            causes = (each.event.origin.cause for each in personal if captured)
            self._causes += (cause.uuid for cause in causes if cause)
            found += self._part(person_id, stream, personal, ids if captured else set())
        return found

    def order(
        self, person: Person, parts: list[ToErase], ids: list[str], *, until: datetime
    ) -> Erasing:
        """Return what the store is to erase, but for what is filed under no person."""
        return Erasing(
            person_id=person.id,
            number=person.number,
            origin=self._origin,
            persons=list(self._found.streams),
            parts=parts,
            captured=self._causes,
            strays=[],
            given_back=self._found.given_back,
            distinct_ids=ids,
            until=until,
        )

    def _part(
        self, person_id: UUID, stream: Stream, personal: list[LoggedEvent], captured_of: Set[str]
    ) -> Iterator[ToErase]:
        person = fold(None, stream)
        if person is None or not personal:
            return
        positions = sorted(position for each in personal for position in _positions(each))
        kept = None if person_id in self._found.streams else _kept(person)
        event = Erased(origin=self._origin, number=person.number, positions=positions, kept=kept)
        self._batch.emit(person, event)
        yield ToErase(person_id, positions, sorted(captured_of))

    def _concerns(self, event: PersonEvent, ids: Set[str]) -> bool:
        """Tell whether an event in another's stream repeats something of the persons erased."""
        match event:
            case Merged():
                return event.source in self._found.streams
            case MergedInto():
                return event.target in self._found.streams
            case Unmerged():
                return event.other in self._found.streams
            case Redacted() | Erased():
                return False
            case _:
                return event.origin.distinct_id in ids


def _is_personal(event: PersonEvent) -> bool:
    """Tell whether an event says anything of whom it is about."""
    match event:
        case Deleted() | Redacted():
            return False
        case Erased():
            return event.kept is not None
        case _:
            return True


def _positions(logged: LoggedEvent) -> list[int]:
    """Return what goes with an event: what it said was erased has to be said again."""
    said = logged.event.positions if isinstance(logged.event, Erased) else []
    return [*said, logged.position]


def _kept(person: Person) -> Kept:
    return Kept(
        distinct_ids=person.distinct_ids,
        properties=person.properties,
        created_at=person.created_at,
        last_seen_at=person.last_seen_at,
        changed_at=person.changed_at,
        is_identified=person.is_identified,
        is_living=person.is_living,
    )


def _strays(batch: Batch, ids: Iterable[str]) -> list[UUID]:
    """Return the uuids under which events are filed that came before these ids had a person."""
    uuids = {person_uuid(batch.project_id, each) for each in ids}
    return sorted(uuids - batch.lookup.streams(uuids))


def _texts(stream: Stream) -> Iterator[str]:
    """Yield the texts that were ever values of this person's properties, at any depth."""
    for each in stream:
        match each.event:
            case PropertySet() | Merged() | Unmerged() as event:
                yield from _within(event.properties)
            case PropertyBackfilled() as event:
                yield from _within(event.backfilled)
            case Erased(kept=Kept() as kept):
                yield from _within(kept.properties)


def _within(value: JSON) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _within(each)
        case list():
            for each in value:
                yield from _within(each)
