"""Persons as they should be, by a model as plain as it can be: dictionaries, and no store.

A person is the story of what happened to it, and it has what its story tells. Where a merge is
taken back the story parts in two, and each half goes on as if the merge had never been.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Event = dict[str, Any]
JSON = Any

BIRTH = "$creator_event_uuid"
NOISY = {"$browser"}  # a new value of these alone is not written
ALWAYS_WRITTEN = {"$identify", "$create_alias", "$merge_dangerously", "$set"}
ILLEGAL = {"null"}
SOURCES = {
    "$identify": "$anon_distinct_id",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
}


class Item(NamedTuple):
    """One thing that happened: of what kind, through which distinct id, and what it was."""

    kind: str
    through: str | None
    what: Any


@dataclass(eq=False)
class Merge:
    """A merge of a person, with the story that it had by then."""

    source: "Person"
    story: list[Item]
    is_taken_back: bool = False


@dataclass(eq=False)
class Person:
    """A person; `uuid` is "" until somebody has seen it. `merges` are all that there were."""

    story: list[Item]
    is_living: bool = True
    uuid: str = ""
    merges: list[Merge] = field(default_factory=list)
    was_parted: bool = False

    def __repr__(self) -> str:
        return f"Person({self.now()})"

    def now(self) -> dict[str, Any]:
        """Return what the person has now."""
        return told(self.story)


def told(story: Iterable[Item]) -> dict[str, Any]:
    """Return what a story tells of its person: `set_by` has who set each of its properties."""
    state: dict[str, Any] = {"properties": {}, "set_by": {}, "is_identified": False}
    for kind, _, what in story:
        match kind:
            case "born":
                state |= {"ids": list(what["ids"]), "created_at": what["at"]}
                _set(state, what["properties"], what["by"])
            case "event":
                _capture(state, what)
            case "edited":
                _set(state, _different(state, what["set"]), what["by"])
                _unset(state, what["unset"])
            case "gained":
                state["ids"].append(what)
            case "lost":
                state["ids"] = [each for each in state["ids"] if each not in what]
            case "identified":
                state["is_identified"] = True
            case "merged":
                source = told(what.story)
                for key in ("properties", "set_by"):
                    state[key] = source[key] | state[key]
                state["ids"] += source["ids"]
                state["created_at"] = min(state["created_at"], source["created_at"])
    return state


def _capture(state: dict[str, Any], event: Event) -> None:
    asked, had = event["properties"], dict(state["properties"])
    if event["event"] == "$exception":
        return
    once = {key: value for key, value in asked.get("$set_once", {}).items() if key not in had}
    changed = _different(state, once | asked.get("$set", {}))
    gone = had.keys() & set(asked.get("$unset", ()))
    is_noise = not gone and changed.keys() <= NOISY & had.keys()
    if event["event"] in ALWAYS_WRITTEN or not is_noise:
        _set(state, changed, event["uuid"])
        _unset(state, gone)


def _different(state: dict[str, Any], properties: dict[str, JSON]) -> dict[str, JSON]:
    had = {key: json.dumps(value) for key, value in state["properties"].items()}
    return {key: value for key, value in properties.items() if had.get(key) != json.dumps(value)}


def _set(state: dict[str, Any], properties: dict[str, JSON], by: str) -> None:
    state["properties"] |= properties
    state["set_by"] |= dict.fromkeys(properties, by)


def _unset(state: dict[str, Any], keys: Iterable[str]) -> None:
    for key in keys:
        state["properties"].pop(key, None)
        state["set_by"].pop(key, None)


class Model:
    """A project: all persons that it ever had."""

    def __init__(self) -> None:
        self.persons: list[Person] = []
        self._seen: set[tuple[str, ...]] = set()

    def living(self) -> list[Person]:
        return [each for each in self.persons if each.is_living]

    def owners(self) -> dict[str, Person]:
        return {name: each for each in self.living() for name in each.now()["ids"]}

    def capture(self, event: Event) -> None:
        """Take a captured event in, unless it was before."""
        mark = (event["uuid"], event["event"], event["distinct_id"])
        is_personless = event["properties"].get("$process_person_profile") is False
        if not (mark in self._seen or is_personless):
            self._take(event)
        self._seen.add(mark)

    def _take(self, event: Event) -> None:
        target_id = event["distinct_id"]
        source_id = event["properties"].get(SOURCES.get(event["event"], ""), target_id)
        is_merge = source_id != target_id and not {source_id, target_id} & ILLEGAL
        owners = self.owners()
        source, target = owners.get(source_id) if is_merge else None, owners.get(target_id)
        person, merge = target or source, None
        if person is None:
            asked = event["properties"]
            properties = {BIRTH: event["uuid"]} | asked.get("$set_once", {}) | asked.get("$set", {})
            ids = [target_id, source_id] if is_merge else [target_id]
            person = self._bear(ids, event["timestamp"], properties, event["uuid"])
        elif target is None:
            person.story.append(Item("gained", source_id, target_id))
        elif is_merge and source is None:
            person.story.append(Item("gained", target_id, source_id))
        elif source and source is not person:
            is_guarded = source.now()["is_identified"] and event["event"] != "$merge_dangerously"
            merge = None if is_guarded else self._merge(source, person, target_id)
        if is_merge:
            person.story.append(Item("identified", target_id, merge))
        if target or source:
            person.story.append(Item("event", target_id, event))

    def _bear(self, ids: list[str], at: str, properties: dict[str, JSON], by: str) -> Person:
        birth = {"ids": ids, "at": at, "properties": properties, "by": by}
        self.persons.append(Person([Item("born", None, birth)]))
        return self.persons[-1]

    def _merge(self, source: Person, target: Person, through: str) -> Merge:
        merge = Merge(source, list(source.story))
        source.is_living = False
        target.was_parted |= source.was_parted
        target.merges.append(merge)
        target.story.append(Item("merged", through, merge))
        return merge

    def edit(self, person: Person, set: dict[str, JSON], unset: Sequence[str], by: str) -> None:
        """Set properties, and take some away, through the API; what changes nothing never was."""
        state = person.now()
        if _different(state, set) or state["properties"].keys() & unset:
            person.story.append(Item("edited", None, {"set": set, "unset": unset, "by": by}))

    def split(self, person: Person, leaving: Iterable[str], at: str) -> None:
        """Let each of these distinct ids leave for a person of its own."""
        person.story.append(Item("lost", None, leaving))
        for distinct_id in leaving:
            self._bear([distinct_id], at, {}, "")

    def undelete(self, person: Person) -> None:
        """Bring a deleted person back, but for the distinct ids that others have now."""
        person.story.append(Item("lost", None, self.owners().keys()))
        person.is_living = True

    def unmerge(self, person: Person, merge: Merge) -> None:
        """Take back a merge against which nothing stands."""
        person.story, theirs = _parted(person, merge)
        merge.source.story = [*theirs, Item("restored", None, None)]
        merge.source.is_living = merge.is_taken_back = True
        person.was_parted = merge.source.was_parted = True


def _parted(person: Person, merge: Merge) -> tuple[list[Item], list[Item]]:
    """Return the stories of both persons of a merge, had it never been."""
    place = [item.what for item in person.story].index(merge)
    mine, theirs = person.story[:place], list(merge.story)
    sides = dict.fromkeys(told(theirs)["ids"], theirs)
    for item in person.story[place + 1 :]:
        side = sides.get(item.through or "", mine)
        if item.kind == "lost":
            theirs.append(item)
        elif item.kind == "gained":
            sides[item.what] = side
        elif item.kind == "merged":
            sides |= dict.fromkeys(told(item.what.story)["ids"], side)
        if item.what is not merge:
            side.append(item)
    return mine, theirs


def can_take_back(person: Person, merge: Merge) -> bool:
    """Tell whether nothing stands against taking a merge back."""
    if merge.is_taken_back or not person.is_living:
        return False
    mine, theirs = _parted(person, merge)
    later = person.story[[item.what for item in person.story].index(merge) :]
    is_nested = any(item.kind == "merged" for item in theirs[len(merge.story) :])
    was_away = any(item.kind == "restored" for item in later)  # its life then is another's story
    return not is_nested and not was_away and all(told(story)["ids"] for story in (mine, theirs))
