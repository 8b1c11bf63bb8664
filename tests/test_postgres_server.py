import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.postgres import Postgres
from tests.postgres_programs import OLDEST


def test_the_server_is_a_real_and_durable_postgresql(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url) as connection:
        fsync = connection.execute("SHOW fsync").fetchone()
        commit = connection.execute("SHOW synchronous_commit").fetchone()
        version = connection.info.server_version

    assert (fsync, commit) == (("on",), ("on",))
    assert version >= OLDEST * 10_000


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_a_database_of_its_own(database_url: str, turn: str) -> None:
    path = database_url.removeprefix("sqlite:///")
    with closing(
        psycopg.connect(database_url) if path == database_url else sqlite3.connect(path)
    ) as connection:
        connection.execute("CREATE TABLE would_be_here_already (id int)")
        connection.commit()


def test_a_database_is_gone_after_its_test(postgres: Postgres) -> None:
    with postgres.database() as url, psycopg.connect(url) as still_open:
        still_open.execute("SELECT 1")
    with psycopg.connect(postgres.url) as connection:
        names = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}

    assert urlsplit(url).path.removeprefix("/") not in names
