"""What captured events leave, by a model as plain as it can be: dictionaries, and no store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid5

from tests.project import Person
from tests.scenario import NAMESPACE, Event

ILLEGAL = {"null", "Guest"}
SOURCES = {
    "$identify": "$anon_distinct_id",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
}


@dataclass
class _Person:
    """A person; `born_as` is the distinct id that it got its uuid from."""

    born_as: str
    ids: set[str]
    properties: dict[str, Any]
    created_at: str
    is_identified: bool = False


def persons(events: Sequence[Event], project_id: int) -> list[Person]:
    """Return the persons that events leave in an empty project, as its list shows them."""
    owners: dict[str, _Person] = {}
    for event in events:
        if event["properties"].get("$process_person_profile") is not False:
            _take(owners, event)
    found = {id(person): person for person in owners.values()}.values()
    return sorted((_shown(each, project_id) for each in found), key=lambda p: p.distinct_ids)


def _shown(person: _Person, project_id: int) -> Person:
    return Person(
        distinct_ids=sorted(person.ids),
        is_identified=person.is_identified,
        properties=person.properties,
        uuid=str(uuid5(NAMESPACE, f"{project_id}:{person.born_as}")),
        created_at=person.created_at,
    )


def _take(owners: dict[str, _Person], event: Event) -> None:
    properties, target_id = event["properties"], event["distinct_id"]
    source_id = properties.get(SOURCES.get(event["event"], ""), target_id)
    is_merge = source_id != target_id and not {source_id, target_id} & ILLEGAL
    source, target = owners.get(source_id), owners.get(target_id)
    person = (target or source) if is_merge else target
    if person is None:
        person = _Person(
            target_id,
            set(),
            properties.get("$set_once", {}) | properties.get("$set", {}),
            event["timestamp"],
        )
    else:
        if is_merge and source and source is not person:
            is_guarded = source.is_identified and event["event"] != "$merge_dangerously"
            if not is_guarded:
                person.ids |= source.ids
                person.properties = source.properties | person.properties
                person.created_at = min(person.created_at, source.created_at)
        _change(person.properties, properties)
    person.ids.add(target_id)
    if is_merge:
        person.is_identified = True
        if source is None:
            person.ids.add(source_id)
    owners.update(dict.fromkeys(person.ids, person))


def _change(stored: dict[str, Any], asked: dict[str, Any]) -> None:
    gone = {key for key in asked.get("$unset", []) if key in stored}
    stored |= {k: v for k, v in asked.get("$set_once", {}).items() if k not in stored}
    stored |= asked.get("$set", {})
    for key in gone:
        stored.pop(key)
