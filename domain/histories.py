"""The streams that a merge is taken back by: many are needed, so they are read together."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from domain.captured import TakenIn
from domain.events import LoggedEvent, Merged
from domain.settings import Settings

AT_ONCE = 500  # streams that are read together, and held

Stream: TypeAlias = Sequence[LoggedEvent]
Read = Callable[[Collection[UUID]], Mapping[UUID, Stream]]
"""Returns the streams of persons; one that was never born has none."""


class Histories:
    """What a plan is made from: the survivor's stream, and a way to those of others.

    `taken_in` are the captured events of the survivor since any merge of it, in order.
    """

    def __init__(
        self, stream: Stream, taken_in: Sequence[TakenIn], settings: Settings, read: Read
    ) -> None:
        self.stream = stream
        self.taken_in = taken_in
        self.settings = settings
        self._read = read
        self._held: dict[UUID, Stream] = {}
        self._expected: list[UUID] = []

    def expect(self, person_ids: Sequence[UUID]) -> None:
        """Be told whose streams are asked for next, in this order."""
        self._expected = list(person_ids)

    def of(self, person_id: UUID) -> Stream:
        """Return all events of a person, oldest first."""
        if person_id not in self._held:
            self._hold(person_id)
        return self._held.get(person_id, ())

    def _hold(self, person_id: UUID) -> None:
        fresh = {person_id}
        if person_id in self._expected:
            place = self._expected.index(person_id)
            fresh = {*self._expected[place : place + AT_ONCE]}
            self._expected = self._expected[place:]
            self._held.clear()
        while fresh:
            found = self._read(fresh)
            self._held |= found
            # Only what occurred last may need to know when, also in those who were merged before.
            is_by_time = self.settings.ordering == "event_time"
            fresh = _sources(found.values()) - self._held.keys() if is_by_time else set()


def _sources(streams: Collection[Stream]) -> set[UUID]:
    return {e.event.source for stream in streams for e in stream if isinstance(e.event, Merged)}
