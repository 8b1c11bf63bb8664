"""What differs between two states of one person, and what some of its events come to."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from domain.events import (
    Identified,
    PersonEvent,
    PropertyBackfilled,
    PropertySet,
    PropertyUnset,
)
from domain.person import Person
from domain.values import JSON, Properties, same

Kind: TypeAlias = Literal["created", "changed", "deleted", "merged", "restored"]


class Span(NamedTuple):
    """From one position to another, both included as states: the events behind `start` to `end`."""

    start: int
    end: int


class Difference(NamedTuple):
    """What a person gained, has otherwise and lost. Who does not live has nothing.

    `changed` has what was before, and after. `kind` says what it came to; None for a person that
    lived at neither end.
    """

    person_id: UUID
    kind: Kind | None
    added: Properties
    changed: dict[str, tuple[Any, Any]]
    removed: Properties
    gained: list[str]
    lost: list[str]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing that could be told differs."""
        is_same = not (self.added or self.changed or self.removed or self.gained or self.lost)
        return self.kind is None or (is_same and self.kind == "changed")

    @property
    def keys(self) -> set[str]:
        """The properties that differ."""
        return {*self.added, *self.changed, *self.removed}


class Had(NamedTuple):
    """What a person had at one end. Who did not live had nothing.

    `gone` says what became of one that was born before and lives no more.
    """

    was_born: bool
    is_living: bool
    properties: Properties
    distinct_ids: Sequence[str]
    gone: Literal["deleted", "merged"] = "deleted"


NOTHING = Had(False, False, {}, ())


def had(person: Person) -> Had:
    """Return what a person has now: a copy of it, so that the fold can go on."""
    if not person.is_living:
        return Had(person.version > 0, False, {}, (), "merged" if person.merged_into else "deleted")
    return Had(True, True, dict(person.properties), list(person.distinct_ids))


def difference(person_id: UUID, before: Had, after: Had) -> Difference:
    """Return what differs for a person between two ends."""
    had, has = before.properties, after.properties
    return Difference(
        person_id,
        _kind(before, after),
        added={key: has[key] for key in has if key not in had},
        changed={
            key: (had[key], has[key]) for key in has if key in had and not same(had[key], has[key])
        },
        removed={key: had[key] for key in had if key not in has},
        gained=_without(after.distinct_ids, before.distinct_ids),
        lost=_without(before.distinct_ids, after.distinct_ids),
    )


def of_properties(person_id: UUID, events: Iterable[PersonEvent]) -> Difference | None:
    """Return what events in a row came to, from themselves alone; None if one is not of properties.

    Each says what was before it, so the first of a key has what stood at the beginning.
    """
    before: Properties = {}
    after: Properties = {}
    touched: set[str] = set()
    for event in events:
        match event:
            case PropertySet():
                new: dict[str, JSON] = event.properties
            case PropertyUnset():
                new = {}
            case Identified() | PropertyBackfilled():
                continue
            case _:
                return None
        old = event.before
        before |= {key: old[key] for key in old if key not in touched}
        touched |= old.keys() | new.keys()
        after = {key: after[key] for key in after if key not in old} | new
    return difference(person_id, Had(True, True, before, ()), Had(True, True, after, ()))


def _kind(before: Had, after: Had) -> Kind | None:
    if after.is_living:
        if before.is_living:
            return "changed"
        return "restored" if before.was_born else "created"
    return after.gone if before.is_living else None


def _without(these: Iterable[str], those: Iterable[str]) -> list[str]:
    others = {*those}
    return [each for each in these if each not in others]
