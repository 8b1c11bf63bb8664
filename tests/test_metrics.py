"""What /metrics tells: of all workers, of all that happened, and in few names."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from api.cli import main
from tests.server import Server
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


def test_the_document_names_all_metrics_and_no_other(client: Client, database_url: str) -> None:
    CliRunner(env={"DATABASE_URL": database_url}).invoke(main, ["verify"])
    families = text_string_to_metric_families(client.get("/metrics").text)
    told = {each.name.removeprefix("persons_") for each in families}
    document = OPERATIONS.read_text().partition("## Metrics")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in document.splitlines() if line.startswith("| `")]
    found = {each for row in rows for each in re.findall(r"`([a-z_]{8,})`", row)}
    named = {each.removesuffix("_total") for each in found} - RESULTS

    assert named == {each for each in told if not each.startswith("process_")}
