"""What Citus asks of a schema and of statements, so that each project lives on one machine."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import BigInteger, Engine, Table, UniqueConstraint, event

from api.cli import main
from api.cli.schema import TABLES
from storage.citus import is_distributed
from storage.postgresql import READING
from tests.answered import command
from tests.doors import PERSONS
from tests.service import Client

DISTRIBUTED = [table for table in TABLES if is_distributed(table)]
NAMES = "|".join(table.name for table in DISTRIBUTED)
WRITES = re.compile(rf"(?:UPDATE|INTO|DELETE FROM) (?:{NAMES})\b|FOR UPDATE|FOR SHARE")
REFUSED = re.compile(r"\b(LOCK TABLE|NOTIFY|LISTEN|TRIGGER|SKIP LOCKED|MERGE INTO|SERIALIZABLE)\b")


@pytest.mark.parametrize("table", DISTRIBUTED, ids=str)
def test_the_project_leads_every_key(table: Table) -> None:
    keys = [
        table.primary_key.columns,
        *(each.columns for each in table.constraints if isinstance(each, UniqueConstraint)),
        *(each.columns for each in table.indexes if each.unique),
    ]

    assert {next(iter(columns)).name for columns in keys} == {"project_id"}
    assert isinstance(table.c.project_id.type, BigInteger)  # one type, so they lie together


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_no_key_leads_to_another_table(table: Table) -> None:
    assert not table.foreign_keys


def test_every_table_is_distributed_or_everywhere() -> None:
    printed = CliRunner().invoke(main, ["schema", "--citus"]).output

    calls = re.findall(r"create_(distributed|reference)_table\('(\w+)'", printed)
    assert dict((name, kind) for kind, name in calls) == {
        table.name: "distributed" if is_distributed(table) else "reference" for table in TABLES
    }
    assert {name for kind, name in calls if kind == "reference"} == {
        *("projects", "api_keys", "audit_keys", "views")
    }
    assert printed.count("colocate_with => 'default'") == 1


def test_the_schema_is_printed_as_it_is_made() -> None:
    printed = CliRunner().invoke(main, ["schema"]).output

    assert re.findall(r"CREATE TABLE (\w+)", printed) == [table.name for table in TABLES]
    assert (
        "CREATE UNIQUE INDEX events_by_person ON events (project_id, person_id, version)" in printed
    )


@pytest.fixture
def seen() -> Iterator[set[str]]:
    """All statements that go to any database meanwhile."""
    statements: set[str] = set()

    def see(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.add(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", see)
    yield statements
    event.remove(Engine, "before_cursor_execute", see)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_statement_breaks_the_rules(seen: set[str], client: Client, database_url: str) -> None:
    seen.clear()  # those that have made the tables
    live(client)
    command("purge", database_url=database_url)

    written = {name for name in seen if WRITES.search(name)}
    assert {re.findall(rf"\b({NAMES})\b", each)[0] for each in written} >= {
        *("logs", "events", "persons", "distinct_ids", "captured_events", "event_deletions"),
        *("deletions", "erasure_receipts", "ingestion_warnings", "activity", "past_properties"),
    }
    assert {each for each in written if "project_id" not in each} == set()
    assert {each for each in seen if re.search(r"SET project_id", each)} == set()
    assert {each for each in seen if REFUSED.search(each)} == {
        f"LOCK TABLE {READING} IN ACCESS SHARE MODE"
    }


def live(client: Client) -> None:
    """Do everything that writes."""
    for name in ("ada", "eve", "bob"):
        capture(client, "$set", name, {"$set": {"plan": "free", "n": 1}})
    capture(client, "$merge_dangerously", "ada", {"alias": "eve"})
    capture(client, "$identify", "ada", {"$anon_distinct_id": "null"})
    (merge,) = client.get(f"{PERSONS}/1/merges").json()["results"]
    asked = [
        client.patch(f"{PERSONS}/1", json={"properties": {"plan": "pro"}}),
        client.post(f"{PERSONS}/1/delete_property", json={"$unset": "n"}),
        client.post(f"{PERSONS}/1/unmerge", json={"merge": merge["merge"]}),
        client.post(f"{PERSONS}/1/split", json={"main_distinct_id": "ada"}),
        client.post(f"{PERSONS}/1/delete_events"),
        client.delete(f"{PERSONS}/1?delete_events=true"),
        client.post(f"{PERSONS}/1/undelete"),
        client.delete(f"{PERSONS}/1?erase=now"),
        client.get(f"{PERSONS}/audit/checkpoint"),
    ]
    assert [each.status_code for each in asked if not each.is_success] == []


def capture(client: Client, name: str, distinct_id: str, properties: dict[str, Any]) -> None:
    body = {"event": name, "distinct_id": distinct_id, "properties": properties}
    written = client.post("/capture/", json=body | {"api_key": "phc_" + "t" * 43})
    assert written.status_code == 200
