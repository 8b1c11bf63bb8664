"""Everything that can happen to a person, each as one immutable fact in the past tense.

The union `PersonEvent` is the only list of events: the mapper and the type checker read it.
A value that a property had before stands in the event itself, so history, blame and the change
feed read each event alone.
"""

from datetime import UTC, datetime
from typing import Literal, TypeAlias, get_args
from uuid import UUID

from msgspec import Struct

from domain.values import Properties

BornFrom: TypeAlias = Literal["capture", "split", "import"]


class Actor(Struct, frozen=True, gc=False):
    """Who asked for a change: an API key, a project token, or the system itself."""

    kind: Literal["key", "token", "system"]
    name: str


class Cause(Struct, frozen=True, gc=False):
    """The captured event that brought a change about."""

    event: str
    uuid: UUID


class Origin(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Where an event comes from: who, when by their own clock, by what, through which distinct id.

    `cause` is None when no captured event stands behind the change; `distinct_id` is None when
    the change came through none.
    """

    actor: Actor
    occurred_at: datetime
    cause: Cause | None = None
    distinct_id: str | None = None


class Event(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What all events carry."""

    origin: Origin


class PersonCreated(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A person was born with `distinct_ids`; `source` is the person it was split from."""

    number: int
    distinct_ids: list[str]
    created_at: datetime
    last_seen_at: datetime
    born_from: BornFrom
    source: UUID | None = None


class PropertySet(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """`properties` have these values since now; those that existed had the values in `before`."""

    properties: Properties
    before: Properties = {}


class PropertyBackfilled(Event, frozen=True, kw_only=True, gc=False):
    """Properties had these values when the event occurred, as became known later.

    Newer values stand since, so that nothing changes now.
    """

    backfilled: Properties


class PropertyUnset(Event, frozen=True, kw_only=True, gc=False):
    """The properties in `before`, which had these values, are gone."""

    before: Properties


class Identified(Event, frozen=True, kw_only=True, gc=False):
    """The person is known by name: it can no longer be merged away by `$identify` or an alias."""


class DistinctIdAdded(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The distinct id `added`, which belonged to nobody, belongs to this person.

    `through` is the distinct id of this person that it came with, where that is not the origin's:
    a captured event may come through the very distinct id that is added.
    """

    added: str
    through: str | None = None

    @property
    def came_with(self) -> str:
        """The distinct id of this person that it came with; "" for none."""
        return self.through or self.origin.distinct_id or ""


class Merged(Event, frozen=True, kw_only=True, gc=False):
    """All of `source`, as it was at `source_version`, came over to this person.

    `distinct_ids` and `properties` are what this person gained: its own properties win conflicts.
    """

    source: UUID
    source_version: int
    distinct_ids: list[str]
    properties: Properties
    created_at: datetime
    created_before: datetime


class MergedInto(Event, frozen=True, kw_only=True, gc=False):
    """This person went over to `target`, which was at `target_version`, and lives there."""

    target: UUID
    target_version: int


class Split(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Each of these distinct ids left for the new person that stands behind it.

    `are_named`: they were asked for; else the one that stays was, or none.
    """

    distinct_ids: dict[str, UUID]
    are_named: bool = False


class Unmerged(Event, frozen=True, kw_only=True, gc=False):
    """The merge at position `merge` was taken back between this person and `other`.

    This person now has `distinct_ids`, `created_at` and `is_identified` as said here;
    `properties` changed to these values, and those only in `before` are gone.
    """

    merge: int
    other: UUID
    distinct_ids: list[str]
    properties: Properties
    before: Properties
    created_at: datetime
    is_identified: bool


class Deleted(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The person is gone, and its distinct ids belong to nobody.

    `erases_now`: its personal data is to be erased as soon as possible, not after some time.
    `deletes_events`: its captured events are to go as well.
    """

    erases_now: bool = False
    deletes_events: bool = False


class Undeleted(Event, frozen=True, kw_only=True, gc=False):
    """The person is back, with those of its distinct ids that still belonged to nobody."""

    distinct_ids: list[str]
    created_at: datetime


class Kept(Struct, frozen=True, kw_only=True, gc=False):
    """All that a person has, where events that said so were erased for another's sake.

    Where it is not `is_living`, its distinct ids are those that it had, and belong to others.
    """

    distinct_ids: list[str]
    properties: Properties
    created_at: datetime
    last_seen_at: datetime
    changed_at: datetime
    is_identified: bool
    is_living: bool


class Erased(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The personal data in the events at `positions` of this person was erased for good.

    `kept` is what a person has that is not erased itself; None for one that is.
    """

    number: int
    positions: list[int]
    kept: Kept | None = None


class Redacted(Event, frozen=True, kw_only=True, gc=False):
    """What stands in the place of an event whose state was erased: that something happened."""


REDACTED = Redacted(
    origin=Origin(actor=Actor("system", "erasure"), occurred_at=datetime(1970, 1, 1, tzinfo=UTC))
)


PersonEvent: TypeAlias = (
    PersonCreated
    | PropertySet
    | PropertyBackfilled
    | PropertyUnset
    | Identified
    | DistinctIdAdded
    | Merged
    | MergedInto
    | Split
    | Unmerged
    | Deleted
    | Undeleted
    | Erased
    | Redacted
)

EVENT_CLASSES: dict[str, type[PersonEvent]] = {
    event_class.__name__: event_class
    for event_class in get_args(PersonEvent)
    if event_class is not Redacted
}
"""The events by topic: the plain name under which the log keeps them."""


def gained_ids(event: PersonEvent) -> list[str]:
    """Return the distinct ids that belong to the event's person since it, in order."""
    match event:
        case PersonCreated() | Merged() | Unmerged() | Undeleted():
            return event.distinct_ids
        case DistinctIdAdded():
            return [event.added]
        case Erased(kept=Kept(is_living=True) as kept):
            return kept.distinct_ids
        case _:
            return []


class PlacedEvent(Struct, frozen=True, gc=False):
    """An event at its place: `version` in the stream of `person_id`, from 1, without gaps."""

    person_id: UUID
    version: int
    event: PersonEvent

    @property
    def originator_id(self) -> UUID:
        """The `eventsourcing` library's word for `person_id`."""
        return self.person_id

    @property
    def originator_version(self) -> int:
        """The `eventsourcing` library's word for `version`."""
        return self.version


class LoggedEvent(PlacedEvent, frozen=True, gc=False, kw_only=True):
    """A placed event in its project's log: at `position`, from 1, without gaps."""

    position: int
