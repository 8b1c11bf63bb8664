"""What a captured event does to persons. Source: PostHog's person processing, rule by rule."""

from domain.batch import Batch
from domain.captured import CapturedEvent, Merge, request
from domain.changing import Changing
from domain.commands import Done
from domain.events import Actor
from domain.joining import join
from domain.person import Person
from domain.warnings import Warning


def capture(batch: Batch, captured: CapturedEvent, actor: Actor) -> Done:
    """Let a captured event do what it asks for, once, and keep it."""
    person = batch.owners.get(captured.distinct_id)
    if not batch.first_time(captured):
        return _done(batch, captured, person, is_duplicate=True)
    asked = request(captured)
    warnings = asked.warnings
    if not asked.is_personless:
        person = _process(Changing(batch, captured, asked, actor), asked.merge)
    batch.warnings += warnings
    done = _done(batch, captured, person, is_dropped=asked.is_dropped, warnings=warnings)
    if not asked.is_dropped:
        batch.keep(captured, done.person_id, done.version)
    return done


def _process(work: Changing, merge: Merge | None) -> Person | None:
    """Return the person that the event belongs to after it; None where none could be made."""
    distinct_id = work.captured.distinct_id
    if merge and merge.source != distinct_id:
        illegal = [each for each in (merge.source, distinct_id) if work.batch.rules.forbids(each)]
        if not illegal:
            return join(work, merge)
        work.warn(
            "cannot_merge_with_illegal_distinct_id",
            illegalDistinctId=illegal[0],
            otherDistinctId=distinct_id,
        )
    person = work.batch.owners.get(distinct_id)
    if person is None:
        return work.create([distinct_id])
    work.change(person)
    return person


def _done(
    batch: Batch,
    captured: CapturedEvent,
    person: Person | None,
    *,
    is_duplicate: bool = False,
    is_dropped: bool = False,
    warnings: list[Warning] | None = None,
) -> Done:
    return Done(
        person_id=person.id if person else batch.next_uuid(captured.distinct_id),
        version=person.version if person else 0,
        is_duplicate=is_duplicate,
        is_dropped=is_dropped,
        warnings=tuple(warnings or ()),
    )
