"""Whoever can write to the database changes something; `verify` names it, and where it is."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from projections.rebuilding import crew, shares
from projections.views import PROJECTIONS
from storage.engine import Database
from storage.values import EPOCH
from tests.audited import audited, checkpoint, found, new_life, report
from tests.databases import DATABASES, new_database
from tests.lives import Lives
from tests.tampering import (
    Attack,
    add_row,
    all_of,
    change_row,
    changed,
    erase,
    flipped,
    head,
    moved,
    rechained,
    remove_row,
    removed,
    replaced,
    swapped,
    without_head,
)

LAST = 24  # events
TABLES = [table for each in PROJECTIONS for table in each.tables]


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database that all these tests share: each has a project of its own."""
    with new_database(request) as url, audited(url) as database:
        yield database


@pytest.fixture
def project(database: Database) -> Iterator[Lives]:
    with new_life(database) as project:
        yield project


def tamper(project: Lives, attack: Attack) -> None:
    with project.database.writing() as connection:
        attack(connection, project.project_id)


def test_nothing_is_found_where_nobody_changes_anything(project: Lives) -> None:
    told = report(project)

    assert told.findings == []
    assert told.events == LAST


ON_THE_LOG = {
    "another value": (replaced(8, '"pro"', '"pri"'), "8: PropertySet is not what was recorded"),
    "no JSON any more": (replaced(8, "{", "["), "8: PropertySet is not what was recorded"),
    "a blank more": (flipped(8, "state"), "8: PropertySet is not what was recorded"),
    "salt": (flipped(8, "salt"), "8: PropertySet is not what was recorded"),
    "digest": (flipped(8, "digest"), "8: PropertySet is not what was recorded"),
    "topic": (changed(7, topic="Deleted"), "7: Deleted is not what was recorded"),
    "unknown topic": (changed(7, topic="os.system"), "7: os.system is not what was recorded"),
    "time": (flipped(9, "recorded_at"), "9: PropertyUnset is not what was recorded"),
    "version": (flipped(8, "version"), "8: PropertySet is not what was recorded"),
    "person": (flipped(8, "person_id"), "8: PropertySet is not what was recorded"),
    "a gap in a stream": (flipped(8, "version"), "None: a version up to 10\\d\\d is missing"),
    "two events swapped": (swapped(8, 9), "8: PropertyUnset is not what was recorded"),
    "first event gone": (removed(1), "2: comes behind 0: events are missing"),
    "an event gone": (removed(12), "13: comes behind 11: events are missing"),
    "last event gone": (removed(LAST), "23: the log ends at 23, its head says 24"),
    "all events gone": (removed(*range(1, LAST + 1)), "0: the log ends at 0, its head says 24"),
    "an event moved": (moved(LAST, LAST + 5), "29: comes behind 23: events are missing"),
    "head's position": (head(position=25), "24: the log ends at 24, its head says 25"),
    "head moved back": (head(position=3), "24: the log ends at 24, its head says 3"),
    "head's digest": (head(digest=bytes(32)), "24: the head of the log has another digest"),
    "head's time": (head(recorded_at=EPOCH), "24: the head of the log has another time"),
    "next number": (head(next_number=2), "24: the next person would be number 2, there is 7"),
    "head gone": (without_head, "24: the log has no head"),
    "erased in silence": (erase(8), "8: the state was erased, and no event says so"),
    "erased, bound wrongly": (erase(8, bytes(32)), "8: PropertySet is not what was recorded"),
    "commitment": (flipped(16, "commitment"), "16: PersonCreated is not what was recorded"),
    "state put back": (
        changed(16, state="{}", salt=bytes(16)),
        "19: says that 16 was erased, and it was not",
    ),
    "Erased gone": (all_of(removed(19), rechained), "16: the state was erased, and no event says"),
    "rewritten and rechained": (
        all_of(replaced(8, '"pro"', '"pri"'), rechained),
        "None: persons: row .* differs in properties",
    ),
    "never born": (all_of(removed(20, 21), rechained), "None: persons: .* should not be"),
    "no order by time": (
        changed(20, recorded_at=EPOCH),
        "20: PersonCreated is not what was",
    ),
}


@pytest.mark.parametrize("name", ON_THE_LOG)
def test_a_change_of_the_log_is_named(project: Lives, name: str) -> None:
    attack, named = ON_THE_LOG[name]
    tamper(project, attack)

    assert any(re.match(named, each) for each in found(project)), found(project)


@pytest.mark.parametrize(
    ("name", "attack", "named"),
    [
        (
            "cut tail",
            all_of(removed(23, LAST), rechained),
            "23: the log ends before the checkpoint at 24: its tail is missing",
        ),
        (
            "history rewritten",
            all_of(replaced(8, '"pro"', '"pri"'), rechained),
            "1: events 1 to 24 are not those of the checkpoint at 24",
        ),
        (
            "two events swapped",
            all_of(swapped(2, 4), rechained),
            "1: events 1 to 24 are not those of the checkpoint at 24",
        ),
    ],
)
def test_what_has_its_chain_made_anew_does_not_fit_the_checkpoint(
    project: Lives, name: str, attack: Attack, named: str
) -> None:
    checkpoint(project)
    assert found(project) == []
    tamper(project, attack)

    assert named in found(project)


def test_every_changed_row_of_every_view_is_named(project: Lives) -> None:
    with project.database.writing() as connection:
        columns = {each: change_row(connection, project.project_id, each) for each in TABLES}
    details = [each.detail for each in report(project).findings]

    for table, column in columns.items():
        assert any(
            re.fullmatch(f"{table.name}: row .* differs in {column}", detail, re.DOTALL)
            for detail in details
        ), (table.name, details)


def test_every_row_too_many_in_every_view_is_named(project: Lives) -> None:
    for table in TABLES:
        tamper(project, lambda connection, id, table=table: add_row(connection, id, table))  # type: ignore[misc]
    details = [each.detail for each in report(project).findings]

    for table in TABLES:
        named = [each for each in details if each.startswith(f"{table.name}: row ")]
        assert len(named) == 1
        assert named[0].endswith("is there and should not be")


def test_every_missing_row_of_every_view_is_named(project: Lives) -> None:
    for table in TABLES:
        tamper(project, lambda connection, id, table=table: remove_row(connection, id, table))  # type: ignore[misc]
    details = [each.detail for each in report(project).findings]

    for table in TABLES:
        named = [each for each in details if each.startswith(f"{table.name}: row ")]
        assert len(named) == 1
        assert named[0].endswith("is missing")


def test_several_processes_name_the_same(project: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, table in enumerate(TABLES):
        change = (change_row, add_row, remove_row)[number % 3]
        tamper(project, lambda connection, id, do=change, table=table: do(connection, id, table))  # type: ignore[misc]
    tamper(project, all_of(flipped(8, "state"), changed(9, state="["), erase(20)))
    alone = found(project)
    monkeypatch.setattr(crew, "LONG", 0)
    monkeypatch.setattr(shares, "SIZE", 5)

    assert len(alone) > len(TABLES)
    assert sorted(found(project)) == sorted(alone)


# PostgreSQL keeps no value that is not of its type.
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "column", ["state", "recorded_at", "person_id", "topic", "version", "salt"]
)
def test_an_event_that_no_driver_can_read_is_named(project: Lives, column: str) -> None:
    with project.database.writing() as connection:
        connection.execute(
            text(f"UPDATE events SET {column} = CAST(x'ff31' AS TEXT) WHERE position = 8")
        )

    assert any(each.startswith("8: the event cannot be read: ") for each in found(project))
