from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete as delete_from
from sqlalchemy import func, inspect, select, text, update

from domain.commands import Command, DeletePerson, Unmerge
from domain.events import Merged
from projections import owners, people, persons
from projections.projection import Projection
from projections.rebuilding import building, folding, rebuild, shares
from projections.rebuilding.rebuild import ensure
from projections.rebuilding.shapes import is_current, views
from projections.views import PROJECTIONS
from storage.engine import Database
from tests.databases import DATABASES, new_database
from tests.decisions import (
    alias,
    captured,
    delete,
    edit,
    identify,
    merge,
    split,
    unset,
    visit,
)
from tests.meanwhile import in_background
from tests.stores import Store, check, opened, rows

BY_NAME = {each.name: each for each in PROJECTIONS}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with opened(database_url) as store:
        yield store


@pytest.fixture(scope="module", params=DATABASES)
def shared(request: pytest.FixtureRequest) -> Iterator[Store]:
    with new_database(request) as url, opened(url) as store:
        live(store)
        yield store


@pytest.fixture
def lived(shared: Store) -> Iterator[Store]:
    """A store with a rich history, to which nothing is added: tests share it."""
    yield shared
    rebuild.rebuild(shared.database)


HISTORY: list[Command] = [
    visit("ada", plan="free", email="Ada@example.com", name="Ada"),
    visit("anon", cart=[1, {"a": None}], plan="pro"),
    identify("ada", "anon", plan="max"),
    captured("visit", "ada", {"$unset": ["cart"], "$browser": "x"}),
    edit("ada", seats=3),
    unset("ada", "plan"),
    alias("bea", "b1"),
    alias("bea", "b2", name="Bea"),
    split("bea", main="b1"),
    visit("bea", again=True),
    merge("ada", "b1"),
    delete("ada"),
    visit("ada", second="life"),
    visit("cid"),
    merge("ada", "cid"),
    captured("visit", "nobody", {"$process_person_profile": False}),
    visit("", blank=1),
    visit("Ünïcode", **{"": "", "é": "ß"}),
]


def live(store: Store) -> None:
    """Let persons come and go in two projects, in all ways there are."""
    for project in (store.new_project(), store.new_project()):
        for command in HISTORY:
            store.send(project, command)
        for merged in [each for each in store.log(project) if isinstance(each.event, Merged)][::-1]:
            store.send(project, Unmerge(person_id=merged.person_id, merge=merged.position))
        for name in ("cid", "ada"):
            store.send(project, visit(name, after=name))
        store.send(project, DeletePerson(person_id=store.owner(project, "ada").id))
        store.send(project, visit("ada"), merge("cid", "ada"), split_of(store, project))


def split_of(store: Store, project: int) -> Command:
    person_id = store.owner(project, "cid").id
    return msgspec.structs.replace(split("cid", "cid"), person_id=person_id)


