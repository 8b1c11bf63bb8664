"""The laws that hold after every step of any life: the service against a model, on both databases.

Hypothesis chooses the steps. After each one the list of persons and the change feed are compared
with the model; at the end of a life all that can be asked about its past.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain import histories
from domain.commands import Request, UndeletePerson
from domain.errors import NotDeletedError
from domain.events import Actor
from projections.past import living
from projections.verifying.verify import verify
from tests import model
from tests.folding import Folding, View, exact
from tests.model import Model, Person
from tests.project import new_project
from tests.service import Client

Asked = tuple[str, str, dict[str, Any], int | None]
"""An event's name and distinct id, its properties, and the day of January on which it occurred.

None for one that occurred just now, and so does not arrive late.
"""

START = datetime(2024, 2, 1, tzinfo=UTC)
NAMES = list("abcde")
names = st.sampled_from(NAMES)
keys = st.sampled_from(["x", "y", "z", "$browser"])
values = st.sampled_from([1, 2, True, None, "text", [1]])
properties = st.dictionaries(keys, values, max_size=2)
wishes = st.fixed_dictionaries(
    {},
    optional={
        "$set": properties,
        "$set_once": properties,
        "$unset": st.lists(keys, max_size=2),
        "$process_person_profile": st.sampled_from([True, True, True, False]),
    },
)
days = st.none() | st.integers(1, 28)
plain = st.tuples(st.sampled_from(["visit", "visit", "$set", "$exception"]), names, wishes, days)


@st.composite
def joining(draw: st.DrawFn) -> Asked:
    """Return an event that merges. What it sets it does not also unset: that is undefined."""
    name = draw(st.sampled_from(list(model.SOURCES)))
    asked: dict[str, Any] = draw(wishes) | {
        model.SOURCES[name]: draw(st.sampled_from([*NAMES, *NAMES, "null"]))
    }
    taken: set[str] = {*asked.get("$set", {}), *asked.get("$set_once", {})}
    asked["$unset"] = [key for key in asked.get("$unset", []) if key not in taken]
    return name, draw(names), asked, draw(days)


class Laws(RuleBasedStateMachine):
    """One project, which lives by the rules below, and what was seen of it."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.project = new_project(client)
        self.persons = f"/api/projects/{self.project.id}/persons"
        self.model = Model()
        self.sent: list[model.Event] = []
        self.deleted: list[Person] = []
        self.folding = Folding()
        self.feed: list[dict[str, Any]] = []
        self.states: list[View] = [{}]
        self.lists: dict[int, Any] = {0: []}
        self.steps: list[range] = []
        self.step_of: dict[str, int] = {}
        self.position = 0
        self.is_sound = False
        self.tick()

    # Doors

    def tick(self) -> str:
        """Let a second pass; return what time it is."""
        self.is_sound = False
        now = START + timedelta(seconds=len(self.steps))
        self.client.clock.now = now
        return _iso(now)

    def send(self, method: str, path: str, *, status: int = 200, **body: Any) -> Response:
        answer = self.client.request(
            method, self.persons + path, json=body or None, headers=self.project.headers
        )
        assert answer.status_code == status, answer.text
        self.position = int(answer.headers.get("X-Position", self.position))
        return answer

    def get(self, path: str, **query: Any) -> Any:
        return json.loads(self.text(path, **query))

    def text(self, path: str, *, status: int = 200, **query: Any) -> str:
        answer = self.client.get(self.persons + path, params=query, headers=self.project.headers)
        assert answer.status_code == status, answer.text
        return answer.text

    def capture(self, *events: model.Event) -> None:
        body = {"api_key": self.project.token, "batch": list(events)}
        answer = self.client.post("/batch/", json=body)
        assert (answer.status_code, answer.text) == (200, '{"status":1}')
        self.position = int(answer.headers["X-Position"])

    # Rules

    @rule(events=st.lists(plain | joining(), min_size=1, max_size=3))
    def captured(self, events: Sequence[Asked]) -> None:
        now = self.tick()
        for name, distinct_id, asked, day in events:
            at = now if day is None else f"2024-01-{day:02}T00:00:00Z"
            self.sent.append(_event(len(self.sent), name, distinct_id, asked, at))
        new = self.sent[-len(events) :]
        self.capture(*new)
        for event in new:
            self.model.capture(event)
            self.step_of[event["uuid"]] = len(self.steps)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def captured_again(self, data: st.DataObject) -> None:
        self.tick()
        event = data.draw(st.sampled_from(self.sent))
        self.capture(event)
        self.model.capture(event)

    @precondition(lambda self: self.model.living())
    @rule(data=st.data(), properties=properties)
    def edited(self, data: st.DataObject, properties: dict[str, Any]) -> None:
        self.tick()
        person = self.one(data)
        self.send("PATCH", f"/{person.uuid}", properties=properties)
        by = f"edit {len(self.steps)}"
        self.model.edit(person, properties, [], by)
        self.step_of[by] = len(self.steps)

    @precondition(lambda self: self.model.living())
    @rule(data=st.data(), unset=st.lists(keys, min_size=1, max_size=2))
    def unset(self, data: st.DataObject, unset: list[str]) -> None:
        self.tick()
        person = self.one(data)
        asked: Any = {"$unset": unset}
        self.send("POST", f"/{person.uuid}/delete_property", **asked)
        self.model.edit(person, {}, unset, "")

    @precondition(lambda self: self.model.living())
    @rule(data=st.data(), is_main_named=st.booleans())
    def split(self, data: st.DataObject, is_main_named: bool) -> None:
        now = self.tick()
        person = self.one(data)
        ids = person.now()["ids"]
        stays = data.draw(st.sampled_from(ids))
        leaving = [each for each in ids if each != stays]
        if is_main_named or not leaving:
            self.send("POST", f"/{person.uuid}/split", main_distinct_id=stays)
        else:
            leaving = data.draw(st.lists(st.sampled_from(leaving), min_size=1, unique=True))
            self.send("POST", f"/{person.uuid}/split", distinct_ids_to_split=leaving)
        self.model.split(person, leaving, now)

    @precondition(lambda self: self.model.living())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.tick()
        person = self.one(data)
        self.send("DELETE", f"/{person.uuid}", status=204)
        person.is_living = False
        self.deleted.append(person)

    @precondition(lambda self: self.deleted)
    @rule(data=st.data())
    def undelete(self, data: st.DataObject) -> None:
        self.tick()
        person = self.one(data, self.deleted)
        request = Request(
            project_id=self.project.id,
            commands=[UndeletePerson(person_id=UUID(person.uuid))],
            actor=Actor("system", "test"),
            at=self.client.clock(),
        )
        written = self.client.store.writer.submit(request).result(60)
        self.position = written.position
        if set(person.now()["ids"]) <= self.model.owners().keys():
            assert isinstance(written.results[0], NotDeletedError)
        else:
            self.model.undelete(person)
            self.deleted.remove(person)

    @precondition(lambda self: len(self.model.living()) > 1)
    @rule(data=st.data(), asked=joining())
    def joined(self, data: st.DataObject, asked: Asked) -> None:
        name, _, properties, day = asked
        source, target = self.two(data)
        alias = {model.SOURCES[name]: data.draw(st.sampled_from(source.now()["ids"]))}
        target_id = data.draw(st.sampled_from(target.now()["ids"]))
        self.captured([(name, target_id, properties | alias, day)])

    @precondition(lambda self: any(each.merges for each in self.model.living()))
    @rule(data=st.data(), is_again=st.sampled_from([False, False, False, True]))
    def unmerge(self, data: st.DataObject, is_again: bool) -> None:
        self.tick()
        merges = [
            (person, place)
            for person in self.model.living()
            for place, merge in enumerate(person.merges)
            if is_again or not merge.is_taken_back
        ]
        if merges:
            person, place = merges[data.draw(st.integers(0, len(merges) - 1))]
            self.take_back(person, place)

    def take_back(self, person: Person, place: int) -> None:
        """Take one of a person's merges back, if nothing stands against it."""
        merge, path = person.merges[place], f"/{person.uuid}/unmerge"
        shown = self.get(f"/{person.uuid}/merges")["results"][place]
        body = {"merge": shown["merge"]}
        if not model.can_take_back(person, merge):
            refusal = self.send("POST", path, status=409, **body).json()
            assert refusal["detail"] == shown["detail"]
            return
        preview = self.send("POST", f"{path}?dry_run=true", **body).text
        answer = self.send("POST", path, **body)
        self.model.unmerge(person, merge)

        assert answer.text == preview
        assert answer.json()["survivor"] == self.get(f"/{person.uuid}")
        assert answer.json()["restored"] == self.get(f"/{merge.source.uuid}")
        self.check_conflicts(answer.json())

    def check_conflicts(self, unmerging: dict[str, Any]) -> None:
        for conflict in unmerging["conflicts"]:
            key = conflict["key"]
            for side in ("survivor", "restored"):
                had = unmerging[side]["properties"]
                shown = {key: conflict[side]} if side in conflict else {}
                assert exact(shown) == exact({key: had[key]} if key in had else {})

    @precondition(lambda self: len(self.model.living()) > 1)
    @rule(data=st.data())
    def merge_and_unmerge(self, data: st.DataObject) -> None:
        now = self.tick()
        source, target = self.two(data)
        paths = [f"/{source.uuid}", f"/{target.uuid}"]
        before = [self.text(path) for path in paths]
        asked = {"alias": data.draw(st.sampled_from(source.now()["ids"]))}
        through = data.draw(st.sampled_from(target.now()["ids"]))
        event = _event(len(self.sent), "$merge_dangerously", through, asked, now)
        self.sent.append(event)
        self.capture(event)
        self.model.capture(event)
        self.take_back(target, -1)

        assert [self.text(path) for path in paths] == before

    @precondition(lambda self: self.position)
    @rule(data=st.data())
    def remembered(self, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, self.position))
        end = data.draw(st.integers(start, self.position))
        for uuid in self.states[end] | self.states[start]:
            self.check_person_then(uuid, end)
            self.check_difference(uuid, start, end)

    def one(self, data: st.DataObject, persons: Sequence[Person] = ()) -> Person:
        by_uuid = {each.uuid: each for each in persons or self.model.living()}
        return by_uuid[data.draw(st.sampled_from(list(by_uuid)))]

    def two(self, data: st.DataObject) -> tuple[Person, Person]:
        one = self.one(data)
        return one, self.one(data, [each for each in self.model.living() if each is not one])

    # Laws

    @invariant()
    def all_is_seen(self) -> None:
        start = len(self.states) - 1
        self.read_feed()
        listed = self.get("")["results"]
        if self.position == start:
            assert listed == self.lists[start]
        self.lists[self.position] = listed
        self.check_model(_view(listed))
        self.steps.append(range(start + 1, self.position + 1))
        self.is_sound = True

    def read_feed(self) -> None:
        """Fold what is new in the feed, and remember the persons at each position."""
        page = self.get("/changes", after=len(self.states) - 1, limit=1000)
        assert page["position"] == self.position
        for event in page["results"]:
            assert event["position"] == len(self.states)
            self.folding.happen(event)
            self.feed.append(event)
            self.states.append(self.folding.view())
        assert len(self.states) == self.position + 1

    def check_model(self, listed: View) -> None:
        """See that the persons are those of the model, and that nobody has what is another's."""
        assert exact(listed) == exact(self.states[-1])
        owners = {name: uuid for uuid, each in listed.items() for name in each["ids"]}
        assert len(owners) == sum(len(each["ids"]) for each in listed.values())
        births = [each["person"] for each in self.feed if each["type"] == "PersonCreated"]
        assert len(births) == len(set(births))
        for person, uuid in zip(self.model.persons, births, strict=True):
            person.uuid = uuid
        expected = {each.uuid: _shown(each) for each in self.model.living()}
        found = {uuid: each | {"ids": sorted(each["ids"])} for uuid, each in listed.items()}
        assert exact(found) == exact(expected)

    def teardown(self) -> None:
        if self.is_sound:
            self.check_past()

    def check_past(self) -> None:
        for position in range(len(self.states)):
            listed = self.get("", as_of=position)["results"]
            assert exact(_view(listed)) == exact(self.states[position])
            assert listed == self.lists.get(position, listed)
        for step in range(0, len(self.steps), 3):  # each would take as long as the positions do
            listed = self.get("", as_of=_iso(START + timedelta(seconds=step)))["results"]
            assert exact(_view(listed)) == exact(self.states[self.steps[step].stop - 1])
        for person in self.model.persons:
            self.check_history(person)
            self.check_merges(person)
        for person in self.model.living():
            self.check_blame(person)
            self.check_timeline(person)
        if self.position % 5 == 0:  # it takes as long as ten steps
            assert not verify(self.client.store.database, project_id=self.project.id).findings

    def check_person_then(self, uuid: str, position: int) -> None:
        then = self.states[position].get(uuid)
        status = 200 if then else 404
        found = self.text(f"/{uuid}", status=status, as_of=position)
        if then:
            found = json.loads(found)
            assert exact(_person(found)) == exact(then)

    def check_difference(self, uuid: str, start: int, end: int) -> None:
        nothing: dict[str, Any] = {"ids": [], "properties": {}}
        before = self.states[start].get(uuid, nothing)
        after = self.states[end].get(uuid, nothing)
        diff = self.get(f"/{uuid}/diff", **{"from": start, "to": end})
        had, has = before["properties"], after["properties"]
        assert exact(diff) == exact(
            {
                "from": start,
                "to": end,
                "added": {key: has[key] for key in has if key not in had},
                "removed": {key: had[key] for key in had if key not in has},
                "changed": {
                    key: {"before": had[key], "after": has[key]}
                    for key in had
                    if key in has and exact(had[key]) != exact(has[key])
                },
                "distinct_ids": {
                    "gained": [each for each in after["ids"] if each not in before["ids"]],
                    "lost": [each for each in before["ids"] if each not in after["ids"]],
                },
            }
        )

    def check_history(self, person: Person) -> None:
        told = self.get(f"/{person.uuid}/history", limit=1000)["results"]
        assert [each["version"] for each in told] == list(range(1, len(told) + 1))
        assert told == [each for each in self.feed if each["person"] == person.uuid]

    def check_merges(self, person: Person) -> None:
        found = self.get(f"/{person.uuid}/merges")["results"]
        for shown, merge in zip(found, person.merges, strict=True):
            assert shown["source"] == merge.source.uuid
            assert sorted(shown["distinct_ids"]) == sorted(model.told(merge.story)["ids"])
            assert shown["can_unmerge"] == model.can_take_back(person, merge)

    def check_blame(self, person: Person) -> None:
        state = person.now()
        found = self.get(f"/{person.uuid}/blame")["results"]
        assert exact({each["key"]: each["value"] for each in found}) == exact(state["properties"])
        for each in found:
            by = state["set_by"][each["key"]]
            if person.was_parted:
                self.check_blame_since_parted(each)
            else:
                assert each["position"] in self.steps[self.step_of[by]]
                assert each["cause"]["uuid"] == by or by.startswith("edit")

    def check_blame_since_parted(self, blamed: dict[str, Any]) -> None:
        """See that it was an un-merge, an edit, or an event that asked for this very value."""
        event = self.feed[blamed["position"] - 1]
        if event["type"] == "Unmerged" or event["actor"]["kind"] == "key":
            return
        (sent,) = (each for each in self.sent if each["uuid"] == event["cause"]["uuid"])
        asked = sent["properties"].get("$set_once", {}) | sent["properties"].get("$set", {})
        asked[model.BIRTH] = sent["uuid"]
        assert exact(asked[blamed["key"]]) == exact(blamed["value"])

    def check_timeline(self, person: Person) -> None:
        points = self.get(f"/{person.uuid}/properties_timeline")["points"]
        events = [each for each in self.feed if each["person"] == person.uuid]
        events.sort(key=lambda each: each["occurred_at"])
        last: dict[str, Any] = {}
        for change in (each for event in events for each in event["changes"]):
            last.pop(change["key"], None)
            last |= {change["key"]: change["after"]} if "after" in change else {}
        times = [each["timestamp"] for each in points]
        assert times == sorted(times)
        assert exact(points[-1]["properties"] if points else {}) == exact(last)


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _event(number: int, name: str, distinct_id: str, asked: Any, at: str) -> model.Event:
    return {
        "event": name,
        "distinct_id": distinct_id,
        "properties": asked,
        "timestamp": at,
        "uuid": str(UUID(int=0x70008000000000000000 + number)),
    }


def _view(listed: Sequence[dict[str, Any]]) -> View:
    return {each["uuid"]: _person(each) for each in listed}


def _person(shown: dict[str, Any]) -> dict[str, Any]:
    told = {name: shown[name] for name in ("properties", "is_identified", "created_at")}
    return told | {"ids": shown["distinct_ids"]}


def _shown(person: Person) -> dict[str, Any]:
    state = person.now()
    return {
        "properties": state["properties"],
        "is_identified": state["is_identified"],
        "created_at": state["created_at"],
        "ids": sorted(state["ids"]),
    }


def test_laws(shared_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # Small, so that both ways to list are taken, and streams are read in several parts.
    monkeypatch.setattr(living, "FEW", 15)
    monkeypatch.setattr(histories, "AT_ONCE", 2)
    # As many lives as the profile says: in all, two or three thousand steps, or a hundred thousand.
    chosen = settings(max_examples=2 * settings().max_examples, stateful_step_count=25)
    machine: Any = lambda: Laws(shared_client)  # noqa: E731 - it is called like the class
    run_state_machine_as_test(machine, settings=chosen)
