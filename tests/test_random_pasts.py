"""Laws of the past, on lives that nobody has thought of."""

from typing import Any
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.blame import blame
from projections.blame_fold import folded
from tests.project import Project, new_project
from tests.service import Client

NAMES = ["a", "b", "c", "d"]
KEYS = ["p", "q"]
VALUES = [1, 2, True]

names = st.sampled_from(NAMES)
captures = st.fixed_dictionaries(
    {"event": st.sampled_from(["$set", "$identify", "$merge_dangerously"]), "distinct_id": names},
    optional={
        "other": names,
        "$set": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2),
        "$unset": st.lists(st.sampled_from(KEYS), max_size=1),
    },
)
others = st.tuples(
    st.sampled_from(["patch", "split", "delete", "unmerge", "unmerge"]), names, st.integers(0, 9)
)
lives = st.lists(captures | others, min_size=4, max_size=14)
examples = settings(max_examples=max(12, settings.default.max_examples // 20))  # type: ignore[union-attr]


class Door:
    """The persons of one project, over HTTP."""

    def __init__(self, client: Client, project: Project) -> None:
        self.client = client
        self.project = project
        self._base = f"/api/projects/{project.id}/persons"

    def send(self, method: str, path: str, **options: Any) -> Any:
        return self.client.request(
            method, self._base + path, headers=self.project.headers, **options
        )

    def get(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def persons(self) -> dict[str, Any]:
        return {each["uuid"]: self.get(f"/{each['uuid']}") for each in self.get("")["results"]}

    def happen(self, step: Any) -> None:
        if isinstance(step, dict):
            self._capture(step)
            return
        kind, name, number = step
        owner = [uuid for uuid, each in self.persons().items() if name in each["distinct_ids"]]
        for path in (f"/{uuid}" for uuid in owner):
            match kind:
                case "patch":
                    properties = {KEYS[number % 2]: number}
                    self.send("PATCH", path, json={"properties": properties})
                case "split":
                    self.send("POST", f"{path}/split", json={"main_distinct_id": name})
                case "delete":
                    self.send("DELETE", path)
                case "unmerge":
                    self._unmerge(path, number)

    def _capture(self, step: dict[str, Any]) -> None:
        properties: dict[str, Any] = {k: step[k] for k in ("$set", "$unset") if k in step}
        if "other" in step:
            key = "$anon_distinct_id" if step["event"] == "$identify" else "alias"
            properties[key] = step["other"]
        event = {"event": step["event"], "distinct_id": step["distinct_id"]}
        self.project.capture(event | {"properties": properties, "uuid": str(uuid4())})

    def _unmerge(self, path: str, number: int) -> None:
        merges = self.get(f"{path}/merges")["results"]
        if merges:
            body = {"merge": merges[number % len(merges)]["merge"]}
            assert self.send("POST", f"{path}/unmerge", json=body).status_code in (200, 409)


@examples
@given(lives)
def test_the_past_is_told_as_it_was(shared_client: Client, life: list[Any]) -> None:
    door = Door(shared_client, new_project(shared_client))
    remembered: dict[int, dict[str, Any]] = {}
    for step in life:
        door.happen(step)
        remembered[door.get("/changes?limit=1000")["position"]] = door.persons()

    feed = {each["position"]: each for each in door.get("/changes?limit=1000")["results"]}
    assert list(feed) == list(range(1, len(feed) + 1))
    ever = {each["person"] for each in feed.values()}
    for position, persons in remembered.items():
        for uuid in ever:
            answer = door.send("GET", f"/{uuid}?as_of={position}")
            assert answer.status_code == (200 if uuid in persons else 404)
            assert uuid not in persons or answer.json() == persons[uuid]
    check_blame_by_fold(door, remembered)
    for uuid in door.persons():
        check_blame(door, uuid, feed)
        check_merges(door, uuid)
    check_diff(door, remembered)


def check_blame(door: Door, uuid: str, feed: dict[int, Any]) -> None:
    """See that each property is blamed on an event that set it to what it is."""
    blamed = {each["key"]: each for each in door.get(f"/{uuid}/blame")["results"]}

    properties = door.get(f"/{uuid}")["properties"]
    assert {key: each["value"] for key, each in blamed.items()} == properties
    for key, each in blamed.items():
        event = feed[each["position"]]
        (change,) = (change for change in event["changes"] if change["key"] == key)
        assert repr(change["after"]) == repr(properties[key])
        assert each["actor"] == event["actor"]
        assert each.get("before") == change.get("before")
        assert event["type"] in ("PropertySet", "Unmerged")


def check_blame_by_fold(door: Door, remembered: dict[int, dict[str, Any]]) -> None:
    """See that the last events tell what a fold over all events does, at any position."""
    with door.client.store.database.reading() as connection:
        for position, persons in remembered.items():
            for uuid in map(UUID, persons):
                fold = folded(connection, door.project.id, uuid, position)
                told = blame(connection, door.project.id, uuid, fold, position)
                assert told == [fold[key] for key in sorted(fold)]


def check_merges(door: Door, uuid: str) -> None:
    """See that what is said about merges is what comes of taking them back."""
    for merge in door.get(f"/{uuid}/merges")["results"]:
        body = {"merge": merge["merge"]}
        tried = door.send("POST", f"/{uuid}/unmerge?dry_run=true", json=body)
        assert tried.status_code == (200 if merge["can_unmerge"] else 409), merge
        assert merge["can_unmerge"] or tried.json()["detail"] == merge["detail"]


def check_diff(door: Door, remembered: dict[int, dict[str, Any]]) -> None:
    """See that a diff tells what differs between any step and the last."""
    (*_, now) = remembered.values()
    for position, then in remembered.items():
        found = door.get(f"/diff?from={position}&limit=1000")
        told = {each["person"]: each for each in found["results"]}
        assert told.keys() == {
            uuid for uuid in then.keys() | now.keys() if seen(then.get(uuid)) != seen(now.get(uuid))
        }
        for uuid, each in told.items():
            after = seen(then.get(uuid))[0] | texts(each["added"])
            after |= texts({key: change["after"] for key, change in each["changed"].items()})
            after = {key: after[key] for key in after.keys() - each["removed"].keys()}
            assert after == seen(now.get(uuid))[0]
        assert sum(found["counts"].values()) - found["counts"]["keys"] == len(told)


def seen(person: dict[str, Any] | None) -> tuple[dict[str, str], set[str]]:
    """Return what a diff looks at: properties and distinct ids."""
    return (texts(person["properties"]), set(person["distinct_ids"])) if person else ({}, set())


def texts(properties: dict[str, Any]) -> dict[str, str]:
    """Return properties so that 1 and true are two values."""
    return {key: repr(value) for key, value in properties.items()}
