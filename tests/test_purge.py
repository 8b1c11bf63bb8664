from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from api.purge.schedule import is_overdue
from domain.commands import SplitPerson
from projections import deletions
from storage.captured_deletion import CHUNK
from tests.erasures import MONTH, Erasures, erasures
from tests.lives import NOW, march

SUNDAY = datetime(2024, 4, 7, 5, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def project(database_url: str) -> Iterator[Erasures]:
    with erasures(database_url) as project:
        yield project


def names(project: Erasures, distinct_id: str = "ada") -> list[str]:
    """Return the names of a person's captured events, newest first."""
    return [name for _, name, _ in project.events_of(distinct_id)]


def test_queued_events_go_and_later_ones_stay(project: Erasures) -> None:
    project.capture("early", march(1))
    project.capture("of another", march(1), distinct_id="eve")
    project.delete(deletes_events=True, keeps_person=True)
    project.capture_later("late", DAY)

    purged = project.purge(later=2 * DAY)

    assert names(project) == ["late"]
    assert names(project, "eve") == ["of another"]
    assert (purged.captured_events, purged.entries, purged.waiting) == (1, 1, 0)
    assert [entry.delete_verified_at for entry in project.queue()] == [NOW + 2 * DAY]
    assert "of another" not in project.person().properties
    project.check()


def test_a_person_can_be_queued_again_after_a_purge(project: Erasures) -> None:
    project.capture("early", march(1))
    project.delete(deletes_events=True, keeps_person=True)
    project.purge()
    project.capture_later("late", DAY)

    project.delete(deletes_events=True, keeps_person=True, at=NOW + DAY)
    purged = project.purge(later=2 * DAY)

    assert (names(project), purged.captured_events) == ([], 1)
    assert len(project.queue()) == 2
    assert all(entry.delete_verified_at for entry in project.queue())


def test_nothing_to_do_is_no_trouble(project: Erasures) -> None:
    purged = project.purge()

    assert (purged.entries, purged.persons, purged.captured_events) == (0, 0, 0)


def test_events_of_those_merged_in_go_too(project: Erasures) -> None:
    project.capture("opened", march(1))
    project.capture("opened", march(1), distinct_id="eve")
    project.merge("ada", "eve", march(2))
    assert len(names(project)) == 3

    project.delete(deletes_events=True, keeps_person=True)

    assert project.purge().captured_events == 3


def test_many_events_go_in_many_transactions(project: Erasures) -> None:
    count = 2 * CHUNK + 1
    # All at one time: the next transaction has to go on in the middle of it.
    project.capture_all([(march(1), {})] * count)
    project.delete(deletes_events=True, keeps_person=True)
    seen = []

    purged = project.purge(progress=lambda doing, done, total: seen.append((doing, done)))

    steps = [done for doing, done in seen if doing == "captured events"]
    assert steps == [CHUNK, 2 * CHUNK, count]
    assert purged.captured_events == count


def test_a_deletion_that_asked_for_events_takes_all_of_them(project: Erasures) -> None:
    project.capture("early", march(1))
    project.delete(deletes_events=True, keeps_person=True)
    project.capture_later("late", DAY)
    person_id = project.delete(deletes_events=True, at=NOW + 2 * DAY)

    purged = project.purge(later=3 * DAY)

    assert purged.captured_events == 2
    assert project.receipt(person_id) is None


def test_a_purge_that_is_ended_is_gone_on_with(project: Erasures) -> None:
    project.capture_all([(march(1), {})] * (CHUNK + 1))
    person_id = project.delete(deletes_events=True, erases_now=True)

    class EndedError(Exception):
        pass

    def ended_at(doing: str) -> None:
        def end(found: str, done: int, total: int) -> None:
            if found == doing:
                raise EndedError

        with pytest.raises(EndedError):
            project.purge(progress=end)

    ended_at("captured events")
    assert project.queue()[0].delete_verified_at is None
    ended_at("tables cleaned")
    receipt = project.receipt(person_id)
    assert receipt
    assert (receipt.completed_at, receipt.sweep) == (None, None)
    with project.database.reading() as connection:
        assert is_overdue(connection, NOW - MONTH, MONTH)

    project.purge()

    assert project.queue()[0].delete_verified_at == NOW
    receipt = project.receipt(person_id)
    assert receipt
    assert receipt.completed_at == NOW
    assert receipt.checkpoint
    project.check()


def test_a_deleted_person_is_erased_when_its_retention_is_over(project: Erasures) -> None:
    project.capture("opened", march(1))
    person_id = project.delete()

    assert project.purge(later=MONTH - timedelta(seconds=1)).persons == 0
    assert project.purge(later=MONTH).persons == 1
    assert project.purge(later=MONTH).persons == 0
    assert project.receipt(person_id)


def test_a_person_split_off_keeps_what_is_filed_under_it(project: Erasures) -> None:
    project.capture("opened", march(1))
    project.capture("$create_alias", march(2), properties={"alias": "free"})
    project.do(SplitPerson(person_id=project.person().person_id, distinct_ids=["free"]))
    project.capture("later", march(3), distinct_id="free")

    project.delete(deletes_events=True, keeps_person=True)
    project.purge()

    assert names(project, "free") == ["later"]
    assert names(project) == []


def test_who_waits_is_listed_oldest_first(project: Erasures) -> None:
    for distinct_id, day in (("a", 3), ("b", 1), ("c", 2)):
        project.capture("opened", march(1), distinct_id=distinct_id)
        project.delete(distinct_id, at=march(20 + day))
    with project.database.reading() as connection:
        count, rows = deletions.page(connection, project.project_id, limit=2, offset=1)

    assert count == 3
    assert [row.deleted_at for row in rows] == [march(22), march(23)]
