import pytest
from sqlalchemy import update

from api.persons.told_events import ToldEvent
from domain.events import EVENT_CLASSES
from storage.schema import events
from tests.annals import BIRTH, get, person, results, types
from tests.doors import PERSONS, Capture, new_key, new_project
from tests.service import Client

ACTOR = {"kind": "token", "name": f"phc_{'t' * 43}"}


@pytest.fixture
def names(client: Client, capture: Capture) -> dict[str, str]:
    """The names of three persons by uuid: eve was merged into visitor, then visitor into ada."""
    found = {}
    for name, plan in (("eve", "free"), ("visitor", "trial"), ("ada", "pro")):
        capture("$set", name, {"$set": {"plan": plan}})
        found[person(client, name)["uuid"]] = name
    capture("$merge_dangerously", "visitor", {"alias": "eve"})
    capture("$merge_dangerously", "ada", {"alias": "visitor"})
    return found


def test_a_history_tells_every_event(client: Client, capture: Capture) -> None:
    uuid = "0190a1c2-0000-7000-8000-000000000001"
    at = "2024-03-01T12:00:00.250000Z"
    capture("signed up", "ada", {"$set": {"plan": "free"}}, uuid=uuid, timestamp=at)
    client.patch(f"{PERSONS}/1", json={"properties": {"plan": "pro"}})

    history = get(client, "/1/history")
    born, first, second = history["results"]

    assert history["next"] is None
    assert first == {
        "position": 2,
        "version": 2,
        "type": "PropertySet",
        "person": person(client, "ada")["uuid"],
        "recorded_at": first["recorded_at"],
        "occurred_at": at,
        "actor": ACTOR,
        "cause": {"event": "signed up", "uuid": uuid},
        "changes": [{"key": BIRTH, "after": uuid}, {"key": "plan", "after": "free"}],
        "distinct_id": "ada",
    }
    assert first["recorded_at"] > at
    assert (born["number"], born["distinct_ids"], born["born_from"]) == (1, ["ada"], "capture")
    assert born["created_at"] == at
    assert second["changes"] == [{"key": "plan", "before": "free", "after": "pro"}]
    assert second["actor"] == {"kind": "key", "name": "all"}
    assert second["cause"]["event"] == "$set"


def test_a_value_that_is_gone_has_no_after(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": None}})
    capture("$set", "ada", {"$unset": ["plan"]})

    assert get(client, "/1/history")["results"][-1]["changes"] == [{"key": "plan", "before": None}]


def test_pages_go_on_behind_a_position(client: Client, capture: Capture) -> None:
    for number in range(5):
        capture("$set", "ada", {"$set": {"n": number}})
        capture("$set", "eve", {"$set": {"n": number}})

    paged = results(client, "/1/history", limit=2)

    assert [each["version"] for each in paged] == list(range(1, len(paged) + 1))
    assert paged == get(client, "/1/history")["results"]
    for after in range(12):  # also behind events of others
        rest = get(client, "/1/history", after=after)["results"]
        assert rest == [each for each in paged if each["position"] > after]


def test_merged_streams_are_woven_in_up_to_their_merges(
    client: Client, capture: Capture, names: dict[str, str]
) -> None:
    capture("$set", "eve", {"$set": {"plan": "team"}})

    woven = results(client, "/3/history", merged="true", limit=3)

    assert [f"{names[each['person']]} {each['type']}" for each in woven] == [
        "eve PersonCreated",
        "eve PropertySet",
        "visitor PersonCreated",
        "visitor PropertySet",
        "ada PersonCreated",
        "ada PropertySet",
        "visitor Merged",
        "visitor Identified",
        "ada Merged",
        "ada Identified",
        "ada PropertySet",
    ]
    positions = [each["position"] for each in woven]
    assert positions == sorted(set(positions))
    assert get(client, "/3/history", merged="true") == {"results": woven, "next": None}


def test_a_person_merged_twice_is_woven_in_up_to_the_last_time(
    client: Client, capture: Capture
) -> None:
    capture("$set", "visitor", {"$set": {"plan": "trial"}})
    capture("$set", "ada")
    capture("$identify", "ada", {"$anon_distinct_id": "visitor"})
    (merge,) = get(client, "/2/merges")["results"]
    client.post(f"{PERSONS}/2/unmerge", json={"merge": merge["merge"]})
    capture("$set", "visitor", {"$set": {"plan": "free"}})
    capture("$identify", "ada", {"$anon_distinct_id": "visitor"})

    woven = get(client, "/2/history", merged="true")["results"]

    visitor = [each for each in woven if each["person"] == merge["source"]]
    assert types(visitor) == [
        "PersonCreated",
        "PropertySet",
        "MergedInto",
        "Unmerged",
        "PropertySet",
    ]
    assert len(get(client, "/2/history")["results"]) == len(woven) - len(visitor)


def test_the_dead_and_the_merged_keep_their_history(client: Client, names: dict[str, str]) -> None:
    client.delete(f"{PERSONS}/3")

    for id, last in (("/1", "MergedInto"), ("/2", "MergedInto"), ("/3", "Deleted")):
        by_number = get(client, f"{id}/history")["results"]
        assert by_number[-1]["type"] == last
        assert get(client, f"/{by_number[0]['person']}/history")["results"] == by_number
        assert client.get(PERSONS + id).status_code == 404


def test_of_what_was_erased_only_its_place_is_told(client: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    with client.store.database.writing() as connection:
        connection.execute(update(events).where(events.c.version == 2).values(state=None))

    _, erased = get(client, "/1/history")["results"]

    assert erased == {
        "position": 2,
        "version": 2,
        "type": "PropertySet",
        "person": person(client, "ada")["uuid"],
        "recorded_at": erased["recorded_at"],
        "cause": None,
        "changes": [],
        "is_erased": True,
    }
    assert get(client, "/changes")["results"][1] == erased
    assert get(client, "/1/history", merged="true")["results"][1] == erased


def test_all_that_events_say_is_documented() -> None:
    said = {field for event in EVENT_CLASSES.values() for field in event.__struct_fields__}

    assert said - {"origin", "properties", "before", "kept"} <= ToldEvent.__annotations__.keys()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/9/history", 404),
        ("/0190a1c2-0000-7000-8000-000000000001/history", 404),
        (f"/{'9' * 25}/history", 404),
        ("/ada/history", 400),
        ("/1/history?after=x", 400),
        ("/1/history?after=-1", 400),
        ("/1/history?limit=0", 400),
        ("/1/history?merged=maybe", 400),
    ],
)
def test_what_cannot_be_asked_is_refused(
    client: Client, capture: Capture, path: str, status: int
) -> None:
    capture("$set", "ada")

    assert client.get(PERSONS + path).status_code == status


def test_a_history_needs_the_scope_and_the_project(client: Client, capture: Capture) -> None:
    capture("$set", "ada")
    other = new_key(client, "person:read", project_id=new_project(client))

    for path in (
        "/1/history",
        "/1/blame",
        "/1/merges",
        "/1/diff?from=0",
        "/changes",
        "/diff?from=0",
    ):
        narrow = new_key(client, "activity_log:read")
        assert client.get(PERSONS + path, headers=narrow).status_code == 403
        missing = 404 if path.startswith("/1") else 200
        assert client.get(PERSONS + path, headers=other).status_code == missing
