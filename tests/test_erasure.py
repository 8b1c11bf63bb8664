from collections.abc import Iterator

import msgspec
import pytest

from domain.events import Actor
from projections.rebuilding.replaying import Stretch, lines
from projections.states import states as all_states
from storage.log import END
from storage.repository import person_at
from tests.canaries import (
    CANARY,
    ID,
    OTHER_ID,
    canaries,
    check_gone,
    dump,
    file_bytes,
    keeper,
    plant,
)
from tests.erasures import Erasures, erasures
from tests.lives import NOW, march


@pytest.fixture
def project(database_url: str) -> Iterator[Erasures]:
    with erasures(database_url) as project:
        yield project


def test_nothing_of_an_erased_person_is_left(project: Erasures) -> None:
    plant(project)
    keeper(project)
    assert canaries(dump(project.database)) > 20

    person_id = project.delete(ID, erases_now=True, deletes_events=True)
    purged = project.purge(is_full=True)

    check_gone(project)
    assert canaries(file_bytes(project.database)) == 0
    assert (purged.persons, purged.found, purged.entries, purged.is_clean) == (1, 0, 1, True)
    assert project.captured() == ["keeper"]
    receipt = project.receipt(person_id)
    assert receipt
    assert receipt.captured_events == purged.captured_events == 5


def test_captured_events_stay_unless_they_were_to_go(project: Erasures) -> None:
    plant(project)

    person_id = project.delete(ID, erases_now=True)
    purged = project.purge()

    receipt = project.receipt(person_id)
    assert receipt
    assert receipt.sweep
    found = {(each.table, each.column): each.found for each in receipt.sweep.columns if each.found}
    assert project.captured() == 5 * [ID]
    assert {table for table, _ in found} == {"captured_events"}
    assert found["captured_events", "distinct_id"] == 5
    assert purged.found == receipt.sweep.found
    project.check()


def test_warnings_and_merges_of_others_that_name_an_erased_id_are_found(project: Erasures) -> None:
    plant(project)
    project.capture("$identify", march(5), distinct_id=ID, properties={"$anon_distinct_id": "x"})
    keeper(project)
    asked = {"$anon_distinct_id": ID}
    project.capture("$identify", march(6), distinct_id="keeper", properties=asked)

    person_id = project.delete(ID, erases_now=True, deletes_events=True)
    project.purge()

    receipt = project.receipt(person_id)
    assert receipt
    assert receipt.sweep
    assert receipt.warnings == 2
    where = {(each.table, each.column) for each in receipt.sweep.columns if each.others}
    assert where == {("captured_events", "properties")}
    assert receipt.sweep.found == 0


def test_what_came_before_an_id_had_a_person_goes_too(project: Erasures) -> None:
    quiet = {"$process_person_profile": False, "page": f"/{CANARY}"}
    project.capture("opened", march(1), distinct_id=OTHER_ID, properties=quiet)
    plant(project)
    project.capture("$create_alias", march(5), distinct_id=ID, properties={"alias": OTHER_ID})

    project.delete(ID, erases_now=True, deletes_events=True)
    project.purge()

    check_gone(project)


def test_an_erased_id_can_be_captured_again(project: Erasures) -> None:
    plant(project)
    first = project.delete(ID, erases_now=True)
    project.purge()

    project.capture("opened", march(9), distinct_id=ID, plan="new")

    again = project.person(ID)
    assert again.person_id != first
    assert again.number == 2
    assert "new" in again.properties
    project.check()


def test_an_id_that_is_in_use_again_is_not_looked_for(project: Erasures) -> None:
    plant(project)
    person_id = project.delete(ID, erases_now=True, deletes_events=True)
    project.capture("opened", NOW, distinct_id=ID, plan="new")

    purged = project.purge()

    receipt = project.receipt(person_id)
    assert receipt
    assert receipt.sweep
    assert (purged.found, receipt.sweep.left_out) == (0, 1)
    assert [each[1] for each in project.events_of(ID)] == ["opened"]
    project.check()


def test_a_receipt_says_what_was_done_and_nothing_of_whom(project: Erasures) -> None:
    plant(project)
    person_id = project.delete(ID, erases_now=True, deletes_events=True)
    head = project.last("Deleted")
    project.purge()

    receipt = project.receipt(person_id)

    assert receipt
    assert (receipt.person, receipt.number, receipt.persons) == (person_id, 1, [person_id])
    assert receipt.by == Actor("system", "purge")
    assert receipt.positions == {person_id: list(range(1, head))}
    assert receipt.erased_at == receipt.completed_at == NOW
    assert receipt.log
    assert receipt.log.position == head + 1
    assert f"\n{head + 1}\n" in (receipt.checkpoint or "")
    assert receipt.problem is None
    assert canaries(msgspec.json.encode(receipt)) == 0
    assert receipt.sweep
    assert {"events", "captured_events", "persons", "past_properties", "erasure_receipts"} <= {
        each.table for each in receipt.sweep.columns
    }


def test_what_was_erased_is_replayed_as_erased(project: Erasures) -> None:
    plant(project)
    keeper(project)
    person_id = project.delete(ID, erases_now=True)
    project.purge()

    with project.database.reading() as connection:
        whole = Stretch(project.project_id, 0, END)
        told = [msgspec.json.decode(each) for each in lines(connection, whole).text.splitlines()]
        states = [*all_states(connection, project.project_id, until=len(told))]
    gone = person_at(project.database, project.project_id, person_id)

    assert len([each for each in told if "is_erased" in each]) == project.last("Deleted") - 3
    assert [each.number for each in states] == [2]
    assert gone
    assert not gone.is_living
    assert project.told_of(person_id)[-1]["type"] == "Erased"
