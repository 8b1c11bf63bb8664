"""The merges into a person: which of them can be taken back, and what stands against the others."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from uuid import UUID

from domain.events import (
    Deleted,
    DistinctIdAdded,
    Erased,
    LoggedEvent,
    Merged,
    MergedInto,
    PersonCreated,
    PersonEvent,
    Redacted,
    Split,
    Undeleted,
    Unmerged,
)

_BIRTH = 0  # stands for the merge that never was, with which a person's own distinct ids came
ERASED = "a part of the other person's history was erased"
_FIRST = "take that one back first"


class Merges:
    """The merges into the person of a stream: `merged` has them by position, oldest first.

    `taken_back` has the positions at which some of them were taken back. Events that change
    nothing but properties may be left out of the stream.
    """

    def __init__(self, stream: Iterable[LoggedEvent], erased: Mapping[UUID, int]) -> None:
        """Read a stream; `erased` has the last versions at which others' streams were erased."""
        self.merged: dict[int, Merged] = {}
        self.taken_back: dict[int, int] = {}
        self._came_with: dict[str, int] = {}
        self._came_through: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        self._erased = erased
        self._gone_since: int | None = None
        self._unknown: list[tuple[int, str]] = []
        self._of_erased: list[int] = []
        for logged in stream:
            self._happen(logged)

    def obstacle(self, merge: int) -> str | None:
        """Return why a merge cannot be taken back; None if it can be."""
        if merge in self.taken_back:
            return f"the merge at {merge} was taken back at {self.taken_back[merge]}"
        if self._gone_since is not None:
            return f"this person is gone since {self._gone_since}"
        for later, distinct_id in self._came_through.get(merge, ()):
            if later not in self.taken_back:
                return f"the merge at {later} came in through {distinct_id!r}: {_FIRST}"
        return self._gap(min(self.undone_with(merge))) or self._missing_ids(merge)

    def undone_with(self, merge: int) -> set[int]:
        """Return the merges that must not have been where one is taken back: itself, and all that
        were taken back only after it, or after another of these."""
        undone = {merge}
        for other in sorted(self.taken_back, reverse=True):
            if other < merge and self.taken_back[other] > min(undone):
                undone.add(other)
        first = min(undone)
        return undone | {other for other in self.taken_back if other > first}

    def _gap(self, since: int) -> str | None:
        """Return what of the history since a position is not known; None if all of it is."""
        if self._unknown and self._unknown[-1][0] > since:
            return self._unknown[-1][1]
        for merge in self._of_erased:
            if merge >= since and merge not in self.taken_back:
                return ERASED
        return None

    def _missing_ids(self, merge: int) -> str | None:
        returning = self._count[merge]
        staying = self._count.total() - returning
        for name, left in (("survivor", staying), ("restored", returning)):
            if not left:
                return f"none of its distinct ids would be left to the {name} person"
        return None

    @cached_property
    def _count(self) -> Counter[int]:
        return Counter(self._came_with.values())

    def _happen(self, logged: LoggedEvent) -> None:
        event, position = logged.event, logged.position
        match event:
            case Merged():
                self._join(event, position)
            case Unmerged():
                self._part(event, position)
            case Deleted() | MergedInto():
                self._gone_since = position
            case Undeleted():
                self._gone_since = None
            case Erased():
                self._unknown.append((position, f"a part of its history was erased at {position}"))
        self._change_ids(event, position)

    def _join(self, event: Merged, position: int) -> None:
        through = event.origin.distinct_id or ""
        self.merged[position] = event
        self._came_through[self._came_with.get(through, _BIRTH)].append((position, through))
        if self._erased.get(event.source, 0) > event.source_version:
            self._of_erased.append(position)

    def _part(self, event: Unmerged, position: int) -> None:
        if event.merge in self.merged:
            self.taken_back[event.merge] = position
        elif self._gone_since is not None:
            # What it did meanwhile stands in the other person's history.
            why = f"this person was a part of another one from {self._gone_since} to {position}"
            self._unknown.append((position, why))
            self._gone_since = None

    def _change_ids(self, event: PersonEvent | Redacted, position: int) -> None:
        ids = self._came_with
        match event:
            case PersonCreated():
                ids |= dict.fromkeys(event.distinct_ids, _BIRTH)
            case DistinctIdAdded():
                ids[event.added] = ids.get(event.came_with, _BIRTH)
            case Merged():
                ids |= dict.fromkeys(event.distinct_ids, position)
            case Split():
                for distinct_id in event.distinct_ids:
                    ids.pop(distinct_id, None)
            case Unmerged() | Undeleted():
                self._came_with = {each: ids.get(each, _BIRTH) for each in event.distinct_ids}
