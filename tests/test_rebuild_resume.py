"""A rebuild that was broken off goes on where it was; and one by several processes is the same."""

from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import inspect

from domain.commands import DeletePerson, ErasePerson
from projections.projection import Projection
from projections.rebuilding import crew, rebuild, shares
from projections.verifying.verify import verify
from projections.views import PROJECTIONS
from tests.decisions import edit, merge, visit
from tests.meanwhile import in_background
from tests.stores import Store, opened, rows

NAMES = [f"person {number}" for number in range(30)]
EVENTS = 30 * 3
PAUSE = 0.02  # seconds between two things that others do


@pytest.fixture
def store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with persons, of whom a share has about five."""
    monkeypatch.setattr(shares, "SIZE", 15)
    with opened(database_url) as store:
        project = store.new_project()
        store.send(
            project, *(visit(name, plan="free", email=f"{name}@example.com") for name in NAMES)
        )
        store.send(project, *(edit(name, plan="pro") for name in NAMES))
        yield store


def all_rows(store: Store) -> dict[str, list[object]]:
    with store.database.reading() as connection:
        return rows(connection)


def break_off(store: Store, *projections: Projection, after: int) -> None:
    """Begin a rebuild that ends when it has told of its progress so often."""
    left = iter(range(after))

    def tell(done: int, total: int) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild.rebuild(store.database, projections or PROJECTIONS, progress=tell)


def told(store: Store) -> list[int]:
    """Rebuild, and return how far it was each time that it said so."""
    said: list[int] = []
    rebuild.rebuild(store.database, progress=lambda done, total: said.append(done))
    return said


def is_left_behind(store: Store) -> bool:
    if store.database.is_sqlite:
        return any(Path(f"{store.database.beside}{rest}").exists() for rest in ("", "-wal", "-shm"))
    with store.database.reading() as connection:
        return "rebuild" in inspect(connection).get_schema_names()


@pytest.mark.parametrize("after", [0, 2, 5, 7])
def test_it_goes_on_where_it_was(store: Store, after: int) -> None:
    before = all_rows(store)
    steps = len(told(store))
    break_off(store, after=after)

    assert all_rows(store) == before
    assert len(told(store)) == max(steps - after - 1, 2)
    assert all_rows(store) == before
    assert not is_left_behind(store)


def test_it_catches_up_with_what_happened_meanwhile(store: Store) -> None:
    break_off(store, after=3)
    store.send(1, merge(NAMES[0], NAMES[1]), edit(NAMES[2], plan="max"), visit("new"))
    store.send(1, DeletePerson(person_id=store.owner(1, NAMES[3]).id))
    erased = store.owner(1, NAMES[4]).id
    store.send(1, DeletePerson(person_id=erased), ErasePerson(person_id=erased))
    project = store.new_project()
    store.send(project, visit("ada"))
    before = all_rows(store)

    rebuild.rebuild(store.database)

    assert all_rows(store) == before
    assert verify(store.database).findings == []


def test_side_tables_of_other_views_are_thrown_away(store: Store) -> None:
    before = all_rows(store)
    break_off(store, PROJECTIONS[0], after=3)

    assert told(store)[0] < EVENTS / 2
    assert all_rows(store) == before


def test_side_tables_of_another_shape_are_thrown_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = all_rows(store)
    first, *rest = PROJECTIONS
    older = first._replace(version=0)
    break_off(store, older, *rest, after=3)

    assert told(store)[0] < EVENTS / 2
    assert all_rows(store) == before


def test_what_is_left_behind_can_be_thrown_away(store: Store) -> None:
    break_off(store, after=3)
    assert is_left_behind(store)

    rebuild.discard_unfinished(store.database)

    assert not is_left_behind(store)


def test_what_is_at_work_is_not_thrown_away(store: Store) -> None:
    before = all_rows(store)

    rebuild.rebuild(
        store.database, progress=lambda done, total: rebuild.discard_unfinished(store.database)
    )

    assert all_rows(store) == before


def test_several_processes_build_and_verify_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LONG", 0)
    before = all_rows(store)

    rebuild.rebuild(store.database)

    assert all_rows(store) == before
    report = verify(store.database)
    assert (report.findings, report.persons) == ([], len(NAMES))


def test_several_processes_verify_one_state_while_others_write(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LONG", 0)

    def write(number: int) -> None:
        store.send(1, visit(f"new {number}"), merge(NAMES[number % 30], f"new {number}"))
        sleep(PAUSE)

    with in_background(write) as errors:
        report = verify(store.database)
        rebuild.rebuild(store.database)

    assert errors == []
    assert report.findings == []
    assert verify(store.database).findings == []


def test_several_processes_name_what_is_wrong(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LONG", 0)
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE persons SET properties = '{}' WHERE number = 7")
        connection.exec_driver_sql("UPDATE events SET state = '[' WHERE position = 9")

    details = [each.detail for each in verify(store.database).findings]

    assert len(details) == 3
    assert any(each.endswith("differs in properties") for each in details)
    assert "PersonCreated is not what was recorded" in details
    assert any(each.startswith("the event cannot be replayed") for each in details)
