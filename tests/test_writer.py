import random
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from time import sleep

import pytest
from sqlalchemy import func, select, text

from domain.commands import Command, Done
from domain.errors import PersonNotFoundError
from storage import log, sqlite, writer
from storage.engine import Database
from storage.errors import ProjectNotFoundError, StoreUnavailableError
from storage.schema import captured_events
from storage.transaction import Written
from tests.decisions import (
    NOW,
    Memory,
    alias,
    captured,
    delete,
    edit,
    identify,
    merge,
    split,
    unset,
    uuid_of,
    visit,
)
from tests.stores import PATIENCE, Store, check, opened, prepare


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with opened(database_url) as store:
        yield store


@pytest.fixture
def project(store: Store) -> int:
    return store.new_project()


@contextmanager
def held(store: Store, project: int) -> Iterator[None]:
    """Keep the writer from appending meanwhile, as another process would that appends."""
    other = Database(store.database.url.render_as_string(hide_password=False))
    with other.writing() as connection:
        log.lock(connection, project)
        yield
    other.close()


def batches(store: Store, project: int) -> int:
    """Return how many transactions wrote a log, if each request had a time of its own."""
    with store.database.reading() as connection:
        rows = log.read(connection, project, after=0, limit=10_000)
    return len({row.recorded_at for row in rows})


def submit_all(store: Store, project: int, commands: list[Command]) -> list[Future[Written]]:
    return [
        store.submit(project, command, at=NOW + timedelta(seconds=second))
        for second, command in enumerate(commands)
    ]


def results(futures: list[Future[Written]]) -> list[object]:
    return [result for future in futures for result in future.result(PATIENCE).results]


def test_an_answer_comes_for_each_command_in_order(store: Store, project: int) -> None:
    eve, ada, unknown, again = store.send(
        project, visit("eve"), visit("ada"), edit("nobody", a=1), edit("ada", a=1)
    )

    assert isinstance(unknown, PersonNotFoundError)
    assert [
        (each.person_id, each.version) for each in (eve, ada, again) if isinstance(each, Done)
    ] == [(uuid_of("eve"), 2), (uuid_of("ada"), 2), (uuid_of("ada"), 3)]


def test_an_answer_says_how_far_the_log_is(store: Store, project: int) -> None:
    first = store.submit(project, visit("ada"), visit("eve")).result(PATIENCE)
    nothing = store.submit(project, visit("ada")).result(PATIENCE)

    assert (first.position, nothing.position) == (4, 4)


def test_a_request_without_commands_is_answered(store: Store, project: int) -> None:
    assert store.submit(project).result(PATIENCE) == Written(results=[], position=0)


def test_requests_that_wait_share_a_transaction(store: Store, project: int) -> None:
    with held(store, project):
        futures = submit_all(store, project, [visit(f"person {n}") for n in range(40)])
    answers = results(futures)

    assert all(isinstance(each, Done) for each in answers)
    assert len(store.persons(project)) == 40
    # The first was taken alone, perhaps; all others waited for it.
    assert batches(store, project) <= 2
    check(store, project)


