"""Persons and captured events that PostHog has exported."""

import csv
import gzip
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.identity import person_uuid
from tests.moves import contents, done, everyone, persons, verified
from tests.service import Client

ADA = {
    "type": "person",
    "id": "5b7ed4a2-6a0e-5b55-9f1b-0c4a8f1f9a01",
    "uuid": "5b7ed4a2-6a0e-5b55-9f1b-0c4a8f1f9a01",
    "created_at": "2021-08-25T22:09:14.252000Z",
    "last_seen_at": "2024-02-03T04:00:00Z",
    "properties": {"email": "ada@example.com", "plan": "pro", "seats": 3, "is_paying": True},
    "is_identified": True,
    "name": "ada@example.com",
    "distinct_ids": ["ada", "0191-anon"],
    "matched_recordings": [],
    "value_at_data_point": None,
}
BOB = {
    "id": 17,
    "uuid": "9c8a3a34-0d5c-5f0f-8a57-5f9f6b7c2d02",
    "created_at": "2022-01-01T00:00:00Z",
    "properties": {},
    "name": "bob",
    "distinct_ids": ["bob"],
}
BOTH = json.dumps([ADA, BOB])


@pytest.fixture
def project_url(database_url: str) -> str:
    """The URL of a database with one project, empty."""
    done(database_url, "projects", "create", "moved")
    return database_url


def told(url: str, *arguments: object) -> list[dict[str, Any]]:
    """Return what an import tells as JSON; the summaries stand at the end."""
    return [json.loads(line) for line in done(url, "import", "--json", *arguments).splitlines()]


def written(folder: Path, text: str | bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


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


def events(*sent: Any) -> str:
    return "".join(json.dumps(each) + "\n" for each in sent)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"next": None, "previous": None, "results": [ADA, BOB]}),
        json.dumps({"results": [ADA, BOB]}, indent=2),
        BOTH,
        json.dumps([ADA, BOB], indent=2),
        events(ADA, BOB),
        gzip.compress(events(ADA, BOB).encode()),
        "\ufeff" + BOTH,
        "\ufeff" + events(ADA, BOB),
        "\n" + events(ADA, BOB).replace("\n", "\r\n\r\n"),
    ],
)
def test_persons_are_taken_over_from_json(
    tmp_path: Path, text: str | bytes, project_url: str
) -> None:
    found = told(project_url, written(tmp_path, text))

    assert found[-1]["new"] == 2
    ada, bob = everyone(project_url).values()
    assert (str(ada["uuid"]), str(bob["uuid"])) == (ADA["uuid"], BOB["uuid"])
    assert (ada["distinct_ids"], bob["distinct_ids"]) == (["ada", "0191-anon"], ["bob"])
    assert (ada["properties"], bob["properties"]) == (ADA["properties"], {})
    assert (ada["is_identified"], bob["is_identified"]) == (True, False)
    assert ada["created_at"] == datetime(2021, 8, 25, 22, 9, 14, 252000, tzinfo=UTC)
    assert ada["last_seen_at"] == datetime(2024, 2, 3, 4, tzinfo=UTC)
    assert verified(project_url).is_right


