"""Persons and captured events that PostHog has exported."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.moves import contents, done, everyone, json_lines, persons, told, verified, written

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


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"next": None, "previous": None, "results": [ADA, BOB]}),
        json.dumps({"results": [ADA, BOB]}, indent=2),
        BOTH,
        json.dumps([ADA, BOB], indent=2),
        json_lines(ADA, BOB),
        gzip.compress(json_lines(ADA, BOB).encode()),
        "\ufeff" + BOTH,
        "\ufeff" + json_lines(ADA, BOB),
        "\n" + json_lines(ADA, BOB).replace("\n", "\r\n\r\n"),
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
