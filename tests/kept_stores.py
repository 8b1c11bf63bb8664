"""Whole stores, as each revision of the schema has kept them: what later versions must take over.

`python -m tests.kept_stores` makes those of the newest revision. Once that is released, they stay
as they are, for ever.
"""

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import msgspec
import psycopg
from click.testing import CliRunner

from api.cli import main as persons
from projections.verifying.verify import verify
from storage.engine import Database
from storage.migrate import REVISIONS
from tests import postgres, service
from tests.postgres_programs import program
from tests.project import Project
from tests.server import Server
from tests.service import Client

FOLDER = Path(__file__).parent / "fixtures" / "stores"
PROJECT = "/api/projects/1"

_OF_A_SESSION = re.compile(r"^(SET |SELECT pg_catalog\.set_config|\\|--).*\n", re.MULTILINE)


def kept() -> list[str]:
    """Return the revisions of which there are stores, oldest first."""
    return sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.json"))


def held(revision: str) -> dict[str, Any]:
    """Return the `contents` of a kept store, and the `head` of it on each kind of database."""
    found: dict[str, Any] = msgspec.json.decode((FOLDER / f"{revision}.json").read_bytes())
    return found


def put(url: str, revision: str) -> None:
    """Bring a kept store into an empty database."""
    script = (FOLDER / f"{revision}.{_kind(url)}.sql").read_text()
    if _kind(url) == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(script.encode())


def contents(http: httpx.Client) -> dict[str, Any]:
    """Return what a store holds, as the service tells, without what no two stores share."""
    project = Project(http)
    listed, events = (
        http.get(f"{PROJECT}/persons{path}", headers=project.headers).json()["results"]
        for path in ("", "/3/events")
    )
    return {
        "persons": {each["uuid"]: _person(each) for each in listed},
        "warnings": dict(project.warnings()),
        "events": [[each["event"], each["distinct_id"]] for each in events],
    }


def _person(listed: dict[str, Any]) -> dict[str, Any]:
    listed["properties"].pop("$creator_event_uuid", None)
    return {"distinct_ids": sorted(listed["distinct_ids"]), "properties": listed["properties"]}


def head(url: str) -> str:
    """Return the digest of the last event, once all is verified that it stands for."""
    database = Database(url)
    report = verify(database)
    database.close()
    assert report.findings == []
    return report.heads[1]


def live(client: Client) -> None:
    """Let happen what leaves something in every table."""
    for distinct_id, name, properties in (
        ("anon", "opened", {"$set": {"plan": "free", "café": "☕"}}),
        ("ada", "opened", {"$set": {"email": "ada@example.com", "n": 10**20, "x": 1e22}}),
        ("ada", "$identify", {"$anon_distinct_id": "anon"}),
        ("ada", "opened", {"$unset": ["n"]}),
        ("bob", "opened", {"$set": {"email": "bob@example.com"}}),
        ("bob", "$identify", {"$anon_distinct_id": "b"}),
        ("bob", "$merge_dangerously", {"alias": "ada"}),
        ("eve", "opened", {"$set": {"email": "eve@example.com"}}),
        ("gone", "opened", {"$set": {"email": "gone@example.com"}}),
        ("ada", "$create_alias", {"alias": "guest"}),
    ):
        event = {"event": name, "distinct_id": distinct_id, "properties": properties}
        client.post("/e/", json=event | {"api_key": Server.token}).raise_for_status()
    for method, path, body in (
        ("PATCH", "persons/3", {"properties": {"plan": "pro"}}),
        ("POST", "persons/3/split", {"main_distinct_id": "bob"}),
        ("DELETE", "persons/4?erase=now&delete_events=true", None),
        ("GET", "persons/audit/checkpoint", None),
    ):
        answer = client.request(method, f"{PROJECT}/{path}", json=body)
        assert answer.is_success, (path, answer.text)


def main() -> None:
    """Make a store on each kind of database, and keep them."""
    FOLDER.mkdir(exist_ok=True)
    found: dict[str, Any] = {"head": {}}
    with (
        TemporaryDirectory() as folder,
        postgres.running(Path(folder)) as server,
        server.database() as url,
    ):
        for each in (f"sqlite:///{folder}/persons.db", url):
            found |= _made(each)
            found["head"][_kind(each)] = head(each)
            (FOLDER / f"{REVISIONS[-1]}.{_kind(each)}.sql").write_text(_dumped(each))
    text = msgspec.json.format(msgspec.json.encode(found))
    (FOLDER / f"{REVISIONS[-1]}.json").write_bytes(text + b"\n")


def _made(url: str) -> dict[str, Any]:
    with service.running(url) as client:
        live(client)
        for command in ("purge", "verify"):
            told = CliRunner(env={"DATABASE_URL": url}).invoke(persons, [command])
            assert told.exit_code == 0, told.output
        client.delete(f"{PROJECT}/persons/5?delete_events=true").raise_for_status()
        return contents(client)


def _dumped(url: str) -> str:
    if _kind(url) == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return "\n".join(connection.iterdump()) + "\n"
    command = [program("pg_dump"), "--inserts", "--no-owner", "--no-privileges", url]
    dumped = subprocess.check_output(command, text=True)
    # What belongs to the session that dumped, some versions do not know.
    return _OF_A_SESSION.sub("", dumped)


def _kind(url: str) -> str:
    return url.partition(":")[0]


if __name__ == "__main__":
    main()
