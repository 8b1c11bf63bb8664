"""A rebuild that is killed, at any point, loses nothing and can go on."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest

from projections.verifying.verify import verify
from tests.decisions import edit, merge, visit
from tests.killed import begin, kill, run, some_time
from tests.stores import Store, opened, rows

KILLS = 10  # on each database
NAMES = [f"person {number}" for number in range(30)]
PROCESSORS = len(os.sched_getaffinity(0))
PAUSE = 0.01  # seconds between two looks


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with opened(database_url) as store:
        project = store.new_project()
        store.send(project, *(visit(name, plan="free") for name in NAMES))
        store.send(project, merge(NAMES[0], NAMES[1]), *(edit(name, plan="pro") for name in NAMES))
        yield store


def check_rebuild(store: Store, database_url: str) -> None:
    """Check that a rebuild comes to its end, and that all is right then."""
    run(database_url, "rebuild")
    report = verify(store.database)

    assert (report.findings, report.events) == ([], len(store.log(1)))


def test_a_killed_rebuild_goes_on(store: Store, database_url: str, seed: int) -> None:
    chance = random.Random(seed)
    whole = run(database_url, "rebuild")
    killed = 0
    while killed < KILLS:
        with store.database.reading() as connection:
            before = rows(connection)
        killed += kill(database_url, "rebuild", when=some_time(whole, chance))
        with store.database.reading() as connection:
            assert rows(connection) == before
        store.send(1, visit(f"new {killed}"), edit(chance.choice(NAMES[2:]), killed=killed))

    check_rebuild(store, database_url)


@pytest.mark.skipif(PROCESSORS == 1, reason="one processor has one process")
def test_the_processes_of_a_killed_rebuild_end_with_it(store: Store, database_url: str) -> None:
    process = begin(database_url, "rebuild", is_together=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while len(found := children.read_text().split()) < PROCESSORS:
        sleep(PAUSE)
    process.kill()
    process.join()
    while any(Path(f"/proc/{each}").exists() for each in found):
        sleep(PAUSE)

    check_rebuild(store, database_url)
