"""Taking a person over from another store, as it is there. Nothing of ours is ever overwritten."""

from datetime import datetime

from domain.batch import Batch
from domain.commands import ImportPerson, PersonImported
from domain.errors import InvalidImportError, PropertiesTooLargeError
from domain.events import Actor, Identified, Origin, PropertySet
from domain.foreign import Disagreement, ForeignPerson, counterpart, disagreements
from domain.person import Person
from domain.properties import MAX_SIZE, size


def import_person(
    batch: Batch, command: ImportPerson, actor: Actor, at: datetime
) -> PersonImported:
    """Let a foreign person be born here; where we know one of its distinct ids, only compare.

    Raises:
        InvalidImportError: it has no distinct ids, so nobody could ever reach it.
        PropertiesTooLargeError: it has more than one person may hold.
    """
    foreign = command.person
    if not foreign.distinct_ids:
        raise InvalidImportError("a person without distinct ids")
    found = {each: batch.owners[each] for each in foreign.distinct_ids if each in batch.owners}
    person = counterpart(foreign, found)
    if person is None:
        return _born(batch, foreign, Origin(actor=actor, occurred_at=at), at)
    differences = disagreements(foreign, found, person, batch.all_distinct_ids(person))
    if foreign.uuid not in (None, person.id):
        differences.append(_other_uuid(foreign, person))
    return PersonImported(
        person_id=person.id, version=person.version, is_new=False, disagreements=differences
    )


def _born(batch: Batch, foreign: ForeignPerson, origin: Origin, at: datetime) -> PersonImported:
    properties_size = size(foreign.properties)
    if properties_size > MAX_SIZE:
        raise PropertiesTooLargeError(f"a person holds at most {MAX_SIZE} bytes of properties")
    wanted = foreign.uuid
    is_free = wanted and wanted not in batch.changed and not batch.lookup.streams([wanted])
    person = batch.create(
        dict.fromkeys(foreign.distinct_ids),
        origin,
        created_at=foreign.created_at or at,
        born_from="import",
        person_id=wanted if is_free else None,
        last_seen_at=foreign.last_seen_at,
    )
    if foreign.properties:
        batch.emit(person, PropertySet(origin=origin, properties=foreign.properties))
        person.size = properties_size
    if foreign.is_identified:
        batch.emit(person, Identified(origin=origin))
    return PersonImported(
        person_id=person.id,
        version=person.version,
        is_new=True,
        disagreements=[_other_uuid(foreign, person)] if wanted and not is_free else [],
    )


def _other_uuid(foreign: ForeignPerson, person: Person) -> Disagreement:
    return Disagreement(
        person=foreign.name,
        field="uuid",
        detail="is another one here",
        here=str(person.id),
        there=str(foreign.uuid),
    )
