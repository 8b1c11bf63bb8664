"""One captured event at work: the persons that it creates, identifies and changes."""

from domain.batch import Batch
from domain.captured import CapturedEvent, Request
from domain.events import (
    Actor,
    Cause,
    Identified,
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


class Changing:
    """What a captured event asks for, and what it comes to in the persons of a batch."""

    def __init__(self, batch: Batch, captured: CapturedEvent, asked: Request, actor: Actor) -> None:
        self.batch = batch
        self.captured = captured
        self.origin = Origin(
            actor=actor,
            occurred_at=captured.timestamp,
            cause=Cause(captured.event, captured.uuid),
            distinct_id=captured.distinct_id,
        )
        self._asked = asked

    def create(self, distinct_ids: list[str], *, is_identified: bool = False) -> Person | None:
        """Return a new person with these distinct ids; None where it would be too large."""
        properties = {"$creator_event_uuid": str(self.captured.uuid)}
        properties |= self._asked.set_once | self._asked.set
        growth = size(properties)
        if growth > MAX_SIZE:
            self._warn_of_size(None)
            return None
        person = self.batch.create(
            distinct_ids,
            self.origin,
            created_at=self.captured.timestamp,
            born_from="capture",
        )
        self._set(person, properties, growth)
        if is_identified:
            self.identify(person)
        return person

    def identify(self, person: Person) -> None:
        """Let the person be known by name from now on."""
        if not person.is_identified:
            self.batch.emit(person, Identified(origin=self.origin))

    def change(self, person: Person) -> None:
        """Change the person's properties as asked, unless it would become too large."""
        changed = self._changes(person.properties)
        if self._is_late(person):
            changed = self._in_time(person, changed)
        growth = len(encode(changed.set)) if changed.set else 0
        if growth and self._is_too_large(person, changed, growth, of=person.properties):
            return
        if changed.set:
            self._set(person, changed.set, growth)
        if changed.unset:
            self.batch.emit(person, PropertyUnset(origin=self.origin, before=changed.unset))

    def is_too_much(self, person: Person, gained: Properties, *, size: int) -> bool:
        """Tell whether the person would become too large with these properties and all changes.

        `size` is that of the person they come from. If so, there is a warning.
        """
        merged = person.properties | gained
        changed = self._changes(merged)
        return self._is_too_large(person, changed, size + len(encode(changed.set)), of=merged)

    def warn(self, type: str, **details: JSON) -> None:
        """Let a warning be kept with the event."""
        captured = self.captured
        self._asked.warnings.append(
            Warning(
                type=type,
                distinct_id=captured.distinct_id,
                cause=captured.uuid,
                details={"eventUuid": str(captured.uuid)} | details,
            )
        )

    def _changes(self, properties: Properties) -> Changes:
        filters = self.batch.settings.filter_noisy_properties
        return self._asked.changes(properties, filters=filters)

    def _is_late(self, person: Person) -> bool:
        return (
            self.batch.settings.ordering == "event_time"
            and self.captured.timestamp < person.changed_at
        )

    def _in_time(self, person: Person, changed: Changes) -> Changes:
        """Return what a late event may still change; the rest is only remembered."""
        times = since(self.batch.history, person.id)
        counts, late = in_time(changed, self.captured.timestamp, times)
        if late:
            self.batch.emit(person, PropertyBackfilled(origin=self.origin, backfilled=late))
        return counts

    def _set(self, person: Person, properties: Properties, growth: int) -> None:
        held = person.properties
        before = {key: held[key] for key in properties if key in held}
        person.size += growth
        self.batch.emit(
            person, PropertySet(origin=self.origin, properties=properties, before=before)
        )

    def _is_too_large(
        self, person: Person, changed: Changes, growth: int, *, of: Properties
    ) -> bool:
        # `size` is a cheap upper bound; only near the limit is it worth the exact sum.
        if person.size + growth <= MAX_SIZE:
            return False
        after = {
            key: value for key, value in (of | changed.set).items() if key not in changed.unset
        }
        if size(after) <= MAX_SIZE:
            return False
        self._warn_of_size(person)
        return True

    def _warn_of_size(self, person: Person | None) -> None:
        self.warn("person_properties_size_violation", personId=str(person.id) if person else None)
