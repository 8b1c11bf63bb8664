"""What a captured event does to persons. Source: PostHog's person processing, rule by rule."""

from domain.batch import Batch
from domain.captured import CapturedEvent, Merge, Request, request
from domain.commands import Done
from domain.events import (
    Actor,
    Cause,
    DistinctIdAdded,
    Identified,
    Merged,
    MergedInto,
    Origin,
    PropertyBackfilled,
    PropertySet,
    PropertyUnset,
)
from domain.lateness import in_time, since
from domain.person import Person
from domain.properties import MAX_SIZE, Changes, size
from domain.values import JSON, Properties, encode
from domain.warnings import Warning


def capture(batch: Batch, captured: CapturedEvent, actor: Actor) -> Done:
    """Let a captured event do what it asks for, once, and keep it."""
    person = batch.owners.get(captured.distinct_id)
    if not batch.first_time(captured):
        return _done(batch, captured, person, is_duplicate=True)
    asked = request(captured)
    warnings = asked.warnings
    if not asked.is_personless:
        person = _Capture(batch, captured, asked, actor).process()
    batch.warnings += warnings
    done = _done(batch, captured, person, is_dropped=asked.is_dropped, warnings=warnings)
    if not asked.is_dropped:
        batch.keep(captured, done.person_id, done.version)
    return done


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