def test_persons_are_taken_over_from_csv(project_url: str, tmp_path: Path) -> None:
    text = (
        "created_at,distinct_ids.0,distinct_ids.1,distinct_ids.10,id,is_identified,name,"
        "properties.address.city,properties.plan,properties.tags.0,properties.tags.1,uuid\r\n"
        f"2021-08-25 22:09:14.252000+00:00,ada,anon,last,{ADA['id']},True,x,"
        f'"New\nYork, ""NY""",pro,a,b,{ADA["uuid"]}\r\n'
        f"2022-01-01 00:00:00+00:00,bob,,,{BOB['uuid']},False,bob,,007,,,{BOB['uuid']}\r\n"
    )
    found = told(project_url, written(tmp_path, "\ufeff" + text))

    assert found[-1]["new"] == 2
    ada, bob = everyone(project_url).values()
    assert ada["distinct_ids"] == ["ada", "anon", "last"]
    assert ada["properties"] == {
        "address": {"city": 'New\nYork, "NY"'},
        "plan": "pro",
        "tags": ["a", "b"],
    }
    assert bob["properties"] == {"plan": "007"}
    assert (ada["is_identified"], bob["is_identified"]) == (True, False)
    assert ada["created_at"] == datetime(2021, 8, 25, 22, 9, 14, 252000, tzinfo=UTC)
    assert (str(ada["uuid"]), str(bob["uuid"])) == (ADA["uuid"], BOB["uuid"])


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_what_was_taken_over_is_equal_when_it_comes_again(
    project_url: str, tmp_path: Path, kind: str
) -> None:
    text = BOTH if kind == "json" else as_csv(ADA, BOB)
    told(project_url, path := written(tmp_path, text))
    before = contents(project_url)
    found = told(project_url, path)

    assert found == [
        {
            "kind": "summary",
            "file": f"PostHog persons as {kind.upper()}",
            "new": 0,
            "equal": 2,
            "different": 0,
            "skipped": 0,
            "disagreements": 0,
        }
    ]
    assert contents(project_url) == before


def as_csv(*found: dict[str, Any]) -> str:
    rows = [
        {
            **{f"distinct_ids.{n}": each for n, each in enumerate(person["distinct_ids"])},
            **{f"properties.{key}": value for key, value in person["properties"].items()},
            "uuid": person["uuid"],
            "created_at": person["created_at"],
        }
        for person in found
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, sorted({key for row in rows for key in row}))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_a_person_that_is_another_here_is_named_and_stays(project_url: str, tmp_path: Path) -> None:
    done(project_url, "import", written(tmp_path, BOTH))
    before = contents(project_url)
    other = ADA | {"properties": {"plan": "free"}, "distinct_ids": ["ada", "bob", "new"]}
    output = done(project_url, "import", written(tmp_path, json.dumps([other])))

    assert contents(project_url) == before
    assert output.splitlines() == [
        f"disagreement of person {ADA['uuid']}: distinct_ids 'bob' is another person's here; "
        f'here: "{BOB["uuid"]}"',
        f"disagreement of person {ADA['uuid']}: distinct_ids 'new' belongs to nobody here",
        f"disagreement of person {ADA['uuid']}: distinct_ids '0191-anon' is this person's here, "
        f'and not there; here: "{ADA["uuid"]}"',
        f"disagreement of person {ADA['uuid']}: properties 'email' is not there; "
        'here: "ada@example.com"',
        f"disagreement of person {ADA['uuid']}: properties 'is_paying' is not there; here: true",
        f"disagreement of person {ADA['uuid']}: properties 'plan' has another value here; "
        'here: "pro"; there: "free"',
        f"disagreement of person {ADA['uuid']}: properties 'seats' is not there; here: 3",
        "0 persons are new, 0 were here, 1 are others here, 0 skipped",
    ]


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        (ADA | {"distinct_ids": []}, "a person without distinct ids"),
        (ADA | {"distinct_ids": ["a", 1]}, "distinct_ids must be texts"),
        (ADA | {"distinct_ids": "ada"}, "distinct_ids must be texts"),
        (ADA | {"properties": [1]}, "properties must be an object"),
        (ADA | {"created_at": "soon"}, "'soon' is no time"),
        (ADA | {"created_at": 17}, "17 is no time"),
        (ADA | {"properties": {"x": "x" * 700_000}}, "a person holds at most 655360 bytes"),
        ("no person", "a person must be an object"),
    ],
)
def test_what_is_no_person_is_named_and_left_out(
    shared_url: str, tmp_path: Path, found: Any, detail: str
) -> None:
    *bad, summary = told(shared_url, written(tmp_path, json.dumps([BOB, found])))

    assert [each["kind"] for each in bad] == ["skipped"]
    assert bad[0]["detail"].startswith(detail)
    assert (summary["skipped"], summary["new"] + summary["equal"]) == (1, 1)


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ("a,b,c,d", "the row has not as many cells as there are columns"),
        ("a", "the row has not as many cells as there are columns"),
        ("a,b,no", "'no' is no time"),
    ],
)
def test_a_bad_row_is_named_and_left_out(
    shared_url: str, tmp_path: Path, row: str, detail: str
) -> None:
    text = f"distinct_ids.0,properties.plan,created_at\r\nbob,,\r\n{row}\r\n"
    bad, summary = told(shared_url, written(tmp_path, text))

    assert (bad["number"], bad["detail"]) == (3, detail)
    assert summary["skipped"] == 1


