"""How distinct ids and persons became one person: the events of its identity, as a tree."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from msgspec import Struct


class Part(Struct, kw_only=True):
    """A distinct id that came to a person, or left it, at a position."""

    distinct_id: str
    position: int
    person: UUID | None = None
    """The person it left for; None for one that came."""


class Join(Struct, kw_only=True):
    """A person that was merged into another at a position. `is_forced`: it was identified."""

    trunk: "Trunk"
    position: int
    is_forced: bool
    taken_back: int | None = None


class Trunk(Struct, kw_only=True):
    """A person: when it was born and with which distinct ids, and what came to it and left it.

    `marks` are the positions at which something happened to it as a whole, each with its type.
    """

    person: UUID
    born: int | None = None
    distinct_ids: list[str] = []
    parts: list[Part | Join] = []
    marks: list[tuple[int, str]] = []


_MARKS = {"Identified", "Deleted", "Undeleted", "Erased", "MergedInto"}


def tree(events: Iterable[Any], person_id: UUID) -> Trunk:
    """Return the tree of a person; `events` are those of its identity, in the log's order."""
    trunks: dict[UUID, Trunk] = {}
    joins: dict[int, Join] = {}
    for event in events:
        trunk = _trunk(trunks, event["person"])
        match event["type"]:
            case "PersonCreated":
                trunk.born = event["position"]
                trunk.distinct_ids = event.get("distinct_ids", [])
            case "DistinctIdAdded":
                _add(trunk, event)
            case "Merged":
                _join(trunks, joins, trunk, event)
            case "Unmerged":
                _part(joins, trunk, event)
            case "Split":
                _split(trunk, event)
            case type if type in _MARKS:
                trunk.marks.append((event["position"], type))
    return _trunk(trunks, person_id)


def _trunk(trunks: dict[UUID, Trunk], person: UUID) -> Trunk:
    return trunks.setdefault(person, Trunk(person=person))


def _add(trunk: Trunk, event: Any) -> None:
    if "added" in event:  # else it was erased
        trunk.parts.append(Part(distinct_id=event["added"], position=event["position"]))


def _join(trunks: dict[UUID, Trunk], joins: dict[int, Join], trunk: Trunk, event: Any) -> None:
    if "source" not in event:
        return
    source = _trunk(trunks, event["source"])
    is_forced = any(type == "Identified" for _, type in source.marks)
    join = Join(trunk=source, position=event["position"], is_forced=is_forced)
    joins[event["position"]] = join
    trunk.parts.append(join)


def _part(joins: dict[int, Join], trunk: Trunk, event: Any) -> None:
    """Let a merge be taken back: here, or in the person that this one had been merged into."""
    join = joins.get(event.get("merge", 0))
    if join and join.trunk is not trunk:
        join.taken_back = event["position"]
    else:
        trunk.marks.append((event["position"], "Unmerged"))


def _split(trunk: Trunk, event: Any) -> None:
    for distinct_id, person in event.get("distinct_ids", {}).items():
        part = Part(distinct_id=distinct_id, position=event["position"], person=person)
        trunk.parts.append(part)
