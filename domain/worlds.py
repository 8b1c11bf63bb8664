"""A world: who is who by what was captured, under rules of its own. It is nowhere but in memory."""

from collections.abc import Collection, Sequence
from uuid import UUID

from domain.batch import Batch
from domain.capture import capture
from domain.captured import CapturedEvent, TakenIn
from domain.events import Actor, LoggedEvent
from domain.loaded import Loaded
from domain.merge_rules import MergeRules
from domain.person import Person
from domain.settings import Settings

_ACTOR = Actor("system", "what if")


class World:
    """Persons as captured events make them under some rules of merging; only identity counts.

    `owners` has the person behind each distinct id.
    """

    def __init__(self, project_id: int, rules: MergeRules) -> None:
        loaded = Loaded(owners={}, persons={}, free=set(), seen=set())
        self._batch = Batch(project_id, Settings(), loaded, _Nothing(), next_number=1, rules=rules)

    @property
    def owners(self) -> dict[str, Person]:
        """The person behind each distinct id."""
        return self._batch.owners

    def take_in(self, captured: CapturedEvent) -> None:
        """Let a captured event do what it asks for."""
        capture(self._batch, captured, _ACTOR)
        # What is to be written stays unwritten, and must not pile up.
        for pile in (self._batch.events, self._batch.captured, self._batch.warnings):
            pile.clear()

    def are_joined(self, one: str, other: str) -> bool:
        """Tell whether two distinct ids belong to one person."""
        owner = self.owners.get(one)
        return owner is not None and owner is self.owners.get(other)


class _Nothing:
    """The store that a world has: an empty one."""

    def distinct_ids(self, person_id: UUID) -> list[str]:
        return []

    def stream(self, person_id: UUID) -> Sequence[LoggedEvent]:
        return []

    def stream_by_person(self, person_ids: Collection[UUID]) -> dict[UUID, list[LoggedEvent]]:
        return {}

    def taken_in(self, person_id: UUID) -> Sequence[TakenIn]:
        return []

    def owned(self, distinct_ids: Collection[str]) -> set[str]:
        return set()

    def streams(self, person_ids: Collection[UUID]) -> set[UUID]:
        return set()
