"""Joining two distinct ids in one person: PostHog's table of decisions, case by case."""

from domain.captured import Merge
from domain.changing import Changing
from domain.events import DistinctIdAdded, Merged, MergedInto
from domain.person import Person


def join(work: Changing, merge: Merge) -> Person | None:
    """Return the one person that both distinct ids belong to, or the target if that is refused.

    None where no person could be made.
    """
    target_id = work.captured.distinct_id
    match work.batch.owners.get(merge.source), work.batch.owners.get(target_id):
        case None, None:
            return work.create([target_id, merge.source], is_identified=True)
        case Person() as only, None:
            return _attach_target(work, merge, only)
        case None, Person() as only:
            return _attach(work, only, merge.source)
        case Person() as source, Person() as target:
            return _merge(work, merge, source, target)
    raise AssertionError("the cases above are all there are")


def _attach_target(work: Changing, merge: Merge, source: Person) -> Person | None:
    target_id = work.captured.distinct_id
    if work.batch.rules.attaches_identified or not _is_guarded(work, source):
        return _attach(work, source, target_id, through=merge.source)
    _refuse(work, merge)
    return work.create([target_id], is_identified=True)


def _attach(
    work: Changing, person: Person, distinct_id: str, *, through: str | None = None
) -> Person:
    added = DistinctIdAdded(origin=work.origin, added=distinct_id, through=through)
    work.batch.emit(person, added)
    work.batch.own(person, [distinct_id])
    work.identify(person)
    work.change(person)
    return person


def _merge(work: Changing, merge: Merge, source: Person, target: Person) -> Person:
    if source is not target:
        if _is_guarded(work, source):
            _refuse(work, merge)
        elif not _absorb(work, source, target):
            return target
    work.identify(target)
    work.change(target)
    return target


def _is_guarded(work: Changing, source: Person) -> bool:
    return source.is_identified and work.batch.rules.guards(work.captured.event)


def _refuse(work: Changing, merge: Merge) -> None:
    work.warn(
        "cannot_merge_already_identified",
        sourcePersonDistinctId=merge.source,
        targetPersonDistinctId=work.captured.distinct_id,
    )


def _absorb(work: Changing, source: Person, target: Person) -> bool:
    """Move all of the source to the target, unless that would be too large for one person."""
    batch = work.batch
    gained = {
        key: value for key, value in source.properties.items() if key not in target.properties
    }
    if work.is_too_much(target, gained, size=source.size):
        return False
    ids = list(batch.all_distinct_ids(source))
    source_version, target_version = source.version, target.version
    batch.emit(
        source,
        MergedInto(origin=work.origin, target=target.id, target_version=target_version),
    )
    batch.emit(
        target,
        Merged(
            origin=work.origin,
            source=source.id,
            source_version=source_version,
            distinct_ids=ids,
            properties=gained,
            created_at=min(source.created_at, target.created_at),
            created_before=target.created_at,
        ),
    )
    target.size += source.size
    batch.own(target, ids)
    return True