def all_rows(store: Store) -> dict[str, list[Any]]:
    with store.database.reading() as connection:
        return rows(connection)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_rebuild_changes_nothing(
    lived: Store, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = all_rows(lived)
    monkeypatch.setattr(shares, "SIZE", size)

    count = rebuild.rebuild(lived.database)

    assert all_rows(lived) == before
    assert all(before.values())
    assert count == len(lived.log(1)) + len(lived.log(2))
    check(lived, 1)
    check(lived, 2)


def test_a_rebuild_brings_back_what_was_lost(lived: Store) -> None:
    before = all_rows(lived)
    with lived.database.writing() as connection:
        connection.execute(delete_from(owners.distinct_ids))
        connection.execute(update(persons.persons).values(properties="{}", version=1))

    rebuild.rebuild(lived.database)

    assert all_rows(lived) == before


@pytest.mark.parametrize("name", BY_NAME)
def test_one_projection_is_rebuilt_alone(lived: Store, name: str) -> None:
    before = all_rows(lived)
    with lived.database.writing() as connection:
        for each in PROJECTIONS:
            for table in each.tables:
                connection.execute(delete_from(table))

    rebuild.rebuild(lived.database, [BY_NAME[name]])

    mine = {table.name for table in BY_NAME[name].tables}
    assert all_rows(lived) == {table: before[table] if table in mine else [] for table in before}


def test_an_empty_store_is_rebuilt(store: Store) -> None:
    assert rebuild.rebuild(store.database) == 0


def test_a_rebuild_leaves_no_tables_behind(lived: Store) -> None:
    before = indexes(lived)

    rebuild.rebuild(lived.database)

    assert indexes(lived) == before
    with lived.database.reading() as connection:
        assert "rebuild" not in inspect(connection).get_schema_names()


def indexes(store: Store) -> dict[str, list[str]]:
    with store.database.reading() as connection:
        found = {each: inspect(connection).get_indexes(each) for each in table_names(store)}
    # A condition of an index is the same if it reads the same.
    options = {each: [_readable(index) for index in of_table] for each, of_table in found.items()}
    return {each: sorted(readable) for each, readable in options.items()}


def _readable(index: Any) -> str:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": options})


def table_names(store: Store) -> list[str]:
    with store.database.reading() as connection:
        return inspect(connection).get_table_names()


def test_a_rebuild_tells_how_far_it_is(lived: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "SIZE", 10)
    told: list[tuple[int, int]] = []

    count = rebuild.rebuild(lived.database, progress=lambda *numbers: told.append(numbers))

    done = [each for each, _ in told]
    assert done == sorted(done)
    assert 0 < done[0] < count
    assert told[-1] == (count, count)


def test_writers_write_on_while_it_rebuilds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    live(store)
    monkeypatch.setattr(shares, "SIZE", 50)
    monkeypatch.setattr(folding, "CHUNK", 50)

    def write(number: int) -> None:
        store.send(1, visit(f"new {number % 20}", n=number), merge("ada", f"new {number % 7}"))

    with in_background(write) as errors:
        for _ in range(5):
            rebuild.rebuild(store.database)

    assert errors == []
    after = all_rows(store)
    assert len(store.log(1)) > 100
    check(store, 1)
    rebuild.rebuild(store.database)
    assert all_rows(store) == after


def test_readers_see_all_persons_while_it_rebuilds(store: Store) -> None:
    project = store.new_project()
    names = [f"person {number}" for number in range(30)]
    store.send(project, *map(visit, names))
    seen = set()

    def read(number: int) -> None:
        with store.database.reading() as connection:
            counted = select(func.count()).select_from(persons.persons)
            seen.add(connection.execute(counted).scalar_one())
            seen.add(len(people.by_distinct_ids(connection, project, names)))

    with in_background(read) as errors:
        for _ in range(5):
            rebuild.rebuild(store.database)

    assert errors == []
    assert seen == {30}


def test_a_reader_keeps_the_state_that_it_saw_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = store.new_project()
    store.send(project, visit("ada"))
    monkeypatch.setattr(building, "PAUSE", 0.01)
    with ThreadPoolExecutor() as pool:
        with store.database.reading() as connection:
            first = connection.execute(text("SELECT count(*) FROM projects")).scalar_one()
            rebuilding: Future[int] = pool.submit(rebuild.rebuild, store.database)
            # On PostgreSQL it waits until nobody reads any more.
            wait([rebuilding], timeout=1)
            store.send(project, visit("eve"))
            found = connection.execute(select(persons.persons.c.number)).scalars().all()

        assert (first, found) == (1, [1])
        rebuilding.result()
    check(store, project)


def older(store: Store, *projections: Projection) -> None:
    with store.database.writing() as connection:
        for each in projections:
            connection.execute(update(views).where(views.c.name == each.name).values(version=0))
            for table in each.tables:
                connection.execute(text(f"DROP TABLE {table.name}"))
                connection.execute(text(f"CREATE TABLE {table.name} (old integer)"))


def test_a_projection_of_an_older_shape_is_built_anew(lived: Store) -> None:
    before = all_rows(lived)
    older(lived, BY_NAME["births"], BY_NAME["past"])
    with lived.database.reading() as connection:
        assert not is_current(connection)

    ensure(lived.database)

    assert all_rows(lived) == before
    with lived.database.reading() as connection:
        assert is_current(connection)


def test_what_is_current_is_left_alone(lived: Store) -> None:
    with lived.database.writing() as connection:
        connection.execute(delete_from(persons.persons))

    ensure(lived.database)

    with lived.database.reading() as connection:
        assert connection.execute(select(persons.persons)).all() == []


def test_several_may_start_and_rebuild_at_once(lived: Store) -> None:
    before = all_rows(lived)
    older(lived, *PROJECTIONS)
    url = lived.database.url.render_as_string(hide_password=False)
    databases = [Database(url) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure, databases))
        list(pool.map(rebuild.rebuild, databases))

    assert all_rows(lived) == before
    for each in databases:
        each.close()
