"""Purges as processes: killed at any point, and beside a service that goes on."""

import os
import random
import subprocess
import sys
from collections.abc import Callable

import httpx
import msgspec
from sqlalchemy import func, select

from projections.verifying.verify import verify
from storage import event_deletions
from storage.engine import Database
from storage.erasure_receipts import incomplete
from storage.schema import captured_events, erasure_receipts
from tests.canaries import CANARY, canaries, dump
from tests.erasures import Erasures, erasures
from tests.killed import CHUNK, kill
from tests.lives import march
from tests.project import Project
from tests.scenario import visit
from tests.server import Server

PERSONS = 20
EVENTS = 20 * CHUNK
SUDDEN = 0.02  # how probable it is that a moment is one of those to kill at
PATIENCE = 120  # seconds


def purge(database_url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", "purge", "--json"],
        env=os.environ | {"DATABASE_URL": database_url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def populate(project: Erasures) -> None:
    """Let many persons be deleted, one of them with many captured events, and one live on."""
    project.capture_all([(march(1), {})] * EVENTS)
    project.delete(deletes_events=True, keeps_person=True)
    for number in range(PERSONS):
        distinct_id = f"{CANARY}-{number}@example.com"
        project.capture("opened", march(1), distinct_id=distinct_id, name=f"the {CANARY} {number}")
        project.delete(distinct_id, erases_now=True, deletes_events=True)


def count(project: Erasures, what: str) -> int:
    table = {"events left": captured_events, "receipts": erasure_receipts}[what]
    with project.database.reading() as connection:
        found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return found


def points(project: Erasures, chance: random.Random) -> list[Callable[[], bool]]:
    """Return moments at which to kill: in the queue, among the persons, and whenever."""
    left = sorted(chance.sample(range(0, EVENTS, CHUNK), 4), reverse=True)
    receipts = sorted(chance.sample(range(1, PERSONS), 4))
    return [
        *(lambda n=n: count(project, "events left") <= n for n in left),
        *(lambda n=n: count(project, "receipts") >= n for n in receipts),
        *(lambda: chance.random() < SUDDEN for _ in range(2)),
    ]


def test_a_killed_purge_is_gone_on_with(database_url: str, seed: int) -> None:
    with erasures(database_url) as project:
        populate(project)
        killed = 0
        for is_time in points(project, random.Random(seed)):
            killed += kill(database_url, "purge", when=is_time)
            project.check()
        assert killed >= 8

        last = purge(database_url)
        output, errors = last.communicate(timeout=PATIENCE)

        assert (last.returncode, errors) == (0, b"")
        assert msgspec.json.decode(output)["waiting"] == 0
        with project.database.reading() as connection:
            assert not event_deletions.waiting(connection)
            assert not incomplete(connection)
        assert count(project, "receipts") == PERSONS
        assert count(project, "events left") == 0
        assert canaries(dump(project.database)) == 0
        assert project.person().number == 1
        project.check()


def test_a_purge_runs_beside_the_service(database_url: str, serve: Callable[..., Server]) -> None:
    server = serve(database_url)
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        project = Project(http)
        for number in range(PERSONS):
            project.capture(visit(f"{CANARY}-{number}"))
        key = {"Authorization": f"Bearer {Server.key}"}
        ids = [f"{CANARY}-{number}" for number in range(PERSONS)]
        asked = {"distinct_ids": ids, "erase": "now", "delete_events": True}
        http.post("/api/projects/1/persons/bulk_delete", json=asked, headers=key)
        process = purge(database_url)
        captured = 0
        while process.poll() is None:
            project.capture(visit(f"keeper-{captured}"))
            captured += 1
        output, _ = process.communicate()
        persons = project.persons()
    database = Database(database_url)

    assert msgspec.json.decode(output)["persons"] == PERSONS
    assert len(persons) == captured > 0
    assert canaries(dump(database)) == 0
    assert verify(database).findings == []
    assert server.stop() == 0
    database.close()
