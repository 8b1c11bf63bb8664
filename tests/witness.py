"""What was seen of a project while it lived, and what it says of its own past.

A witness folds the change feed and remembers the lists, and later asks for them again.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tests.folding import Folding, View, exact
from tests.project import Project
from tests.service import Client

Told = dict[str, Any]
NOTHING: Told = {"ids": [], "properties": {}}


class Witness:
    """A witness of a project from its beginning.

    `feed` has all events so far, `states` the persons at each position, by fold of the feed, and
    `lists` the lists at those positions at which one was seen.
    """

    def __init__(self, client: Client, project: Project) -> None:
        self.persons = f"/api/projects/{project.id}/persons"
        self.feed: list[Told] = []
        self.states: list[View] = [{}]
        self.lists: dict[int, list[Told]] = {0: []}
        self._client = client
        self._headers = project.headers
        self._folding = Folding()

    @property
    def position(self) -> int:
        """The position of the last event that was seen."""
        return len(self.feed)

    def get(self, path: str, **query: Any) -> Any:
        """Return what GET answers below the persons, as JSON."""
        return json.loads(self.text(path, **query))

    def text(self, path: str, *, status: int = 200, **query: Any) -> str:
        """Return what GET answers below the persons, byte for byte."""
        answer = self._client.get(self.persons + path, params=query, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer.text

    def look(self, position: int) -> View:
        """See what is new, up to this position; return the persons as they are listed."""
        start = self.position
        page = self.get("/changes", after=start, limit=1000)
        assert page["position"] == position
        for event in page["results"]:
            assert event["position"] == self.position + 1
            self._folding.happen(event)
            self.feed.append(event)
            self.states.append(self._folding.view())
        assert self.position == position
        listed: list[Told] = self.get("")["results"]
        assert listed == self.lists.setdefault(position, listed)
        assert exact(view(listed)) == exact(self.states[position])
        return view(listed)

    def of(self, uuid: str) -> list[Told]:
        """Return all events of a person."""
        return [each for each in self.feed if each["person"] == uuid]

    def check_list(self, position: int, as_of: Any = None) -> None:
        """See that the list as of a position is what it was; `as_of` is another name for it."""
        listed = self.get("", as_of=position if as_of is None else as_of)["results"]
        assert exact(view(listed)) == exact(self.states[position])
        assert listed == self.lists.get(position, listed)

    def check_person(self, uuid: str, position: int) -> None:
        """See that a person as of a position is what it was then, if it lived then."""
        if then := self.states[position].get(uuid):
            found = self.get(f"/{uuid}", as_of=position)
            assert exact(view([found])[uuid]) == exact(then)
        else:
            self.text(f"/{uuid}", status=404, as_of=position)

    def check_differences(self, start: int, end: int) -> None:
        """See that the differences between two positions are those of what was seen there."""
        before, after = self.states[start], self.states[end]
        project = self.get("/diff", **{"from": start, "to": end}, limit=1000)
        assert (project["from"], project["to"], project["next"]) == (start, end, None)
        by_uuid = {each.pop("person"): each for each in project["results"]}
        kinds = Counter(each["kind"] for each in by_uuid.values())
        keys: set[str] = set()
        for uuid in before | after:
            expected = _difference(before.get(uuid, NOTHING), after.get(uuid, NOTHING))
            found = self.get(f"/{uuid}/diff", **{"from": start, "to": end})
            assert exact(found) == exact({"from": start, "to": end} | expected)
            keys |= {*expected["added"], *expected["changed"], *expected["removed"]}
            kind = self._kind(uuid, start, end)
            if kind == "changed" and not any(_leaves(expected)):
                assert uuid not in by_uuid
            else:
                assert exact(by_uuid.pop(uuid)) == exact({"kind": kind} | expected)
        assert not by_uuid
        counts = dict.fromkeys(("created", "changed", "deleted", "merged", "restored"), 0)
        assert project["counts"] == counts | kinds | {"keys": len(keys)}

    def _kind(self, uuid: str, start: int, end: int) -> str:
        events = self.of(uuid)
        if uuid not in self.states[start]:
            return "restored" if events[0]["position"] <= start else "created"
        if uuid in self.states[end]:
            return "changed"
        names = {"Deleted": "deleted", "MergedInto": "merged"}
        ends = [each["type"] for each in events if each["position"] <= end]
        return [names[each] for each in ends if each in names][-1]

    def check_history(self, uuid: str) -> None:
        """See that a person's history is what the feed told of it, version by version."""
        told = self.get(f"/{uuid}/history", limit=1000)["results"]
        assert told == self.of(uuid)
        assert [each["version"] for each in told] == list(range(1, len(told) + 1))

    def check_timeline(self, uuid: str) -> None:
        """See that a person's timeline ends with what occurred last.

        That is what the person has, unless something arrived late.
        """
        points = self.get(f"/{uuid}/properties_timeline")["points"]
        last: dict[str, Any] = {}
        for event in sorted(self.of(uuid), key=lambda each: each["occurred_at"]):
            for change in event["changes"]:
                last.pop(change["key"], None)
                last |= {change["key"]: change["after"]} if "after" in change else {}
        assert exact(points[-1]["properties"] if points else {}) == exact(last)
        times = [each["timestamp"] for each in points]
        assert times == sorted(times)


def view(listed: Iterable[Told]) -> View:
    """Return persons as they are shown, without what the feed does not tell."""
    names = ("properties", "is_identified", "created_at")
    return {
        each["uuid"]: {name: each[name] for name in names} | {"ids": each["distinct_ids"]}
        for each in listed
    }


def _difference(before: Told, after: Told) -> Told:
    had, has = before["properties"], after["properties"]
    return {
        "added": {key: has[key] for key in has if key not in had},
        "removed": {key: had[key] for key in had if key not in has},
        "changed": {
            key: {"before": had[key], "after": has[key]}
            for key in had
            if key in has and exact(had[key]) != exact(has[key])
        },
        "distinct_ids": {
            "gained": _without(after["ids"], before["ids"]),
            "lost": _without(before["ids"], after["ids"]),
        },
    }


def _without(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return [each for each in these if each not in those]


def _leaves(difference: Told) -> list[Any]:
    ids = difference["distinct_ids"]
    return [difference[name] for name in ("added", "removed", "changed")] + [*ids.values()]