class _Capture:
    """One captured event at work: first on identity, then on properties."""

    def __init__(self, batch: Batch, captured: CapturedEvent, asked: Request, actor: Actor) -> None:
        self._batch = batch
        self._captured = captured
        self._asked = asked
        self._origin = Origin(
            actor=actor,
            occurred_at=captured.timestamp,
            cause=Cause(captured.event, captured.uuid),
            distinct_id=captured.distinct_id,
        )

    def process(self) -> Person | None:
        """Return the person that the event belongs to after it; None where none could be made."""
        target = self._batch.owners.get(self._captured.distinct_id)
        merge = self._asked.merge
        if merge and merge.source != self._captured.distinct_id:
            forbids = self._batch.rules.forbids
            if not (forbids(merge.source) or forbids(self._captured.distinct_id)):
                return self._join(merge, self._batch.owners.get(merge.source), target)
            self._warn(
                "cannot_merge_with_illegal_distinct_id",
                illegalDistinctId=merge.source
                if forbids(merge.source)
                else self._captured.distinct_id,
                otherDistinctId=self._captured.distinct_id,
            )
        if target is None:
            return self._create([self._captured.distinct_id])
        self._change(target, self._changes(target.properties))
        return target

    def _join(self, merge: Merge, source: Person | None, target: Person | None) -> Person | None:
        """Return the one person that both distinct ids belong to, or the target if refused."""
        target_id = self._captured.distinct_id
        match source, target:
            case None, None:
                person = self._create([target_id, merge.source])
                if person:
                    self._identify(person)
                return person
            case Person() as only, None:
                return self._attach_target(merge, only)
            case None, Person() as only:
                return self._attach(only, merge.source)
            case Person(), Person():
                return self._merge(merge, source, target)
        raise AssertionError("the cases above are all there are")

    def _attach_target(self, merge: Merge, source: Person) -> Person | None:
        if self._batch.rules.attaches_identified or not self._is_guarded(source):
            return self._attach(source, self._captured.distinct_id, through=merge.source)
        self._refuse(merge)
        person = self._create([self._captured.distinct_id])
        if person:
            self._identify(person)
        return person

    def _attach(self, person: Person, distinct_id: str, *, through: str | None = None) -> Person:
        added = DistinctIdAdded(origin=self._origin, added=distinct_id, through=through)
        self._batch.emit(person, added)
        self._batch.own(person, [distinct_id])
        self._identify(person)
        self._change(person, self._changes(person.properties))
        return person

    def _merge(self, merge: Merge, source: Person, target: Person) -> Person:
        if source is not target:
            if self._is_guarded(source):
                self._refuse(merge)
            elif not self._absorb(source, target):
                return target
        self._identify(target)
        self._change(target, self._changes(target.properties))
        return target

    def _is_guarded(self, source: Person) -> bool:
        return source.is_identified and self._batch.rules.guards(self._captured.event)

    def _refuse(self, merge: Merge) -> None:
        self._warn(
            "cannot_merge_already_identified",
            sourcePersonDistinctId=merge.source,
            targetPersonDistinctId=self._captured.distinct_id,
        )

    def _absorb(self, source: Person, target: Person) -> bool:
        """Move all of the source to the target, unless that would be too large for one person."""
        gained = {
            key: value for key, value in source.properties.items() if key not in target.properties
        }
        merged = target.properties | gained
        if self._is_too_large(target, self._changes(merged), grown_by=source.size, of=merged):
            return False
        ids = list(self._batch.all_distinct_ids(source))
        source_version, target_version = source.version, target.version
        self._batch.emit(
            source,
            MergedInto(origin=self._origin, target=target.id, target_version=target_version),
        )
        self._batch.emit(
            target,
            Merged(
                origin=self._origin,
                source=source.id,
                source_version=source_version,
                distinct_ids=ids,
                properties=gained,
                created_at=min(source.created_at, target.created_at),
                created_before=target.created_at,
            ),
        )
        target.size += source.size
        self._batch.own(target, ids)
        return True

    def _identify(self, person: Person) -> None:
        if not person.is_identified:
            self._batch.emit(person, Identified(origin=self._origin))

    def _create(self, distinct_ids: list[str]) -> Person | None:
        properties = {"$creator_event_uuid": str(self._captured.uuid)}
        properties |= self._asked.set_once | self._asked.set
        if size(properties) > MAX_SIZE:
            self._warn_of_size(None)
            return None
        person = self._batch.create(
            distinct_ids,
            self._origin,
            created_at=self._captured.timestamp,
            born_from="capture",
        )
        self._set(person, properties)
        return person

    def _changes(self, properties: Properties) -> Changes:
        filters = self._batch.settings.filter_noisy_properties
        return self._asked.changes(properties, filters=filters)

    def _change(self, person: Person, changed: Changes) -> None:
        """Apply changes, unless the person would become too large."""
        if self._is_late(person):
            changed = self._in_time(person, changed)
        if self._is_too_large(person, changed, grown_by=0, of=person.properties):
            return
        if changed.set:
            self._set(person, changed.set)
        if changed.unset:
            self._batch.emit(person, PropertyUnset(origin=self._origin, before=changed.unset))

    def _is_late(self, person: Person) -> bool:
        return (
            self._batch.settings.ordering == "event_time"
            and self._captured.timestamp < person.changed_at
        )

    def _in_time(self, person: Person, changed: Changes) -> Changes:
        """Return what a late event may still change; the rest is only remembered."""
        times = since(self._batch.history, person.id)
        counts, late = in_time(changed, self._captured.timestamp, times)
        if late:
            self._batch.emit(person, PropertyBackfilled(origin=self._origin, backfilled=late))
        return counts

    def _set(self, person: Person, properties: Properties) -> None:
        before = {k: person.properties[k] for k in properties if k in person.properties}
        person.size += len(encode(properties))
        self._batch.emit(
            person, PropertySet(origin=self._origin, properties=properties, before=before)
        )

    def _is_too_large(
        self, person: Person, changed: Changes, *, grown_by: int, of: Properties
    ) -> bool:
        # `size` is a cheap upper bound; only near the limit is it worth the exact sum.
        if not changed.set and not grown_by:
            return False
        if person.size + grown_by + len(encode(changed.set)) <= MAX_SIZE:
            return False
        after = {
            key: value for key, value in (of | changed.set).items() if key not in changed.unset
        }
        if size(after) <= MAX_SIZE:
            return False
        self._warn_of_size(person)
        return True

    def _warn_of_size(self, person: Person | None) -> None:
        self._warn("person_properties_size_violation", personId=str(person.id) if person else None)

    def _warn(self, type: str, **details: JSON) -> None:
        captured = self._captured
        self._asked.warnings.append(
            Warning(
                type=type,
                distinct_id=captured.distinct_id,
                cause=captured.uuid,
                details={"eventUuid": str(captured.uuid)} | details,
            )
        )
