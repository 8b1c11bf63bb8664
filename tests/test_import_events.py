"""Captured events that PostHog has exported, and the persons that it has beside them."""

import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.identity import person_uuid
from tests.moves import contents, done, everyone, json_lines, told, verified, written
from tests.service import Client


@pytest.fixture
def project_url(database_url: str) -> str:
    """The URL of a database with one project, empty."""
    done(database_url, "projects", "create", "moved")
    return database_url


@pytest.fixture(scope="module")
def shared_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a SQLite database with one project that the tests of the module share."""
    url = f"sqlite:///{tmp_path_factory.mktemp('shared')}/persons.db"
    done(url, "projects", "create", "shared")
    return url


def event(
    name: str, distinct_id: str, day: int, properties: dict[str, Any] | None = None, **beside: Any
) -> dict[str, Any]:
    return {
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": f"2023-01-{day:02}T00:00:00Z",
        "properties": properties or {},
        **beside,
    }


def test_events_are_taken_in_by_their_own_times(project_url: str, tmp_path: Path) -> None:
    sent = [
        event("$set", "ada", 3, {"$set": {"plan": "pro"}}, uuid=str(UUID(int=3))),
        event("$set", "ada", 1, {"$set": {"plan": "free", "old": 1}}, uuid=str(UUID(int=1))),
        event("$identify", "ada", 2, {"$anon_distinct_id": "anon"}, uuid=str(UUID(int=2))),
        event("opened", "anon", 1, {"$set_once": {"first": "anon"}}, uuid=str(UUID(int=4))),
        event("opened", "late", 1, uuid=str(UUID(int=5))) | {"timestamp": "2999-01-01 00:00:00.5"},
    ]
    summary = told(project_url, written(tmp_path, json_lines(*sent)))[-1]

    assert (summary["new"], summary["skipped"], summary["warnings"]) == (5, 0, 0)
    ada, late = everyone(project_url).values()
    assert ada["distinct_ids"] == ["ada", "anon"]
    assert ada["properties"] == {
        "plan": "pro",
        "old": 1,
        "first": "anon",
        "$creator_event_uuid": str(UUID(int=1)),
    }
    assert ada["created_at"] == datetime(2023, 1, 1, tzinfo=UTC)
    assert ada["uuid"] == person_uuid(1, "ada")
    assert late["created_at"] == datetime(2999, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    assert verified(project_url).is_right


def test_the_order_of_the_file_does_not_matter(project_url: str, tmp_path: Path) -> None:
    sent = [
        event(
            "$identify" if n % 9 == 0 else "$set",
            f"user {n % 5}",
            1 + n // 4,
            {"$set": {f"key {n % 4}": n}, "$anon_distinct_id": f"anon {n % 3}"},
        )
        | {"timestamp": f"2023-01-{1 + n // 24:02}T{n % 24:02}:00:00Z"}
        for n in range(90)
    ]
    other_url = f"sqlite:///{tmp_path}/other.db"
    done(other_url, "projects", "create", "moved")
    done(project_url, "import", written(tmp_path, json_lines(*sent)))
    shuffled = random.Random(4).sample(sent, len(sent))
    done(other_url, "import", written(tmp_path, json_lines(*shuffled)))

    assert everyone(other_url) == everyone(project_url)


def test_at_one_time_the_order_of_the_file_decides(shared_url: str, tmp_path: Path) -> None:
    sent = [event("$set", "timeless", 20, {"$set": {"last": n}}) for n in range(9)]
    done(shared_url, "import", written(tmp_path, json_lines(*sent)))

    assert everyone(shared_url)["timeless"]["properties"]["last"] == 8


def test_events_come_in_all_shapes(project_url: str, tmp_path: Path) -> None:
    sent = [
        event("opened", "ada", 1, id=str(UUID(int=1)), person_id="x", elements_chain=""),
        event("opened", "ada", 2) | {"properties": json.dumps({"$set": {"text": "\0"}})},
        event("opened", "ada", 3, **{"$set": {"beside": 1}, "$set_once": {"once": 2}}),
        event("opened", "ada", 4) | {"properties": None},
        event("opened", "ada", 5) | {"timestamp": "2023-01-05 10:00:00.123456+02:00"},
        {"event": "opened", "properties": {"distinct_id": "ada"}, "timestamp": "2023-01-06"},
        event("$performance_event", "ada", 7),
    ]
    text = gzip.compress(json_lines(*sent).encode())
    *bad, summary = told(project_url, written(tmp_path, text, "events.jsonl.gz"))

    assert (summary["new"], summary["skipped"]) == (6, 1)
    assert [(each["number"], each["detail"]) for each in bad] == [
        (7, "$performance_event is not kept")
    ]
    properties = everyone(project_url)["ada"]["properties"]
    assert (properties["text"], properties["beside"], properties["once"]) == ("\ufffd", 1, 2)
    kept = contents(project_url)["captured_events"]
    assert datetime(2023, 1, 5, 8, 0, 0, 123456, tzinfo=UTC) in [row[6] for row in kept]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"nonsense", "JSON is malformed"),
        (b'"event"', "an event must be an object"),
        (b'{"event": "x", "distinct_id": "a"}', "timestamp None is no time"),
        (b'{"event": "x", "distinct_id": "a", "timestamp": "?"}', "timestamp '?' is no time"),
        (b'{"distinct_id": "a", "timestamp": "2023-01-01"}', "failed to hydrate events"),
        (b'{"event": "x", "timestamp": "2023-01-01"}', "event submitted without a distinct_id"),
        (
            b'{"event": "x", "distinct_id": "a", "timestamp": "2023-01-01", "properties": "[]"}',
            "properties must be an object",
        ),
    ],
)
def test_what_is_no_event_is_named_and_left_out(
    shared_url: str, tmp_path: Path, line: bytes, detail: str
) -> None:
    good = json_lines(event("opened", "ada", 1)).encode()
    bad, summary = told(shared_url, written(tmp_path, good + line + b"\n" + good))

    assert (bad["kind"], bad["number"]) == ("skipped", 2)
    assert bad["detail"].startswith(detail)
    assert summary["skipped"] == 1


def test_events_that_come_again_change_nothing(project_url: str, tmp_path: Path) -> None:
    sent = [event("$set", "ada", day, {"$set": {"day": day}}) for day in range(1, 9)]
    sent += [event("$set", "bob", 1, uuid=str(UUID(int=1)))]
    told(project_url, written(tmp_path, json_lines(*sent)))
    before = contents(project_url)
    reordered = [dict(reversed(each.items())) for each in reversed(sent)]
    summary = told(project_url, written(tmp_path, json_lines(*reordered)))[-1]

    assert (summary["new"], summary["duplicates"]) == (0, 9)
    assert contents(project_url) == before


def test_a_merge_that_is_refused_is_named(project_url: str, tmp_path: Path) -> None:
    sent = [
        event("$identify", "ada", 1, {"$anon_distinct_id": "a"}),
        event("$identify", "bob", 2, {"$anon_distinct_id": "b"}),
        event("$create_alias", "ada", 3, {"alias": "bob"}, uuid=str(UUID(int=7))),
    ]
    warning, summary = told(project_url, written(tmp_path, json_lines(*sent)))

    assert summary["warnings"] == 1
    assert (warning["kind"], warning["type"]) == ("warning", "cannot_merge_already_identified")
    assert (warning["distinct_id"], warning["cause"]) == ("ada", str(UUID(int=7)))


def test_persons_that_events_make_are_those_of_the_service(
    client: Client, capture: Any, tmp_path: Path
) -> None:
    sent = [
        event("opened", "anon", 1, {"$set": {"plan": "free"}}, uuid=str(UUID(int=1))),
        event("$identify", "ada", 2, {"$anon_distinct_id": "anon"}, uuid=str(UUID(int=2))),
        event("$set", "ada", 3, {"$set": {"n": [1, {"a": None}]}}, uuid=str(UUID(int=3))),
        event("opened", "bob", 4, {"$current_url": "/", "$unset": ["x"]}, uuid=str(UUID(int=4))),
    ]
    for each in sent:
        capture(
            each["event"],
            each["distinct_id"],
            each["properties"],
            uuid=each["uuid"],
            timestamp=each["timestamp"],
        )
    there = client.get("/api/projects/@current/persons").content
    flat = client.get("/api/projects/@current/persons?format=csv").content
    url = f"sqlite:///{tmp_path}/other.db"
    done(url, "projects", "create", "moved")
    for name, text in (("there.json", there), ("there.csv", flat)):
        found = told(
            url,
            "--persons",
            written(tmp_path, text, name),
            written(tmp_path, json_lines(*reversed(sent))),
        )
        assert [each["kind"] for each in found] == ["summary"] * 2
        assert (found[-1]["equal"], found[-1]["different"], found[-1]["only_here"]) == (2, 0, 0)


def test_where_they_disagree_it_says_what_and_why(project_url: str, tmp_path: Path) -> None:
    sent = [
        event("$identify", "ada", 1, {"$anon_distinct_id": "a"}, uuid=str(UUID(int=1))),
        event("$identify", "bob", 2, {"$anon_distinct_id": "b"}, uuid=str(UUID(int=2))),
        event("$create_alias", "ada", 3, {"alias": "bob"}, uuid=str(UUID(int=3))),
        event("$set", "bob", 4, {"$set": {"plan": "pro", "old": 1}}, uuid=str(UUID(int=4))),
        event("$set", "bob", 5, {"$unset": ["old"]}, uuid=str(UUID(int=5))),
        event("opened", "here", 6),
    ]
    properties = {"plan": "free", "old": 1, "city": "x", "$creator_event_uuid": str(UUID(int=2))}
    bob = {"distinct_ids": ["bob", "ada", "new"], "properties": properties, "is_identified": False}
    bob["created_at"] = "2023-01-01T00:00:00Z"
    there = {"distinct_ids": ["there"], "properties": {}}
    found = told(
        project_url,
        "--persons",
        written(tmp_path, json.dumps([bob, there]), "there"),
        written(tmp_path, json_lines(*sent)),
    )
    said = [
        (each["field"], each.get("key"), each["detail"], each.get("why"))
        for each in found
        if each["kind"] == "disagreement"
    ]

    refused = "a merge of it with 'bob' was refused: cannot_merge_already_identified"
    never = "no event here joins it with the person's other distinct ids"
    nobody = "no event that was imported makes a person of them"
    born = by("PersonCreated", 4, "$identify", 2)
    assert said == [
        ("distinct_ids", "ada", "is another person's here", refused),
        ("distinct_ids", "new", "belongs to nobody here", never),
        ("distinct_ids", "b", "is this person's here, and not there", born),
        ("properties", "city", "is not here", "no event here has ever set it"),
        ("properties", "old", "is not here", by("PropertyUnset", 8, "$set", 5)),
        ("properties", "plan", "has another value here", by("PropertySet", 7, "$set", 4)),
        ("created_at", None, "is another one here", born),
        ("is_identified", None, "is another one here", by("Identified", 6, "$identify", 2)),
        ("distinct_ids", None, "belong to nobody here", nobody),
        ("distinct_ids", None, "belong to nobody there", None),
    ]
    summary = {name: found[-1][name] for name in ("equal", "different", "only_here")}
    assert summary == {"equal": 0, "different": 2, "only_here": 1}


def by(topic: str, position: int, name: str, day: int) -> str:
    """Return the reason that a captured event is, whose uuid is its day."""
    cause = f"{name} {UUID(int=day)} of 2023-01-{day:02} 00:00:00+00:00"
    return f"{topic} at position {position}, by {cause}"
