"""Older stores become new ones, whoever starts first; what is not ours stays as it is."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import text

from api.cli import main
from storage import schema
from storage.engine import Database
from storage.migrate import REVISIONS, migrate, revision
from tests.kept_stores import contents, head, held, kept, put
from tests.server import Server
from tests.test_crash import refusal

PATIENCE = 60  # seconds for a command
STARTS = 4  # processes at once
each_kept_store = pytest.mark.parametrize("revision_kept", kept())


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def outdated(url: str) -> None:
    """Make an older store, whose projections are of an older shape, too."""
    put(url, kept()[0])
    with opened(url) as database, database.writing() as connection:
        connection.execute(text("UPDATE views SET version = 0"))


def check(url: str) -> None:
    """See that a database has the newest schema, and that all is right."""
    with opened(url) as database, database.writing() as connection:
        assert revision(connection) == REVISIONS[-1]
    verified = CliRunner(env={"DATABASE_URL": url}).invoke(main, ["verify"])
    assert (verified.exit_code, verified.output.splitlines()[-1]) == (0, "all is right")


def test_of_every_revision_before_the_newest_a_store_is_kept() -> None:
    assert set(REVISIONS[:-1]) <= set(kept()) <= set(REVISIONS)


@each_kept_store
def test_a_kept_store_goes_on_as_if_it_were_new(
    database_url: str, serve: Callable[..., Server], revision_kept: str
) -> None:
    put(database_url, revision_kept)
    with opened(database_url) as database, database.writing() as connection:
        assert revision(connection) == revision_kept
    was = held(revision_kept)
    server = serve(database_url)
    with httpx.Client(base_url=server.url) as http:
        assert {"head": was["head"]} | contents(http) == was
        assert head(database_url) == was["head"][database_url.partition(":")[0]]
        body = {"api_key": server.token, "event": "opened", "distinct_id": "newcomer"}
        assert http.post("/e/", json=body).status_code == 200
        merge = body | {"distinct_id": "bob", "properties": {"alias": "newcomer"}}
        assert http.post("/e/", json=merge | {"event": "$create_alias"}).status_code == 200
        persons = contents(http)["persons"]
    assert server.stop() == 0

    assert ["bob", "newcomer"] in [each["distinct_ids"] for each in persons.values()]
    check(database_url)


@each_kept_store
def test_the_steps_lead_from_a_kept_store_to_the_schema(
    database_url: str, revision_kept: str
) -> None:
    """If this fails for the newest revision, that was changed: what is to change needs a new one,
    for there are stores that have it."""
    put(database_url, revision_kept)
    with opened(database_url) as database:
        migrate(database)
        with database.writing() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_name": _is_ours}
            )
            assert compare_metadata(context, schema.metadata) == []


def _is_ours(name: str | None, type_: str, parents: object) -> bool:
    return type_ != "table" or name in schema.metadata.tables


def run_at_once(*commands: list[str], url: str) -> list[tuple[int, str]]:
    """Run commands as processes that begin together; return their statuses and what they said."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "api.cli", *command],
            env=os.environ | {"DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    said = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


older = pytest.mark.parametrize(
    "is_older", [False, True], ids=["an empty database", "an older store"]
)


@older
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_four_processes_may_start_at_once(database_url: str, is_older: bool) -> None:
    if is_older:
        outdated(database_url)

    ended = run_at_once(*[["projects", "list", "--json"]] * STARTS, url=database_url)

    assert [status for status, _ in ended] == [0] * STARTS, ended
    assert len({said for _, said in ended}) == 1
    check(database_url)


@older
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_four_services_may_start_at_once(
    database_url: str, serve: Callable[..., Server], is_older: bool
) -> None:
    if is_older:
        outdated(database_url)

    with ThreadPoolExecutor(STARTS) as pool:
        servers = list(pool.map(lambda _: serve(database_url), range(STARTS)))

    headers = {"Authorization": f"Bearer {Server.key}"}
    for server in servers:
        with httpx.Client(base_url=server.url, headers=headers) as http:
            body = {"api_key": server.token, "event": "opened", "distinct_id": server.url}
            assert http.post("/e/", json=body).status_code == 200
            assert http.get("/api/projects/@current/persons").status_code == 200
    assert [server.stop() for server in servers] == [0] * STARTS
    check(database_url)


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("projects", "list")])
def test_a_later_schema_is_refused_and_stays_as_it_is(
    database_url: str, command: tuple[str, ...]
) -> None:
    put(database_url, kept()[-1])
    with opened(database_url) as database, database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    told = refusal(*command, database_url=database_url)

    assert told == (
        "persons: the database has schema version '9999'; "
        f"this version knows {', '.join(REVISIONS)}\n"
    )
    with opened(database_url) as database, database.writing() as connection:
        assert revision(connection) == "9999"
