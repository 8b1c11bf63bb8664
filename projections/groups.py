"""Two ways to put the same things into groups, and where they differ."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Group: TypeAlias = list[str]


def components(
    now: Sequence[Group], then: Sequence[Group]
) -> Iterator[tuple[list[Group], list[Group]]]:
    """Yield the groups that differ, of either side, as few at a time as share their members.

    Each thing is in at most one group of a side.
    """
    sides = (now, then)
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for side, groups in enumerate(sides):
        for place, group in enumerate(groups):
            for member in group:
                places[member].append((side, place))
    seen: set[tuple[int, int]] = set()
    for side, groups in enumerate(sides):
        for place in range(len(groups)):
            if (side, place) not in seen:
                found = _connected((side, place), sides, places)
                seen |= found
                here, there = (
                    [sides[each][at] for s, at in sorted(found) if s == each] for each in (0, 1)
                )
                if [set(group) for group in here] != [set(group) for group in there]:
                    yield here, there


def _connected(
    start: tuple[int, int],
    sides: tuple[Sequence[Group], Sequence[Group]],
    places: dict[str, list[tuple[int, int]]],
) -> set[tuple[int, int]]:
    """Return the groups that one leads to by its members, by theirs, and so on."""
    found = {start}
    waiting = [start]
    while waiting:
        side, place = waiting.pop()
        for member in sides[side][place]:
            for each in places[member]:
                if each not in found:
                    found.add(each)
                    waiting.append(each)
    return found