def test_a_transaction_takes_only_so_many_commands(
    store: Store, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_COMMANDS", 5)

    with held(store, project):
        futures = submit_all(store, project, [visit(f"person {n}") for n in range(21)])
    results(futures)

    assert batches(store, project) >= 5


def test_how_many_requests_wait_is_known(store: Store, project: int) -> None:
    assert store.writer.waiting() == 0

    with held(store, project):
        first = store.submit(project, visit("ada"))
        while store.writer.waiting():
            sleep(0.001)
        others = submit_all(store, project, [visit("ada"), visit("ada")])
        assert store.writer.waiting() == 2
    results([first, *others])


def test_a_refused_command_fails_alone(store: Store, project: int) -> None:
    with held(store, project):
        futures = submit_all(
            store, project, [visit("ada", a=1), edit("nobody", a=1), edit("ada", b=2)]
        )
    first, refused, last = results(futures)

    assert isinstance(refused, PersonNotFoundError)
    assert isinstance(first, Done)
    assert isinstance(last, Done)
    assert store.owner(project, "ada").properties.keys() > {"a", "b"}


@pytest.mark.parametrize(
    "poison", [visit("\ud800"), visit("ada", a="\ud800"), captured("\ud800", "ada")]
)
def test_a_request_that_cannot_be_written_fails_alone(
    store: Store, project: int, poison: Command
) -> None:
    with held(store, project):
        before, bad, behind = submit_all(
            store, project, [visit("ada", b=1), poison, visit("ada", c=1)]
        )

    with pytest.raises(UnicodeError):
        bad.result(PATIENCE)
    assert all(isinstance(each, Done) for each in results([before, behind]))
    assert store.owner(project, "ada").properties.keys() > {"b", "c"}
    check(store, project)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "poison", [captured("".join(map(chr, range(0x4E00, 0x9000))), "ada"), visit("a\0b")]
)
def test_a_request_that_postgresql_cannot_keep_fails_alone(
    store: Store, project: int, poison: Command
) -> None:
    with held(store, project):
        before, bad, behind = submit_all(
            store, project, [visit("ada", b=1), poison, visit("ada", c=1)]
        )

    with pytest.raises(StoreUnavailableError, match="nothing was stored"):
        bad.result(PATIENCE)
    assert all(isinstance(each, Done) for each in results([before, behind]))
    check(store, project)


def test_a_request_is_written_whole_or_not_at_all(store: Store, project: int) -> None:
    bad = store.submit(project, visit("ada"), visit("ada", a="\ud800"), visit("eve"))

    with pytest.raises(UnicodeError):
        bad.result(PATIENCE)
    assert store.log(project) == []


def test_a_request_that_was_cancelled_while_it_waited_is_left_out(
    store: Store, project: int
) -> None:
    with held(store, project):
        futures = submit_all(store, project, [visit("ada"), visit("eve"), visit("ann")])
        while store.writer.waiting() == 3:
            sleep(0.001)
        cancelled = [future.cancel() for future in futures]
    store.send(project, visit("bea"))

    names = {person.distinct_ids[0] for person in store.persons(project)}
    left_out = {name for name, was in zip(("ada", "eve", "ann"), cancelled, strict=True) if was}
    assert names == {"ada", "eve", "ann", "bea"} - left_out
    check(store, project)


def test_projects_have_logs_and_persons_of_their_own(store: Store, project: int) -> None:
    other = store.new_project()

    with held(store, project):
        futures = [
            store.submit(each, visit("ada", n=n)) for n in range(10) for each in (project, other)
        ]
    results(futures)

    for each in (project, other):
        (ada,) = store.persons(each)
        assert ada.properties["n"] == 9
        assert (ada.number, ada.version) == (1, 11)
        check(store, each)
    assert store.owner(project, "ada").id != store.owner(other, "ada").id


def test_a_request_for_no_project_fails_alone(store: Store, project: int) -> None:
    with held(store, project):
        good = store.submit(project, visit("ada"))
        bad = store.submit(99, visit("ada"))

    with pytest.raises(ProjectNotFoundError, match="there is no project 99"):
        bad.result(PATIENCE)
    assert [type(each) for each in results([good])] == [Done]


def test_a_captured_event_is_taken_in_once(store: Store, project: int) -> None:
    event = visit("ada", a=1)

    with held(store, project):
        futures = submit_all(store, project, [event, visit("ada", a=2), event])
    *_, same_batch = results(futures)
    (later,) = store.send(project, event)

    assert isinstance(same_batch, Done)
    assert isinstance(later, Done)
    assert (same_batch.is_duplicate, later.is_duplicate) == (True, True)
    assert store.owner(project, "ada").properties["a"] == 2


def test_the_log_s_times_never_go_back(store: Store, project: int) -> None:
    store.send(project, visit("ada"), at=NOW)
    store.send(project, visit("eve"), at=NOW - timedelta(hours=1))
    store.send(project, visit("ann"), at=NOW + timedelta(microseconds=1))

    with store.database.reading() as connection:
        times = [row.recorded_at for row in log.read(connection, project, after=0, limit=10)]
    assert times == [NOW] * 4 + [NOW + timedelta(microseconds=1)] * 2
    check(store, project)


