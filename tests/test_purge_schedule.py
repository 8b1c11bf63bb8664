from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import pytest

from api.purge.purging import purging_alone
from api.purge.schedule import PurgeSchedule, is_overdue, last_time, next_time
from storage.engine import Database
from tests.erasures import MONTH, Erasures, erasures
from tests.lives import march

SUNDAY = datetime(2024, 4, 7, 5, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def project(database_url: str) -> Iterator[Erasures]:
    with erasures(database_url) as project:
        yield project


@pytest.mark.parametrize(
    ("at", "last", "next"),
    [
        (SUNDAY, SUNDAY, SUNDAY),
        (SUNDAY + timedelta(seconds=1), SUNDAY, SUNDAY + 7 * DAY),
        (SUNDAY - timedelta(seconds=1), SUNDAY - 7 * DAY, SUNDAY),
        (SUNDAY + 6 * DAY, SUNDAY, SUNDAY + 7 * DAY),
    ],
)
def test_a_purge_begins_on_sundays_at_five(at: datetime, last: datetime, next: datetime) -> None:
    assert (last_time(at), next_time(at)) == (last, next)


def test_what_missed_its_time_is_overdue(project: Erasures) -> None:
    def overdue(at: datetime) -> bool:
        with project.database.reading() as connection:
            return is_overdue(connection, last_time(at), MONTH)

    project.capture("opened", march(1))
    project.capture("opened", march(1), distinct_id="eve")
    project.capture("opened", march(1), distinct_id="bob")
    assert not overdue(SUNDAY)

    project.delete(deletes_events=True, keeps_person=True, at=SUNDAY - DAY)
    assert not overdue(SUNDAY - timedelta(seconds=1))
    assert overdue(SUNDAY + timedelta(seconds=1))
    project.purge()

    project.delete("eve", at=SUNDAY)
    assert not overdue(SUNDAY + MONTH)
    assert overdue(SUNDAY + 5 * 7 * DAY)
    project.purge(later=2 * MONTH)
    project.delete("bob", erases_now=True, at=SUNDAY + DAY)
    assert not overdue(SUNDAY + 2 * DAY)
    assert overdue(SUNDAY + 7 * DAY)


def test_the_service_purges_by_itself_once_it_is_time(project: Erasures) -> None:
    project.capture("opened", march(1))
    project.delete(deletes_events=True, erases_now=True, at=SUNDAY - DAY)
    project.now = SUNDAY - timedelta(seconds=1)
    schedule = PurgeSchedule(project.tools, MONTH, is_on=True, look=0.02)
    try:
        assert not wait_until_purged(project, seconds=0.3)
        with purging_alone(project.database) as is_alone:
            assert is_alone
            project.now = SUNDAY
            assert not wait_until_purged(project, seconds=0.3)
        assert wait_until_purged(project, seconds=30)
    finally:
        schedule.close()
    project.check()


def wait_until_purged(project: Erasures, *, seconds: float) -> bool:
    end = monotonic() + seconds
    while monotonic() < end:
        if project.queue()[0].delete_verified_at:
            return True
        sleep(0.02)
    return False


def test_only_one_purges_at_a_time(project: Erasures, database_url: str) -> None:
    other = Database(database_url)
    with purging_alone(project.database) as is_first, purging_alone(other) as is_second:
        assert (is_first, is_second) == (True, False)
    with purging_alone(other) as is_second:
        assert is_second
    other.close()
