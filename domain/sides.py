"""The two sides of a merge that is taken back: the person that stays, and the one that returns."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.person import Person
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
    """One of the two persons, as it would be if the merge had never happened.

    `times` say when properties last changed, by the events' own clocks; `touched`, which of them
    changed after the merge, and through which distinct id.
    """

    def __init__(self, person: Person, name: str, times: dict[str, datetime]) -> None:
        self.name = name
        self.properties: Properties = dict(person.properties)
        self.distinct_ids = list(person.distinct_ids)
        self.created_at = person.created_at
        self.is_identified = person.is_identified
        self.times = times
        self.touched: dict[str, str] = {}

    def change(self, changed: Changes, distinct_id: str, at: datetime) -> None:
        """Set and unset properties, and remember when and through which distinct id."""
        self.properties |= changed.set
        for key in changed.unset:
            self.properties.pop(key, None)
        for key in (*changed.set, *changed.unset):
            self.touched[key] = distinct_id
            self.times[key] = at


class Plan(NamedTuple):
    """What taking a merge back would give each person, and where the two disagree."""

    merge: int
    source: UUID
    survivor: Side
    restored: Side
    conflicts: list[Conflict]


def conflicts(sides: Sequence[Side]) -> Iterator[Conflict]:
    """Yield where the two sides disagree about what changed after the merge."""
    for side, other in (sides, sides[::-1]):
        for key, distinct_id in side.touched.items():
            if key not in other.properties or key in other.touched:
                continue
            values = {each.name: each.properties[key] for each in sides if key in each.properties}
            if len(values) < len(sides) or not same(*values.values()):
                detail = f"the {other.name} person keeps what it had before the merge"
                yield Conflict(key, values, f"changed through {distinct_id!r}: {detail}")
