import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, inspect, text
from sqlalchemy.exc import DBAPIError

from storage import log
from storage.engine import Database, committing
from storage.errors import InvalidDatabaseUrlError, StoreInUseError
from storage.schema import projects
from storage.values import EPOCH
from tests.decisions import visit
from tests.stores import Store, check, opened

ROOT = Path(__file__).parent.parent

WRITES = """
import sys
from tests.decisions import visit
from tests.stores import Store

url, project, name = sys.argv[1:]
store = Store(url)
for number in range(25):
    store.send(int(project), visit(name, n=number), visit("both", **{f"{name} {number}": number}))
store.close()
"""

SERVES = """
import sys
from storage.engine import Database

with Database(sys.argv[1]).serving_alone():
    print("alone", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with opened(database_url) as store:
        yield store


def process(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_take_turns_to_write(store: Store, database_url: str) -> None:
    project = store.new_project()
    names = ["one", "two"]
    others = [process(WRITES, database_url, str(project), name) for name in names]
    for number in range(25):
        store.send(project, visit("both", **{f"here {number}": number}))

    assert [each.communicate()[0] for each in others] == ["", ""]
    assert [each.returncode for each in others] == [0, 0]
    assert [store.owner(project, name).properties["n"] for name in names] == [24, 24]
    written = store.owner(project, "both").properties.keys()
    assert {f"{name} {n}" for name in ("one", "two", "here") for n in range(25)} < written
    check(store, project)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_file_stays_sound_under_many_threads(store: Store, database_url: str) -> None:
    project = store.new_project()
    with opened(database_url) as other, ThreadPoolExecutor(8) as pool:

        def use(number: int) -> None:
            mine = (store, other)[number % 2]
            mine.send(project, visit(f"person {number % 9}", n=number))
            mine.persons(project)

        list(pool.map(use, range(200)))

    check(store, project)
    with sqlite3.connect(store.database.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_service_runs_on_a_file(database_url: str) -> None:
    database = Database(database_url)
    with process(SERVES, database_url) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "alone\n"

        with (
            pytest.raises(StoreInUseError, match=r"another service already runs on .*persons.db"),
            database.serving_alone(),
        ):
            pass
        other.communicate()

    with database.serving_alone():
        pass
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_service_that_was_killed_holds_nothing(database_url: str) -> None:
    database = Database(database_url)
    with process(SERVES, database_url) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
        other.wait()

        with database.serving_alone():
            pass
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_many_services_run_on_a_server(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)

    with one.serving_alone(), other.serving_alone():
        pass


def test_what_is_written_where_one_reads_is_not_stored(store: Store) -> None:
    with suppress(DBAPIError), store.database.reading() as connection:
        connection.execute(text("INSERT INTO api_keys VALUES (1, 1, 'n', 'h', 's', 't')"))
    with suppress(DBAPIError), store.database.reading() as connection:
        connection.execute(text("UPDATE logs SET position = 7"))

    with store.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM api_keys")).scalar() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_refuses_to_write_where_one_reads(store: Store) -> None:
    for connection in (store.database.reading(), store.database.autocommitting()):
        with connection as reading, pytest.raises(DBAPIError, match="readonly"):
            reading.execute(text("CREATE TABLE mine (id integer)"))


def test_a_commit_waits_for_the_disk(store: Store) -> None:
    is_sqlite = store.database.is_sqlite
    asked = "PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit"
    with store.database.writing() as connection:
        said = connection.execute(text(asked)).scalar_one()

    assert said == (2 if is_sqlite else "on")  # 2 is FULL


def test_a_reader_sees_one_state(store: Store) -> None:
    project = store.new_project()
    with store.database.reading() as connection:
        before = log.head_position(connection, project)
        store.send(project, visit("ada"))
        meanwhile = log.head_position(connection, project)
    with store.database.reading() as connection:
        after = log.head_position(connection, project)

    assert (before, meanwhile, after) == (0, 0, 2)


def test_a_read_that_commits_at_once_sees_all_that_is_written(store: Store) -> None:
    project = store.new_project()
    with store.database.autocommitting() as connection:
        positions = [log.head_position(connection, project)]
        store.send(project, visit("ada"))
        positions.append(log.head_position(connection, project))

    assert positions == [0, 2]


def fail_halfway(connection: AbstractContextManager[Connection], statement: str) -> None:
    with connection as opened:
        opened.execute(text(statement))
        opened.execute(text("DELETE FROM nowhere"))


def test_what_raises_is_not_written(store: Store) -> None:
    with pytest.raises(DBAPIError, match="nowhere"):
        fail_halfway(store.database.writing(), "DELETE FROM views")

    with store.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM views")).scalar_one() > 0


LARGE = 30 * 2**20  # characters, more than any socket takes at once


def write_large(store: Store, then: Callable[[Connection], None]) -> None:
    with store.database.writing() as connection:
        connection.execute(text("CREATE TABLE large (value TEXT)"))
    with store.database.writing() as connection, committing(connection):
        connection.execute(text("INSERT INTO large VALUES (:value)"), {"value": "x" * LARGE})
        then(connection)


def large_rows(store: Store) -> int:
    query = text("SELECT count(*) FROM large WHERE length(value) = :length")
    with store.database.reading() as connection:
        return int(connection.execute(query, {"length": LARGE}).scalar_one())


def raise_something(_: Connection) -> None:
    raise ZeroDivisionError


def test_rows_of_any_size_are_committed(store: Store) -> None:
    write_large(store, lambda connection: None)

    assert large_rows(store) == 1


def test_what_raises_behind_large_rows_is_not_written(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        write_large(store, raise_something)

    assert large_rows(store) == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_under_large_rows_is_told(store: Store) -> None:
    def lose(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        with store.database.writing() as other:
            other.execute(text(f"SELECT pg_terminate_backend({driver.info.backend_pid})"))

    with pytest.raises(DBAPIError):
        write_large(store, lose)


@pytest.mark.parametrize("is_snapshot", [True, False])
def test_work_aside_leaves_nothing_behind(store: Store, is_snapshot: bool) -> None:
    aside = store.database.aside(is_snapshot=is_snapshot)
    with pytest.raises(DBAPIError, match="nowhere"):
        fail_halfway(aside, "CREATE TEMPORARY TABLE mine (id integer)")

    with store.database.writing() as connection:
        connection.execute(
            insert(projects).values(name="n", token="t", settings="{}", created_at=EPOCH)
        )
        assert "mine" not in inspect(connection).get_table_names()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "persons.db",
        "://",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://u@h/d",
        "http://localhost/x",
    ],
)
def test_what_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError):
        Database(url)


def test_a_refusal_says_what_would_be_right() -> None:
    with pytest.raises(InvalidDatabaseUrlError) as refusal:
        Database("mysql://u@h/d")

    assert str(refusal.value) == (
        "'mysql://u@h/d' is neither sqlite:///<file> nor postgresql://<user>@<host>/<database>"
    )


@pytest.mark.parametrize(
    "url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+asyncpg://u@h/d"]
)
def test_every_name_of_postgresql_means_our_driver(url: str) -> None:
    database = Database(url)

    assert not database.is_sqlite
    assert database.url.drivername == "postgresql+psycopg"


def test_a_database_is_opened_when_it_is_first_used(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/persons.db")
    assert list(tmp_path.iterdir()) == []

    with database.writing() as connection:
        connection.execute(text("CREATE TABLE ours (id integer)"))
    database.close()

    assert {each.name for each in tmp_path.iterdir()} == {"persons.db", "persons.db-lock"}
