"""What a batch has of the store: what was loaded for it, and what it may still ask."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from msgspec import Struct

from domain.captured import TakenIn
from domain.events import LoggedEvent
from domain.person import Person


class Seen(NamedTuple):
    """What tells a captured event that comes again."""

    uuid: UUID
    event: str
    distinct_id: str


class Loaded(Struct, kw_only=True):
    """What was loaded for a batch.

    `owners`: the living person behind each distinct id that has one. `persons`: those asked for by
    id. `free`: distinct ids whose first uuid was never a person's. `seen`: captured events of the
    batch that are stored already.
    """

    owners: dict[str, Person]
    persons: dict[UUID, Person]
    free: set[str]
    seen: set[Seen]


class Lookup(Protocol):
    """What a batch may still ask of the store while it decides; needed only now and then."""

    def distinct_ids(self, person_id: UUID) -> list[str]:
        """Return all distinct ids of a person as the store has them, oldest first."""

    def stream(self, person_id: UUID) -> Sequence[LoggedEvent]:
        """Return all events of a person, oldest first."""

    def stream_by_person(self, person_ids: Collection[UUID]) -> dict[UUID, list[LoggedEvent]]:
        """Return what `stream` does for each of many persons; one never born is left out."""

    def taken_in(self, person_id: UUID) -> Sequence[TakenIn]:
        """Return the captured events of a person that are still kept, in order."""

    def owned(self, distinct_ids: Collection[str]) -> set[str]:
        """Return those of the distinct ids that belong to a living person."""

    def streams(self, person_ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that have ever been a person's."""
