"""Events as the API tells them, folded into persons: what anybody could do who reads the feed."""

import json
from typing import Any

Told = dict[str, Any]
View = dict[str, dict[str, Any]]
"""The living persons of a project by uuid, each with `ids`, `properties` and what else is told."""


class Folding:
    """What the events that were told so far make of a project's persons."""

    def __init__(self) -> None:
        self._persons: View = {}
        self._living: set[str] = set()

    def happen(self, event: Told) -> None:
        """Take the next event into account; see that what it says of before is right."""
        uuid = event["person"]
        person = self._persons.setdefault(uuid, {"properties": {}, "is_identified": False})
        for change in event["changes"]:
            _change(person["properties"], change)
        match event["type"]:
            case "PersonCreated" | "Undeleted" | "Unmerged":
                person["ids"] = event["distinct_ids"]
                self._living.add(uuid)
            case "Merged":
                person["ids"] = person["ids"] + event["distinct_ids"]
            case "DistinctIdAdded":
                person["ids"] = [*person["ids"], event["added"]]
            case "Split":
                person["ids"] = [
                    each for each in person["ids"] if each not in event["distinct_ids"]
                ]
            case "Identified":
                person["is_identified"] = True
            case "Deleted" | "MergedInto":
                self._living.discard(uuid)
        for name in ("created_at", "is_identified"):
            person[name] = event.get(name, person.get(name))

    def view(self) -> View:
        """Return the living persons, as they are now."""
        return {
            uuid: person | {"properties": dict(person["properties"])}
            for uuid, person in self._persons.items()
            if uuid in self._living
        }


def exact(value: Any) -> str:
    """Return JSON of a value in which what differs differs: in Python, 1 is True."""
    return json.dumps(value, sort_keys=True)


def _change(properties: dict[str, Any], change: Told) -> None:
    key = change["key"]
    had = {"before": properties[key]} if key in properties else {}
    assert exact(had) == exact({name: change[name] for name in ("before",) if name in change})
    if "after" in change:
        properties[key] = change["after"]
    else:
        del properties[key]
