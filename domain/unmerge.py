"""Taking a merge back: both persons as they were before it, then each with what came later.

What came later is decided again, as if the merge had never been: each captured event goes to the
person that its own distinct id belongs to. Where a captured event is no longer kept, what the log
says that it changed stands in for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge as in_order
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from domain.batch import Settings
from domain.captured import Request, TakenIn, request
from domain.errors import InvalidUnmergeError
from domain.events import (
    DistinctIdAdded,
    Identified,
    LoggedEvent,
    Merged,
    PropertySet,
    PropertyUnset,
    Split,
    Unmerged,
)
from domain.identity import is_illegal
from domain.person import Person, fold
from domain.properties import Changes
from domain.values import Properties, same


class Conflict(NamedTuple):
    """A property that changed after the merge on one side, and that the other side has as well.

    `values` has what each will have: under `survivor`, under `restored`, or both.
    """

    key: str
    values: Properties
    detail: str


class Side:
    """One of the two persons, as it would be if the merge had never happened."""

    def __init__(self, person: Person, name: str) -> None:
        self.name = name
        self.properties: Properties = dict(person.properties)
        self.distinct_ids = list(person.distinct_ids)
        self.created_at = person.created_at
        self.is_identified = person.is_identified
        self.touched: dict[str, str] = {}

    def change(self, changed: Changes, distinct_id: str) -> None:
        """Set and unset properties, and remember through which distinct id."""
        self.properties |= changed.set
        for key in changed.unset:
            self.properties.pop(key, None)
        for key in (*changed.set, *changed.unset):
            self.touched[key] = distinct_id


class Plan(NamedTuple):
    """What taking a merge back would give each person, and where the two disagree."""

    merge: int
    source: UUID
    survivor: Side
    restored: Side
    conflicts: list[Conflict]


class Histories(NamedTuple):
    """What a plan is made from: the survivor's stream, a way to other streams, what was taken in.

    `taken_in` are the captured events of the survivor since any merge of it, in order.
    """

    stream: Sequence[LoggedEvent]
    of: Callable[[UUID], Sequence[LoggedEvent]]
    taken_in: Sequence[TakenIn]
    settings: Settings


def plan(histories: Histories, merge: int) -> Plan:
    """Return what taking back the merge at a position would give.

    Raises:
        InvalidUnmergeError: there is no such merge, or something that came later stands against it.
    """
    merged = _merge_at(histories.stream, merge)
    restored = person_at(histories.of(merged.source), version=merged.source_version)
    undone = _undone(histories.stream)
    if merge in undone:
        raise InvalidUnmergeError(f"the merge at {merge} was taken back at {undone[merge]}")
    return _Replay(histories, merge, merged, restored, undone.keys() | {merge}).plan()


def merges(stream: Sequence[LoggedEvent]) -> Iterator[tuple[LoggedEvent, Merged]]:
    """Yield the merges of a stream into its person, oldest first."""
    for logged in stream:
        if isinstance(logged.event, Merged):
            yield logged, logged.event


def person_at(stream: Sequence[LoggedEvent], *, version: int) -> Person:
    """Return a person as its stream says, up to a version."""
    person = fold(None, takewhile(lambda each: each.version <= version, stream))
    if person is None:
        raise InvalidUnmergeError("the other person's history is gone")
    return person


def _merge_at(stream: Sequence[LoggedEvent], position: int) -> Merged:
    for logged, merged in merges(stream):
        if logged.position == position:
            return merged
    raise InvalidUnmergeError(f"there is no merge into this person at position {position}")


def _undone(stream: Sequence[LoggedEvent]) -> dict[int, int]:
    """Return the merges that were taken back, each with the position at which it was."""
    return {
        logged.event.merge: logged.position
        for logged in stream
        if isinstance(logged.event, Unmerged)
    }


class _Replay:
    """The survivor's stream once more, from its first undone merge on, without any of those."""

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
        self._causes = {each.event.origin.cause for each in self._later if each.position in undone}
        self.survivor = Side(born, "survivor")
        self.restored = Side(restored, "restored")
        self._owners: dict[str, Side | None] = dict.fromkeys(born.distinct_ids, self.survivor)

    def plan(self) -> Plan:
        """Return what each side has in the end."""
        items: list[Iterable[LoggedEvent | TakenIn]] = [self._later, self._taken_in]
        for item in in_order(*items, key=lambda each: each.position):
            if isinstance(item, LoggedEvent):
                self._happen(item)
            else:
                self._decide(item)
        self._check_ids()
        return Plan(
            self._merge,
            self._merged.source,
            self.survivor,
            self.restored,
            list(self._conflicts()),
        )

    def _happen(self, logged: LoggedEvent) -> None:
        event = logged.event
        side = self._side(event.origin.distinct_id)
        match event:
            case Merged():
                self._join(logged, event, side)
            case DistinctIdAdded() if side:
                self._own([event.added], side)
            case Split():
                for distinct_id in event.distinct_ids:
                    self._lose(distinct_id)
            case PropertySet() | PropertyUnset() | Identified() if side:
                cause = event.origin.cause
                if cause is None or cause.uuid not in self._decided_again:
                    self._repeat(event, side)

    def _join(self, logged: LoggedEvent, event: Merged, side: Side | None) -> None:
        if logged.position == self._merge:
            self._owners |= dict.fromkeys(event.distinct_ids, self.restored)
            self.survivor.touched.clear()
        elif logged.position in self._undone:
            self._owners |= dict.fromkeys(event.distinct_ids, None)
        elif side is self.restored:
            raise InvalidUnmergeError(
                f"the merge at {logged.position} came in through "
                f"{event.origin.distinct_id!r}: take that one back first"
            )
        elif side:
            source = person_at(self._histories.of(event.source), version=event.source_version)
            side.properties = source.properties | side.properties
            side.created_at = min(side.created_at, source.created_at)
            self._own(event.distinct_ids, side)

    def _repeat(self, event: PropertySet | PropertyUnset | Identified, side: Side) -> None:
        """Take over what the log says, where the captured event itself is not there any more."""
        through = event.origin.distinct_id or ""
        match event:
            case PropertySet():
                side.change(Changes(event.properties, {}), through)
            case PropertyUnset():
                side.change(Changes({}, event.before), through)
            case Identified():
                if event.origin.cause not in self._causes:
                    side.is_identified = True

    def _decide(self, taken_in: TakenIn) -> None:
        captured = taken_in.captured
        side = self._side(captured.distinct_id)
        asked = request(captured)
        if side is None or asked.is_personless:
            return
        if self._identifies(taken_in, asked):
            side.is_identified = True
        filters = self._histories.settings.filter_noisy_properties
        side.change(asked.changes(side.properties, filters=filters), captured.distinct_id)

    def _identifies(self, taken_in: TakenIn, asked: Request) -> bool:
        captured = taken_in.captured
        is_undone = any(cause and cause.uuid == captured.uuid for cause in self._causes)
        return (
            asked.merge is not None
            and not is_undone
            and asked.merge.source != captured.distinct_id
            and not is_illegal(asked.merge.source)
            and not is_illegal(captured.distinct_id)
        )

    def _side(self, distinct_id: str | None) -> Side | None:
        """Return whose an event is that came through a distinct id; None for a third person's."""
        if distinct_id is None:
            return self.survivor
        return self._owners.get(distinct_id, self.survivor)

    def _own(self, distinct_ids: Sequence[str], side: Side) -> None:
        side.distinct_ids += distinct_ids
        self._owners |= dict.fromkeys(distinct_ids, side)

    def _lose(self, distinct_id: str) -> None:
        for side in (self.survivor, self.restored):
            if distinct_id in side.distinct_ids:
                side.distinct_ids.remove(distinct_id)

    def _check_ids(self) -> None:
        for side in (self.survivor, self.restored):
            if not side.distinct_ids:
                raise InvalidUnmergeError(
                    f"none of its distinct ids would be left to the {side.name} person"
                )

    def _conflicts(self) -> Iterator[Conflict]:
        sides = (self.survivor, self.restored)
        for side, other in (sides, sides[::-1]):
            for key, distinct_id in side.touched.items():
                if key not in other.properties or key in other.touched:
                    continue
                values = {
                    each.name: each.properties[key] for each in sides if key in each.properties
                }
                if len(values) < len(sides) or not same(*values.values()):
                    detail = f"the {other.name} person keeps what it had before the merge"
                    yield Conflict(key, values, f"changed through {distinct_id!r}: {detail}")
