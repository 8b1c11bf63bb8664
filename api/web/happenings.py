"""What happened to persons, as people read it: in words, with what it changed from what."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from api.web.names import Names
from api.web.values import Change, Value
from domain.values import encode

WORDS = {
    "PersonCreated": ("Created", "plus"),
    "PropertySet": ("Properties set", "edit"),
    "PropertyBackfilled": ("Earlier values learned", "clock"),
    "PropertyUnset": ("Properties removed", "cross"),
    "Identified": ("Identified", "identified"),
    "DistinctIdAdded": ("Distinct id added", "plus"),
    "Merged": ("Took in another person", "merges"),
    "MergedInto": ("Went over to another person", "merges"),
    "Split": ("Split", "split"),
    "Unmerged": ("Merge taken back", "undo"),
    "Deleted": ("Deleted", "deletions"),
    "Undeleted": ("Brought back", "undo"),
    "Erased": ("Erased for good", "deletions"),
}
"""What each type of events is called, and its icon."""

_PERSONS = {"source": "From", "target": "Into", "other": "The other person"}
"""The facts that name another person."""


class Fact(NamedTuple):
    """What else is known: a text, or another person."""

    label: str
    text: str
    person: UUID | None = None


class Happening(Struct, frozen=True, kw_only=True):
    """Something that happened to a person. `json` is the whole event, as the API tells it.

    `who` is None where it was erased; `name` is that of the person, if it lives.
    """

    type: str
    words: str
    icon: str
    position: int
    at: datetime
    occurred_at: datetime | None
    person: UUID
    name: str | None
    who: str | None
    kind: str
    cause: str | None
    changes: list[Change]
    facts: list[Fact]
    json: str


def happening(told: Any, names: Names) -> Happening:
    """Return an event as a page shows it; `told` is what the API tells of it."""
    actor = told.get("actor")
    words, icon = WORDS[told["type"]]
    return Happening(
        type=told["type"],
        words=words,
        icon=icon,
        position=told["position"],
        at=told["recorded_at"],
        occurred_at=told.get("occurred_at"),
        person=told["person"],
        name=names.get(told["person"]),
        who=actor.name if actor else None,
        kind=actor.kind if actor else "system",
        cause=told["cause"].event if told["cause"] else None,
        changes=list(_changes(told)),
        facts=list(_facts(told, names)),
        json=msgspec.json.format(encode(told), indent=2).decode(),
    )


def _changes(told: Any) -> Iterator[Change]:
    for each in told["changes"]:
        before, after = (
            Value(each[name]) if name in each else None for name in ("before", "after")
        )
        yield Change(each["key"], before, after)
    for key, value in told.get("backfilled", {}).items():
        yield Change(key, None, Value(value))


def _facts(told: Any, names: Names) -> Iterator[Fact]:
    for name, label in _PERSONS.items():
        if person := told.get(name):
            yield Fact(label, names.get(person, str(person)), person)
    if "added" in told:
        yield Fact("Distinct id", told["added"])
    match told.get("distinct_ids"):
        case dict() as left:
            for distinct_id, person in left.items():
                yield Fact(f"{distinct_id} left for", names.get(person, str(person)), person)
        case list() as distinct_ids if distinct_ids:
            yield Fact("Distinct ids", ", ".join(distinct_ids[:20]))
    if "merge" in told:
        yield Fact("The merge", f"at position {told['merge']:,}")
    if told.get("is_erased"):
        yield Fact("What it was", "has been erased")


def mentioned(told: Any) -> Iterator[UUID]:
    """Yield the persons that an event speaks of."""
    yield told["person"]
    for name in _PERSONS:
        if person := told.get(name):
            yield person
    if isinstance(left := told.get("distinct_ids"), dict):
        yield from left.values()
