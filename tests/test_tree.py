from collections.abc import Iterator
from time import monotonic, sleep

import pytest
from sqlalchemy import delete, update

from storage.errors import TamperedError
from storage.log import head_position
from storage.schema import tree_nodes
from storage.tree import Tree, grow, kept_size
from storage.tree_growth import TreeGrowth
from tests.audited import audited, checkpoint, found, live, root_of, small_blocks
from tests.lives import Lives, march
from tests.tampering import all_of, flipped, rechained, removed

PATIENCE = 10  # seconds


@pytest.fixture
def project(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lives]:
    """A project whose tree is kept in blocks of 4 events."""
    small_blocks(monkeypatch)
    with audited(database_url) as database:
        project = Lives(database)
        yield project
        project.writer.close()


def grown(project: Lives) -> int:
    """Let the tree grow; return its kept size."""
    while grow(project.database, project.project_id):
        pass
    with project.database.reading() as connection:
        return kept_size(connection, project.project_id)


def test_a_tree_that_is_kept_has_the_root_of_one_made_at_once(project: Lives) -> None:
    live(project)
    with project.database.reading() as connection:
        last = head_position(connection, project.project_id)

    for is_kept in (False, True):
        if is_kept:
            assert grown(project) == last // 4 * 4
        with project.database.reading() as connection:
            for size in range(last + 1):
                tree = Tree(connection, project.project_id, size=size, kept=is_kept * size // 4 * 4)
                assert tree.root == root_of(project, size)


def test_a_tree_tells_the_hash_of_every_range_that_begins_it(project: Lives) -> None:
    live(project)
    grown(project)

    with project.database.reading() as connection:
        tree = Tree(connection, project.project_id, size=24, kept=24)
        for size in range(1, 25):
            assert tree.hashes([(0, size)]) == [root_of(project, size)]


def test_the_tree_grows_behind_the_log(project: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.tree_growth.INTERVAL", 0.01)
    growth = TreeGrowth(project.database)
    live(project)
    end, size = monotonic() + PATIENCE, 0
    while size < 24 and monotonic() < end:
        sleep(0.01)
        with project.database.reading() as connection:
            size = kept_size(connection, project.project_id)
    growth.close()

    assert size == 24
    assert found(project) == []


def test_erasing_leaves_the_tree_as_it_is(project: Lives) -> None:
    project.capture("opened", march(1), distinct_id="eve", email="eve@example.com")
    checkpoint(project)
    live(project)  # which erases eve
    checkpoint(project)

    assert found(project) == []


def test_a_rewritten_event_is_found_by_the_tree_at_its_position(project: Lives) -> None:
    live(project)
    grown(project)
    with project.database.writing() as connection:
        all_of(flipped(8, "state"), rechained)(connection, project.project_id)

    assert "8: the event is not the one in the tree" in found(project)


def test_a_cut_tail_is_found_by_the_tree(project: Lives) -> None:
    live(project)
    grown(project)
    with project.database.writing() as connection:
        all_of(removed(24), rechained)(connection, project.project_id)

    assert "24: the log ends before its tree, at 24: its tail is missing" in found(project)


def test_a_change_of_the_tree_itself_is_found(project: Lives) -> None:
    live(project)
    grown(project)
    block = (tree_nodes.c.level == 2) & (tree_nodes.c.place == 1)
    above = (tree_nodes.c.level == 3) & (tree_nodes.c.place == 0)
    gone = (tree_nodes.c.level == 4) & (tree_nodes.c.place == 0)
    with project.database.writing() as connection:
        connection.execute(update(tree_nodes).where(block).values(leaves=bytes(128)))
        connection.execute(update(tree_nodes).where(above).values(hash=bytes(32)))
        connection.execute(delete(tree_nodes).where(gone))

    named = found(project)
    assert [f"{each}: the event is not the one in the tree" for each in range(5, 9)] == named[:4]
    assert named[4:] == [
        "8: node (3, 0) of the tree is not the hash of its events",
        "16: node (4, 0) of the tree is missing",
    ]


def test_nothing_is_signed_of_a_tree_that_lacks_nodes(project: Lives) -> None:
    live(project)
    grown(project)
    with project.database.writing() as connection:
        connection.execute(delete(tree_nodes).where(tree_nodes.c.level > 2))

    with pytest.raises(TamperedError, match=r"node .* is missing"):
        checkpoint(project)


def test_a_checkpoint_catches_up_with_a_log_that_grew_fast(
    project: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.tree.MAX_REST", 3)
    live(project)

    assert checkpoint(project).root == root_of(project, 24)
    assert grow(project.database, project.project_id) == 0