@pytest.fixture(scope="module")
def shared_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a SQLite database with one project that the tests of the module share."""
    url = f"sqlite:///{tmp_path_factory.mktemp('shared')}/persons.db"
    done(url, "projects", "create", "shared")
    return url


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{}", '{"a": 1}\n', "[1, 2]", "a,b\r\n1,2\r\n", "{", b"\x1f\x8bno", b"\xff"],
)
def test_what_nobody_knows_is_refused(shared_url: str, tmp_path: Path, text: str | bytes) -> None:
    result = persons(shared_url, "import", written(tmp_path, text))

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_events_are_taken_in_by_their_own_times(project_url: str, tmp_path: Path) -> None:
    sent = [
        event("$set", "ada", 3, {"$set": {"plan": "pro"}}, uuid=str(UUID(int=3))),
        event("$set", "ada", 1, {"$set": {"plan": "free", "old": 1}}, uuid=str(UUID(int=1))),
        event("$identify", "ada", 2, {"$anon_distinct_id": "anon"}, uuid=str(UUID(int=2))),
        event("opened", "anon", 1, {"$set_once": {"first": "anon"}}, uuid=str(UUID(int=4))),
        event("opened", "late", 1, uuid=str(UUID(int=5))) | {"timestamp": "2999-01-01 00:00:00.5"},
    ]
    summary = told(project_url, written(tmp_path, events(*sent)))[-1]

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
    done(project_url, "import", written(tmp_path, events(*sent)))
    shuffled = random.Random(4).sample(sent, len(sent))
    done(other_url, "import", written(tmp_path, events(*shuffled)))

    assert everyone(other_url) == everyone(project_url)


def test_at_one_time_the_order_of_the_file_decides(shared_url: str, tmp_path: Path) -> None:
    sent = [event("$set", "timeless", 20, {"$set": {"last": n}}) for n in range(9)]
    done(shared_url, "import", written(tmp_path, events(*sent)))

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
    text = gzip.compress(events(*sent).encode())
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
    good = events(event("opened", "ada", 1)).encode()
    bad, summary = told(shared_url, written(tmp_path, good + line + b"\n" + good))

    assert (bad["kind"], bad["number"]) == ("skipped", 2)
    assert bad["detail"].startswith(detail)
    assert summary["skipped"] == 1


def test_events_that_come_again_change_nothing(project_url: str, tmp_path: Path) -> None:
    sent = [event("$set", "ada", day, {"$set": {"day": day}}) for day in range(1, 9)]
    sent += [event("$set", "bob", 1, uuid=str(UUID(int=1)))]
    told(project_url, written(tmp_path, events(*sent)))
    before = contents(project_url)
    reordered = [dict(reversed(each.items())) for each in reversed(sent)]
    summary = told(project_url, written(tmp_path, events(*reordered)))[-1]

    assert (summary["new"], summary["duplicates"]) == (0, 9)
    assert contents(project_url) == before


def test_a_merge_that_is_refused_is_named(project_url: str, tmp_path: Path) -> None:
    sent = [
        event("$identify", "ada", 1, {"$anon_distinct_id": "a"}),
        event("$identify", "bob", 2, {"$anon_distinct_id": "b"}),
        event("$create_alias", "ada", 3, {"alias": "bob"}, uuid=str(UUID(int=7))),
    ]
    warning, summary = told(project_url, written(tmp_path, events(*sent)))

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
            written(tmp_path, events(*reversed(sent))),
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
        written(tmp_path, events(*sent)),
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
