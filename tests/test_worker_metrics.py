"""What /metrics tells of a service with several workers."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import httpx
import pytest

from tests.server import PATIENCE, Server
from tests.test_metrics import captured, samples


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_is_right_for_all_workers_whichever_answers(
    database_url: str, serve: Callable[..., Server]
) -> None:
    server = serve(database_url, "--workers", "3")

    def send(number: int) -> int:
        # A connection of its own each: so all workers get some.
        return httpx.post(f"{server.url}/batch/", json=captured(f"p{number}")).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(60))) == {200}
    pages = [samples(httpx.get(f"{server.url}/metrics").text) for _ in range(12)]
    key = "persons_captured_events_total", (("result", "stored"),)

    assert {page[key] for page in pages} == {60}
    assert {page["persons_writes_waiting", ()] for page in pages} == {0}
    assert {page["persons_batch_requests_sum", ()] for page in pages} == {60}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_a_worker_had_counted_outlives_it(
    database_url: str, serve: Callable[..., Server]
) -> None:
    server = serve(database_url, "--workers", "2")
    for number in range(10):
        httpx.post(f"{server.url}/batch/", json=captured(f"p{number}"))
    killed = server.workers()
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    while len(server.workers() - killed) < len(killed):
        sleep(0.1)
    # Whoever asks before they listen waits in the queue of the socket, which is the parent's.
    page = samples(httpx.get(f"{server.url}/metrics", timeout=PATIENCE).text)

    assert page["persons_captured_events_total", (("result", "stored"),)] == 10
    assert page["persons_writes_waiting", ()] == 0
    assert server.stop() == 0
