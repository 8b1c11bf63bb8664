"""The decision to take a merge back: what was planned happens to both persons, or is only shown."""

from datetime import datetime

from domain.batch import Batch
from domain.commands import MergeTakenBack, Unmerge
from domain.events import Actor, Origin, Unmerged
from domain.histories import Histories
from domain.person import Person, fold
from domain.properties import Changes
from domain.sides import Plan, Side
from domain.unmerge import plan
from domain.values import same


def unmerge(batch: Batch, command: Unmerge, actor: Actor, at: datetime) -> MergeTakenBack:
    """Give back to both persons of a merge what is theirs.

    Raises:
        PersonNotFoundError, VersionConflictError: see `Batch.person`.
        InvalidUnmergeError: see `domain.unmerge.plan`.
    """
    survivor = batch.person(command.person_id, expected_version=command.expected_version)
    batch.all_distinct_ids(survivor)
    lookup = batch.lookup
    taken_in = lookup.taken_in(survivor.id)
    histories = Histories(
        lookup.stream(survivor.id), taken_in, batch.settings, lookup.stream_by_person
    )
    planned = plan(histories, command.merge)
    restored = fold(None, lookup.stream(planned.source))
    assert restored is not None  # the plan has read its history
    origin = Origin(actor=actor, occurred_at=at)
    events = (
        (survivor, _unmerged(survivor, restored, planned, planned.survivor, origin)),
        (restored, _unmerged(restored, survivor, planned, planned.restored, origin)),
    )
    if command.is_dry_run:
        for person, event in events:
            person.apply(event)
    else:
        for person, event in events:
            batch.emit(person, event)
        batch.persons[restored.id] = restored
        batch.own(restored, restored.distinct_ids)
    return MergeTakenBack(
        person_id=survivor.id,
        version=survivor.version,
        survivor=survivor,
        restored=restored,
        conflicts=planned.conflicts,
    )


def _unmerged(person: Person, other: Person, planned: Plan, side: Side, origin: Origin) -> Unmerged:
    changed = _difference(person, side)
    before = {key: person.properties[key] for key in changed.set if key in person.properties}
    return Unmerged(
        origin=origin,
        merge=planned.merge,
        other=other.id,
        distinct_ids=side.distinct_ids,
        properties=changed.set,
        before=before | changed.unset,
        created_at=side.created_at,
        is_identified=side.is_identified,
    )


def _difference(person: Person, side: Side) -> Changes:
    now, then = person.properties, side.properties
    return Changes(
        {key: each for key, each in then.items() if key not in now or not same(each, now[key])},
        {key: each for key, each in now.items() if key not in then},
    )