def test_close_finishes_what_waits(database_url: str) -> None:
    prepare(database_url)
    store = Store(database_url)
    project = store.new_project()
    with ThreadPoolExecutor() as pool, held(store, project):
        futures = submit_all(store, project, [visit(f"person {n}") for n in range(20)])
        closing = pool.submit(store.writer.close)
        sleep(0.05)
        assert not closing.done()

    assert len(results(futures)) == 20
    store.database.close()


@contextmanager
def broken(store: Store) -> Iterator[None]:
    """Let the transaction fail that begins now, when it has nearly come to its end."""
    if store.database.is_sqlite:
        with sqlite3.connect(store.database.path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.rollback()
        other.close()
        return
    other_database = Database(store.database.url.render_as_string(hide_password=False))
    with other_database.writing() as connection:
        # What is captured is written after events and views.
        connection.execute(text("LOCK TABLE captured_events IN SHARE MODE"))
        yield
        waiting = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not connection.execute(waiting).all():
            sleep(0.01)
    other_database.close()


def test_a_transaction_that_fails_stores_nothing_and_the_next_one_does(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.1)
    with opened(database_url) as store:
        project = store.new_project()
        store.send(project, visit("ada", a=1))
        before = store.log(project)
        with broken(store):
            futures = submit_all(store, project, [visit("ada", a=2), visit("eve")])
            if store.database.is_sqlite:
                [future.exception(PATIENCE) for future in futures]

        errors = [future.exception(PATIENCE) for future in futures]
        stored = len(store.log(project))
        (after,) = store.send(project, visit("ada", a=3))

        # The first may have been in a transaction of its own, and the second in the next one.
        assert isinstance(errors[0], StoreUnavailableError)
        assert str(errors[0]).startswith("nothing was stored: ")
        assert stored == len(before) + 2 * (errors[1] is None)
        assert isinstance(after, Done)
        assert store.owner(project, "ada").properties["a"] == 3
        assert _count_captured(store, project) == len(futures) + (errors[1] is None)
        check(store, project)


def _count_captured(store: Store, project: int) -> int:
    query = select(func.count()).where(captured_events.c.project_id == project)
    with store.database.reading() as connection:
        return connection.execute(query).scalar_one()


def some_command(chance: random.Random) -> Command:
    """Return a command on a few persons, so that commands meet."""
    name, other = chance.choices("abcde", k=2)
    value = chance.choice([1, 2, None])
    kinds: list[Callable[[], Command]] = [
        lambda: visit(name, x=value),
        lambda: visit(name, y=value),
        lambda: captured("visit", name, {"$unset": ["x"]}),
        lambda: captured("visit", name, {"$process_person_profile": False}),
        lambda: identify(name, other),
        lambda: alias(name, other, x=value),
        lambda: merge(name, other, y=value),
        lambda: edit(name, x=value),
        lambda: unset(name, "x", "y"),
        lambda: split(name),
        lambda: split(name, main=other),
        lambda: split(name, other),
        lambda: delete(name),
    ]
    return chance.choice(kinds)()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_stored_is_what_was_decided(database_url: str, seed: int) -> None:
    chance, memory = random.Random(seed), Memory()
    with opened(database_url) as store:
        project = store.new_project()
        assert project == memory.project_id
        for _ in range(60):
            commands = [some_command(chance) for _ in range(chance.choice([1, 2, 10]))]
            answers = store.send(project, *commands)
            assert list(map(repr, answers)) == list(map(repr, memory.run(*commands)))

        assert store.log(project) == memory.log
        check(store, project)


def test_no_update_is_lost_between_writers(database_url: str) -> None:
    with opened(database_url) as one, opened(database_url) as other:
        project = one.new_project()

        def send(number: int) -> None:
            store = (one, other)[number % 2]
            store.send(project, visit("ada", **{f"key {number}": number}))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(100)))

        (ada,) = one.persons(project)
        assert {f"key {number}" for number in range(100)} < ada.properties.keys()
        assert ada.version == 102 - 1
        check(other, project)


def test_writers_that_merge_split_and_delete_at_once_leave_a_whole_project(
    database_url: str,
) -> None:
    with opened(database_url) as one, opened(database_url) as other:
        project = one.new_project()

        def send(number: int) -> None:
            chance = random.Random(number)
            store = (one, other)[number % 2]
            store.send(project, *(some_command(chance) for _ in range(5)))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(100)))

        check(one, project)
