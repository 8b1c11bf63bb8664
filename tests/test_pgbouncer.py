"""The service by way of a PgBouncer that gives each transaction another connection."""

from collections.abc import Callable
from time import sleep
from typing import Any

import httpx

from tests.answered import check, command, opened
from tests.doors import PERSONS
from tests.load import Load
from tests.pgbouncer import bounced
from tests.postgres import Postgres
from tests.server import Server


def test_all_works_through_pgbouncer_in_transaction_mode(
    postgres: Postgres, serve: Callable[..., Server], monkeypatch: Any
) -> None:
    monkeypatch.setenv("PG_PREPARE_THRESHOLD", "none")
    with postgres.database() as url, bounced(url) as bounced_url:
        server = serve(bounced_url, "--workers", "2")
        load = Load(server)
        with load.on():
            sleep(1)
            read_everything(server)
            command("rebuild", database_url=bounced_url)
            sleep(0.5)

        assert len(load.answered) > 20
        with opened(url) as database:
            check(database, server, load)
        for name in ("verify", "purge"):
            command(name, database_url=bounced_url)
        assert server.stop() == 0


def read_everything(server: Server) -> None:
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
        (listed,) = http.get(PERSONS, params={"limit": 1}).json()["results"]
        person = f"{PERSONS}/{listed['uuid']}"
        paths = ["", "/history", "/blame", "/properties_timeline", "/events", "/audit/proof"]
        paths = [f"{person}{path}" for path in paths]
        for path in [*paths, f"{PERSONS}/changes", f"{PERSONS}?as_of=1", "/_readyz"]:
            assert http.get(path).status_code == 200, path
