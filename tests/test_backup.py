"""Backups that are made while the service writes, and the stores that are made of them."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select

from storage.engine import Database
from storage.schema import events
from tests.kept import kept
from tests.kept_stores import head
from tests.load import Load
from tests.postgres import Postgres
from tests.postgres_programs import program
from tests.server import Server

Restore = Callable[[], str]


@contextmanager
def sqlite_backup(url: str, folder: Path, _: pytest.FixtureRequest) -> Iterator[Restore]:
    """Copy a SQLite store as it is at one moment; give what makes a new one of it."""
    copy = folder / "backup.db"
    source = f"file:{url.removeprefix('sqlite:///')}?mode=ro"
    with closing(sqlite3.connect(source, uri=True)) as connection:
        connection.execute("VACUUM INTO ?", [str(copy)])
    yield lambda: f"sqlite:///{copy.rename(folder / 'restored.db')}"


@contextmanager
def postgresql_backup(url: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Restore]:
    """Dump a PostgreSQL store; give what restores it into an empty database."""
    dump = folder / "backup.dump"
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={dump}", url], check=True)
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as empty:

        def restore() -> str:
            restoring = [program("pg_restore"), "--exit-on-error", f"--dbname={empty}", str(dump)]
            subprocess.run(restoring, check=True)
            return empty

        yield restore


BACKUPS = {"sqlite": sqlite_backup, "postgresql": postgresql_backup}


def head_of(url: str) -> tuple[int, str]:
    """Return the position and the digest of the last event, of a store in which all is right."""
    digest = head(url)
    database = Database(url)
    with database.reading() as connection:
        found = select(events.c.position).where(events.c.digest == bytes.fromhex(digest))
        position = connection.execute(found).scalar_one()
    database.close()
    return position, digest


def digest_at(url: str, position: int) -> str:
    """Return the digest of an event."""
    database = Database(url)
    with database.reading() as connection:
        query = select(events.c.digest).where(events.c.project_id == 1)
        digest: bytes = connection.execute(query.where(events.c.position == position)).scalar_one()
    database.close()
    return digest.hex()


def uuids_in(url: str) -> set[str]:
    """Return the uuids of all events that were captured."""
    database = Database(url)
    uuids = {str(each.uuid) for each in kept(database, 1)}
    database.close()
    return uuids


def test_a_backup_made_under_load_has_all_that_was_answered_and_goes_on(
    database_url: str,
    serve: Callable[..., Server],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    backup = BACKUPS[urlsplit(database_url).scheme]
    load = Load(serve(database_url))
    with load.on():
        sleep(1)
        answered = set(load.answered)
        with backup(database_url, tmp_path, request) as restore:
            sleep(0.2)
            restored = restore()
            position, digest = head_of(restored)
            server = serve(restored)
            body = {"api_key": server.token, "event": "after", "distinct_id": "after"}
            again = httpx.post(f"{server.url}/e/", json=body)
            server.stop()
            after, _ = head_of(restored)
            in_restored = uuids_in(restored)

    assert answered
    assert answered <= in_restored
    assert digest == digest_at(database_url, position)
    assert again.status_code == 200
    assert after > position
    assert {sent.status for sent in load.sent} == {200}
