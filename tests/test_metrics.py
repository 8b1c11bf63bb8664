"""What /metrics tells: of all workers, of all that happened, and in few names."""

import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from api.cli import main
from tests.server import PATIENCE, Server
from tests.service import Client

OPERATIONS = Path(__file__).parent.parent / "docs" / "operations.md"
RESULTS = {"duplicate", "projection"}  # labels, and not metrics
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """Return all samples of a page, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def grown(client: Client, act: Callable[[], Any]) -> Callable[..., float]:
    """Do something; return what tells by how much a metric grew meanwhile."""
    before = samples(client.get("/metrics").text)
    act()
    after = samples(client.get("/metrics").text)

    def by(name: str, **labels: str) -> float:
        key = f"persons_{name}", tuple(sorted(labels.items()))
        return after.get(key, 0) - before.get(key, 0)

    return by


def captured(*distinct_ids: Any, uuid: str | None = None) -> dict[str, Any]:
    batch = [{"event": "visit", "distinct_id": each, "uuid": uuid} for each in distinct_ids]
    return {"api_key": Server.token, "batch": batch}


def test_requests_are_counted_by_route_method_and_status(client: Client) -> None:
    def act() -> None:
        client.post("/batch/", json=captured("ada"))
        for path in ("persons/1", "persons/1/", "persons/2"):
            client.get(f"/api/projects/@current/{path}")
        client.delete("/batch")

    by = grown(client, act)

    person = {"method": "GET", "route": "/api/{mount}/{project_id}/persons/{id}"}
    assert by("http_requests_total", **person, status="200") == 2
    assert by("http_requests_total", **person, status="404") == 1
    assert by("http_request_seconds_count", **person) == 3
    assert by("http_requests_total", method="POST", route="/batch", status="200") == 1
    assert by("http_requests_total", method="DELETE", route="/batch", status="405") == 1


def test_whoever_makes_up_paths_and_methods_makes_up_no_names(client: Client) -> None:
    def act() -> None:
        for n in range(5):
            client.request(f"BREW{n}", f"/nothing/{n}")

    by = grown(client, act)

    assert by("http_requests_total", method="other", route="other", status="404") == 5


def test_what_is_captured_is_counted_by_what_became_of_it(client: Client) -> None:
    uuid = "00000000-0000-4000-8000-000000000001"

    def act() -> None:
        client.post("/batch/", json=captured("ada", "bob", 17, None))
        for _ in range(3):
            client.post("/batch/", json=captured("eve", uuid=uuid))

    by = grown(client, act)

    assert by("captured_events_total", result="stored") == 4
    assert by("captured_events_total", result="duplicate") == 2
    assert by("captured_events_total", result="refused") == 1
    assert by("batch_requests_sum") == 4
    assert by("batch_commands_sum") == 6
    assert by("batch_seconds_count") == by("commit_seconds_count") == 4
    assert 0 < by("commit_seconds_sum") < by("batch_seconds_sum")
    assert by("events_appended_total") == by("log_events") == 8  # born, and its first values
    assert by("writes_waiting") == 0


def test_it_tells_how_the_store_is(client: Client, database_url: str) -> None:
    client.post("/batch/", json=captured("ada", "bob"))
    client.delete("/api/projects/@current/persons/1?delete_events=true")
    before = samples(client.get("/metrics").text)
    verified = CliRunner(env={"DATABASE_URL": database_url}).invoke(main, ["verify"])
    client.clock.now = datetime.now(UTC).replace(year=2100)
    after = samples(client.get("/metrics").text)

    assert verified.exit_code == 0
    assert before["persons_store_up", ()] == 1
    assert before["persons_projection_current", (("projection", "persons"),)] == 1
    assert before["persons_log_events", ()] == before["persons_tree_lag_events", ()] == 5
    assert before["persons_erasures_waiting", ()] == 1
    assert before["persons_erasures_due", ()] == 0
    assert before["persons_event_deletions_waiting", ()] == 1
    assert ("persons_verify_right", ()) not in before
    assert after["persons_erasures_due", ()] == 1
    assert after["persons_verify_right", ()] == 1
    assert after["persons_verify_findings", ()] == 0
    assert after["persons_verify_age_seconds", ()] > 10**9


def test_nothing_of_any_person_or_project_is_told(client: Client) -> None:
    client.post("/batch/", json=captured("canary-1"))
    client.get("/api/projects/@current/persons?search=canary-2")
    answer = client.get("/metrics", headers={"Authorization": ""})

    assert answer.status_code == 200
    assert "canary" not in answer.text
    assert Server.token not in answer.text


def test_prometheus_gets_the_format_that_it_asks_for(client: Client) -> None:
    plain = client.get("/metrics", headers={"Accept": "*/*"})
    newer = client.get("/metrics", headers={"Accept": "application/openmetrics-text"})

    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert newer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert newer.text.endswith("# EOF\n")


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
    killed = workers(server)
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    while len(workers(server) - killed) < len(killed):
        sleep(0.1)
    # Whoever asks before they listen waits in the queue of the socket, which is the parent's.
    page = samples(httpx.get(f"{server.url}/metrics", timeout=PATIENCE).text)

    assert page["persons_captured_events_total", (("result", "stored"),)] == 10
    assert page["persons_writes_waiting", ()] == 0
    assert server.stop() == 0


def workers(server: Server) -> set[int]:
    """Return the processes that serve."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(each) for each in children if _serves(each)}


def _serves(pid: str) -> bool:
    # Python has a child that looks after shared memory, too.
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_the_document_names_all_metrics_and_no_other(client: Client, database_url: str) -> None:
    CliRunner(env={"DATABASE_URL": database_url}).invoke(main, ["verify"])
    families = text_string_to_metric_families(client.get("/metrics").text)
    told = {each.name.removeprefix("persons_") for each in families}
    document = OPERATIONS.read_text().partition("## Metrics")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in document.splitlines() if line.startswith("| `")]
    named = {each for row in rows for each in re.findall(r"`([a-z_]{8,})`", row)}

    named = {each.removesuffix("_total") for each in named} - RESULTS
    assert named == {each for each in told if not each.startswith("process_")}
