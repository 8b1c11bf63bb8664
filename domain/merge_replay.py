"""A person's life once more, as if some merges into it had never been.

Each captured event goes to the person that its own distinct id belongs to. Where one is no longer
kept, what the log says that it changed stands in for it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from heapq import merge as in_order
from itertools import takewhile
from uuid import UUID

from domain.captured import Request, TakenIn, request
from domain.errors import InvalidUnmergeError
from domain.events import (
    Cause,
    DistinctIdAdded,
    Erased,
    Identified,
    LoggedEvent,
    Merged,
    PersonEvent,
    PropertyBackfilled,
    PropertySet,
    PropertyUnset,
    Split,
    Undeleted,
)
from domain.histories import Histories
from domain.identity import is_illegal
from domain.lateness import in_time, since
from domain.merges import ERASED
from domain.person import Person, fold
from domain.properties import Changes
from domain.sides import Plan, Side, conflicts


def person_at(stream: Sequence[LoggedEvent], *, version: int) -> Person:
    """Return a person as its stream says, up to a version.

    Raises:
        InvalidUnmergeError: what the stream says of it was erased since.
    """
    is_erased = any(isinstance(each.event, Erased) and each.version > version for each in stream)
    person = fold(None, takewhile(lambda each: each.version <= version, stream))
    if person is None or is_erased:
        raise InvalidUnmergeError(ERASED)
    return person


class MergeReplay:
    """The survivor's stream once more, from the first undone merge on, without any of those."""

    def __init__(
        self,
        histories: Histories,
        merge: int,
        merged: Merged,
        restored: Person,
        undone: set[int],
    ) -> None:
        self._histories = histories
        self._merge = merge
        self._merged = merged
        self._undone = undone
        start = min(undone)
        stream = histories.stream
        born = fold(None, [each for each in stream if each.position < start])
        assert born is not None  # a stream begins with a birth
        self._later = [each for each in stream if each.position >= start]
        self._taken_in = [each for each in histories.taken_in if each.position >= start]
        self._decided_again = {each.captured.uuid for each in self._taken_in}
        self._causes = _causes(each for each in self._later if each.position in undone)
        # An edit through the API is of the person; the distinct id of its captured event is not.
        self._edits = _causes(each for each in self._later if each.event.origin.distinct_id is None)
        self.survivor = Side(born, "survivor", self._times(born))
        self.restored = Side(restored, "restored", self._times(restored))
        merges = (each for each in self._later if each.position not in undone)
        histories.expect([each.event.source for each in merges if isinstance(each.event, Merged)])
        self._joined = [self.survivor]  # those who are in the survivor's stream by now
        self._owners: dict[str, Side | None] = dict.fromkeys(born.distinct_ids, self.survivor)

    def plan(self) -> Plan:
        """Return what each side has in the end."""
        items: list[Iterable[LoggedEvent | TakenIn]] = [self._later, self._taken_in]
        for item in in_order(*items, key=lambda each: each.position):
            if isinstance(item, LoggedEvent):
                self._happen(item)
            else:
                self._decide(item)
        sides = (self.survivor, self.restored)
        return Plan(self._merge, self._merged.source, *sides, list(conflicts(sides)))

    def _happen(self, logged: LoggedEvent) -> None:
        event = logged.event
        side = self._side(event.origin.distinct_id, event.origin.cause)
        match event:
            case Merged():
                self._join(logged, event, side)
            case DistinctIdAdded():
                self._own([event.added], self._side(event.came_with))
            case Split():
                self._keep(lambda each: each not in event.distinct_ids)
            case Undeleted():
                self._keep(lambda each: each in event.distinct_ids)
            case PropertySet() | PropertyBackfilled() | PropertyUnset() | Identified() if side:
                cause = event.origin.cause
                if cause is None or cause.uuid not in self._decided_again:
                    self._repeat(event, side)

    def _join(self, logged: LoggedEvent, event: Merged, side: Side | None) -> None:
        if logged.position == self._merge:
            self._owners |= dict.fromkeys(event.distinct_ids, self.restored)
            self.survivor.touched.clear()
            self._joined.append(self.restored)
        elif logged.position in self._undone:
            self._owners |= dict.fromkeys(event.distinct_ids, None)
        elif side:
            source = person_at(self._histories.of(event.source), version=event.source_version)
            side.properties = source.properties | side.properties
            side.times = self._times(source) | side.times
            side.created_at = min(side.created_at, source.created_at)
            self._own(event.distinct_ids, side)

    def _repeat(self, event: PersonEvent, side: Side) -> None:
        """Take over what the log says, where the captured event itself is not there any more."""
        through = event.origin.distinct_id, event.origin.occurred_at
        match event:
            case PropertySet():
                self._change(side, Changes(event.properties, {}), *through)
            case PropertyBackfilled():
                self._change(side, Changes(event.backfilled, {}), *through)
            case PropertyUnset():
                self._change(side, Changes({}, event.before), *through)
            case Identified():
                if event.origin.cause is None or event.origin.cause.uuid not in self._causes:
                    side.is_identified = True

    def _decide(self, taken_in: TakenIn) -> None:
        captured = taken_in.captured
        side = self._side(captured.distinct_id, Cause(captured.event, captured.uuid))
        asked = request(captured)
        if side is None or asked.is_personless:
            return
        if self._identifies(taken_in, asked):
            side.is_identified = True
        filters = self._histories.settings.filter_noisy_properties
        changed = asked.changes(side.properties, filters=filters)
        self._change(side, changed, captured.distinct_id, captured.timestamp)

    def _change(self, side: Side, changed: Changes, distinct_id: str | None, at: datetime) -> None:
        if self._histories.settings.ordering == "event_time":
            changed, _ = in_time(changed, at, side.times)
        side.change(changed, distinct_id or "", at)

    def _times(self, person: Person) -> dict[str, datetime]:
        """Return when a person's properties last changed; {} where that decides nothing."""
        if self._histories.settings.ordering == "arrival":
            return {}
        stream = self._histories.of(person.id)[: person.version]
        return since(lambda id: stream if id == person.id else self._histories.of(id), person.id)

    def _identifies(self, taken_in: TakenIn, asked: Request) -> bool:
        captured = taken_in.captured
        return (
            asked.merge is not None
            and captured.uuid not in self._causes
            and asked.merge.source != captured.distinct_id
            and not is_illegal(asked.merge.source)
            and not is_illegal(captured.distinct_id)
        )

    def _side(self, distinct_id: str | None, cause: Cause | None = None) -> Side | None:
        """Return whose an event is that came through a distinct id; None for a third person's."""
        if distinct_id is None or (cause and cause.uuid in self._edits):
            return self.survivor
        return self._owners.get(distinct_id, self.survivor)

    def _own(self, distinct_ids: Sequence[str], side: Side | None) -> None:
        if side:
            side.distinct_ids += distinct_ids
        self._owners |= dict.fromkeys(distinct_ids, side)

    def _keep(self, is_kept: Callable[[str], bool]) -> None:
        for side in self._joined:
            side.distinct_ids = list(filter(is_kept, side.distinct_ids))


def _causes(events: Iterable[LoggedEvent]) -> set[UUID]:
    return {each.event.origin.cause.uuid for each in events if each.event.origin.cause}
