"""A project to which everything happened that can happen, and what is said of it to others."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import select, update

from domain.commands import DeletePerson, ErasePerson, SplitPerson
from projections.persons import persons
from projections.rebuilding import rebuild
from projections.verifying.verifications import last
from projections.verifying.verify import Report, verify
from storage.checkpoints import Checkpoint, Notary
from storage.engine import Database
from storage.exporting import export
from storage.merkle import Frontier
from storage.migrate import migrate
from storage.schema import events
from storage.tree import read_leaves
from tests.lives import NOW, Lives, march

PATIENCE = 60  # seconds


@contextmanager
def audited(database_url: str) -> Iterator[Database]:
    """Give a database that is prepared."""
    database = Database(database_url)
    migrate(database)
    rebuild.ensure(database)
    yield database
    database.close()


@contextmanager
def new_life(database: Database) -> Iterator[Lives]:
    """Give a new project, to which it all has happened."""
    project = Lives(database)
    live(project)
    yield project
    project.writer.close()


def live(project: Lives) -> None:
    """Let it happen: births, changes, a merge, a split, a deletion and an erasure."""
    project.capture("opened", march(1), distinct_id="anon", plan="free")
    project.capture("opened", march(2), email="Ada@example.com", name="Ada")
    project.capture("$identify", march(3), properties={"$anon_distinct_id": "anon"})
    project.edit(march(4), plan="pro", seats=3)
    project.unset(march(5), "seats")
    project.capture("opened", march(6), distinct_id="Bob", email="bob@example.com")
    project.capture("$identify", march(7), distinct_id="Bob", properties={"$anon_distinct_id": "b"})
    project.do(SplitPerson(person_id=project.person("Bob").person_id, main_distinct_id="Bob"))
    project.capture("opened", march(8), distinct_id="eve", email="eve@example.com")
    eve = project.person("eve").person_id
    project.do(DeletePerson(person_id=eve))
    project.do(ErasePerson(person_id=eve))
    project.capture("opened", march(9), distinct_id="last", plan="free")
    project.capture("opened", march(10), distinct_id="gone", plan="free")
    project.do(DeletePerson(person_id=project.person("gone").person_id))


def checkpoint(project: Lives) -> Checkpoint:
    """Give out a checkpoint."""
    return Notary(project.database).attest(project.project_id, NOW, lambda *_: None)[0]


def report(project: Lives) -> Report:
    """Verify the project."""
    return verify(project.database, project_id=project.project_id)


def found(project: Lives) -> list[str]:
    """Return what is found wrong: each with its position in front."""
    return [f"{each.position}: {each.detail}" for each in report(project).findings]


def topics(project: Lives) -> list[str]:
    """Return the topics of all events, in order."""
    query = select(events.c.topic).where(events.c.project_id == project.project_id)
    with project.database.reading() as connection:
        return list(connection.execute(query.order_by(events.c.position)).scalars())


def exported(project: Lives, path: Path) -> Path:
    """Write an export of the project to a file."""
    with project.database.reading() as connection:
        path.write_bytes(b"".join(export(connection, project.project_id)))
    return path


def root_of(project: Lives, size: int) -> bytes:
    """Return the root over the first events, made at once from the log."""
    frontier = Frontier()
    with project.database.reading() as connection:
        for leaf in read_leaves(connection, project.project_id, 0, size):
            frontier.add(leaf)
    return frontier.root()


def spoil(life: Lives) -> None:
    """Change a value that a person has now."""
    with life.database.writing() as connection:
        connection.execute(
            update(persons)
            .where(
                persons.c.project_id == life.project_id,
                persons.c.person_id == life.person().person_id,
            )
            .values(email="eve@example.com")
        )


def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let blocks of the tree have 4 leaves, so that few events make many."""
    for module in ("storage.tree", "projections.verifying.tree_check", "storage.tree_growth"):
        monkeypatch.setattr(f"{module}.BLOCK", 4)
        monkeypatch.setattr(f"{module}.BLOCK_LEVEL", 2, raising=False)
    monkeypatch.setattr("storage.tree.AT_ONCE", 8)


def wait_for_verification(database: Database) -> None:
    """Wait until the database says what its last verification came to."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        with database.reading() as connection:
            if last(connection):
                return
        sleep(0.05)
    raise AssertionError("nothing was verified")
