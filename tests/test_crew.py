"""Processes that work together: what their work comes to, and what if one of them is ended."""

import os
import signal

import pytest
from sqlalchemy import Connection

from projections.rebuilding import crew
from storage.errors import ProcessLostError
from tests.stores import opened

several = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) == 1, reason="one processor has one process"
)


def whoever(connection: Connection, number: int) -> tuple[int, int]:
    return number, os.getpid()


def die(connection: Connection, number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@several
def test_results_come_in_the_order_of_their_tasks(database_url: str) -> None:
    with opened(database_url) as store, crew.crew(store.database, crew.LONG) as (_, workers):
        results = list(workers.do(whoever, range(20), ahead=3))

    assert [number for number, _ in results] == list(range(20))
    assert os.getpid() not in {process for _, process in results}


@several
def test_a_process_that_is_ended_from_outside_is_told_in_one_line(database_url: str) -> None:
    with (
        opened(database_url) as store,
        pytest.raises(ProcessLostError, match="nothing is lost: start again"),
        crew.crew(store.database, crew.LONG) as (_, workers),
    ):
        list(workers.do(die, range(20)))
