import json
from collections.abc import Iterator

import pytest

from domain.commands import SplitPerson, UndeletePerson
from tests.canaries import CANARY, ID, OTHER_ID, check_gone, keeper, plant, shown
from tests.erasures import Erasures, erasures
from tests.lives import march


@pytest.fixture
def project(database_url: str) -> Iterator[Erasures]:
    with erasures(database_url) as project:
        yield project


def test_who_was_merged_into_an_erased_person_goes_with_it(project: Erasures) -> None:
    plant(project)
    plant(project, OTHER_ID)
    plant(project, "third")
    project.merge(OTHER_ID, "third", march(5))
    project.merge(ID, OTHER_ID, march(6))
    project.capture("opened", march(7), distinct_id="third", more=f"{CANARY}!")

    person_id = project.delete(ID, erases_now=True, deletes_events=True)
    project.purge()

    check_gone(project)
    assert project.captured() == []
    receipt = project.receipt(person_id)
    assert receipt
    assert len(receipt.persons) == len(receipt.positions) == 3


@pytest.mark.parametrize("survivor", [ID, "keeper"])
def test_what_is_left_of_a_merge_that_was_taken_back_is_the_others(
    project: Erasures, survivor: str
) -> None:
    plant(project)
    keeper(project)
    project.capture("opened", march(5), distinct_id="keeper", color="red")
    merge = project.merge(survivor, {ID: "keeper", "keeper": ID}[survivor], march(6))
    project.capture("opened", march(7), distinct_id="keeper", plan="free")
    project.capture("opened", march(7), distinct_id=ID, plan=f"{CANARY} plan")
    project.unmerge(survivor, merge)
    project.capture("opened", march(8), distinct_id="keeper", size="big")
    before = shown(project, "keeper")
    kept = project.events_of("keeper")

    project.delete(ID, erases_now=True, deletes_events=True)
    purged = project.purge()

    check_gone(project)
    assert purged.found == 0
    assert shown(project, "keeper") == before
    assert json.loads(before.properties).items() >= {"color": "red", "size": "big"}.items()
    assert project.events_of("keeper") == [each for each in kept if each[1] == "opened"]
    assert project.told("keeper")[0]["type"] == "PersonCreated"
    assert "is_erased" not in project.told("keeper")[1]


def test_both_sides_of_a_merge_that_was_taken_back_can_be_erased(project: Erasures) -> None:
    plant(project)
    plant(project, OTHER_ID)
    merge = project.merge(ID, OTHER_ID, march(6))
    project.unmerge(ID, merge)
    for distinct_id in (ID, OTHER_ID):
        project.delete(distinct_id, erases_now=True, deletes_events=True)
        project.purge()
        project.check()

    check_gone(project)


def test_whoever_has_the_ids_of_a_partner_keeps_them(project: Erasures) -> None:
    plant(project)
    keeper(project)
    project.capture("opened", march(5), distinct_id="friend")
    project.unmerge(ID, project.merge(ID, "keeper", march(6)))
    project.merge("friend", "keeper", march(7))
    before = shown(project, "keeper")

    project.delete(ID, erases_now=True, deletes_events=True)
    project.purge()

    check_gone(project)
    assert shown(project, "keeper") == shown(project, "friend") == before


def test_a_partner_that_is_deleted_can_still_be_brought_back(project: Erasures) -> None:
    plant(project)
    keeper(project)
    project.unmerge(ID, project.merge(ID, "keeper", march(6)))
    before = shown(project, "keeper")
    keeper_id = project.delete("keeper")
    project.delete(ID, erases_now=True, deletes_events=True)
    project.purge()
    assert project.receipt(keeper_id) is None
    project.check()

    project.do(UndeletePerson(person_id=keeper_id))

    assert shown(project, "keeper") == before
    check_gone(project)


def test_a_person_split_off_lives_on(project: Erasures) -> None:
    plant(project)
    project.capture("$create_alias", march(5), distinct_id=ID, properties={"alias": "free"})
    person_id = project.person(ID).person_id
    project.do(SplitPerson(person_id=person_id, distinct_ids=["free"]))
    project.capture("opened", march(6), distinct_id="free", plan="pro")

    project.delete(ID, erases_now=True, deletes_events=True)
    purged = project.purge()

    check_gone(project)
    receipt = project.receipt(person_id)
    assert receipt
    assert receipt.sweep
    assert (purged.found, receipt.sweep.left_out) == (0, 1)
    assert [each[1] for each in project.events_of("free")] == ["opened"]
