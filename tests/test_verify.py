import sys
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest

from api.service.verifying import Verifying
from projections.verifying.verifications import last
from projections.verifying.verify import verify
from tests.audited import audited, found, live, new_life, spoil, wait_for_verification
from tests.lives import Lives, march
from tests.service import Client


@pytest.fixture
def life(client: Client) -> Any:
    """A project beside project 1 of a service that runs."""
    with new_life(client.store.database) as project:
        yield project


def test_the_service_writes_on_meanwhile(life: Lives) -> None:
    is_done = Event()
    written: list[object] = []

    def write() -> None:
        while not is_done.is_set():
            written.append(life.capture("opened", march(11), value=len(written)))

    writing = Thread(target=write)
    writing.start()
    reports = [verify(life.database, project_id=life.project_id) for _ in range(5)]
    is_done.set()
    writing.join()

    assert [report.findings for report in reports] == [[]] * 5
    assert len(written) > 0


def test_progress_is_told(life: Lives) -> None:
    told: list[tuple[int, int]] = []
    verify(life.database, progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (24, 24)


def test_a_project_without_events_is_right(database_url: str) -> None:
    with audited(database_url) as database:
        project = Lives(database)
        assert found(project) == []
        project.writer.close()


def test_one_tampered_log_does_not_hide_another(database_url: str) -> None:
    with audited(database_url) as database, new_life(database) as one, new_life(database) as two:
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE events SET state = '[' WHERE project_id = 1")
        spoil(two)
        findings = verify(database).findings

    named = {each.project_id for each in findings}
    assert named == {one.project_id, two.project_id}
    assert any("cannot be replayed" in each.detail for each in findings)
    assert any(each.detail.endswith("differs in email") for each in findings)


def test_the_service_verifies_on_its_schedule(database_url: str) -> None:
    with audited(database_url) as database:
        project = Lives(database)
        live(project)
        verifying = Verifying(database, lambda: march(1), hours=24, look=0.05)
        wait_for_verification(database)
        verifying.close()
        with database.reading() as connection:
            summary = last(connection)
        project.writer.close()

    assert summary is not None
    assert (summary.is_right, summary.events) == (True, 24)


def test_a_service_that_ends_does_not_wait_for_its_verification(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "api.service.verifying.COMMAND", [sys.executable, "-c", "import time; time.sleep(99)"]
    )
    with audited(database_url) as database:
        verifying = Verifying(database, lambda: march(1), hours=24, look=0.01)
        sleep(0.5)
        started = monotonic()
        verifying.close()

    assert monotonic() - started < 10
