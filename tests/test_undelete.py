from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.commands import UndeletePerson
from projections import people
from tests.erasures import MONTH, Erasures, erasures
from tests.lives import NOW, march

SUNDAY = datetime(2024, 4, 7, 5, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def project(database_url: str) -> Iterator[Erasures]:
    with erasures(database_url) as project:
        yield project


def test_an_undeleted_person_is_whole_again(project: Erasures) -> None:
    project.capture("opened", march(1), plan="pro", email="ada@example.com")
    project.capture("$create_alias", march(2), properties={"alias": "ada2"})
    project.edit(march(3), color="red")
    before = people_of(project, "ada", "ada2")
    person_id = project.delete(deletes_events=True)

    project.do(UndeletePerson(person_id=person_id))

    assert people_of(project, "ada", "ada2") == before
    assert project.queue() == []
    assert project.purge(later=2 * MONTH).persons == 0
    assert len(project.events_of("ada")) == 3
    project.check()


def test_ids_that_others_took_stay_with_them(project: Erasures) -> None:
    project.capture("opened", march(1), plan="pro")
    project.capture("$create_alias", march(2), properties={"alias": "ada2"})
    person_id = project.delete()
    project.capture("opened", march(4), distinct_id="ada", plan="new")

    project.do(UndeletePerson(person_id=person_id))

    assert project.person("ada2").person_id == person_id
    assert project.person("ada2").number == 1
    assert project.person("ada").number == 2
    project.check()


def test_an_order_to_delete_events_outlives_an_undelete(project: Erasures) -> None:
    project.capture("opened", march(1))
    project.delete(deletes_events=True, keeps_person=True)
    person_id = project.delete(at=NOW + DAY)
    project.do(UndeletePerson(person_id=person_id), at=NOW + 2 * DAY)

    assert project.purge(later=3 * DAY).captured_events == 1


def test_a_person_deleted_again_waits_again(project: Erasures) -> None:
    project.capture("opened", march(1))
    person_id = project.delete()
    project.do(UndeletePerson(person_id=person_id), at=NOW + DAY)
    project.delete(at=NOW + 2 * DAY)

    assert project.purge(later=MONTH + DAY).persons == 0
    assert project.purge(later=MONTH + 2 * DAY).persons == 1


def people_of(project: Erasures, *distinct_ids: str) -> list[people.PersonRow]:
    with project.database.reading() as connection:
        found = people.by_distinct_ids(connection, project.project_id, distinct_ids)
    return [found[each]._replace(version=0) for each in distinct_ids]
