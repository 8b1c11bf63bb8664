"""Taking over an export of ours: a log goes on where it ends, and is never mixed with another."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import Database
from tests import moves
from tests.audited import audited, new_life
from tests.lives import Lives, march
from tests.moves import contents, done, persons, signed, verified


@pytest.fixture
def life(database_url: str) -> Iterator[Lives]:
    """A project to which all has happened."""
    with audited(database_url) as database, new_life(database) as project:
        yield project


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    """The URL of an empty SQLite database."""
    return f"sqlite:///{tmp_path}/other.db"


def exported(life: Lives, *, as_of: int | None = None) -> bytes:
    """Return an export of a project."""
    return moves.exported(life.database, life.project_id, as_of=as_of)


def head(life: Lives) -> int:
    """Return the position of the last event."""
    position = json.loads(exported(life).splitlines()[0])["as_of"]["position"]
    assert isinstance(position, int)
    return position


def test_an_import_goes_on_where_the_log_ends(
    life: Lives, database_url: str, empty_url: str, tmp_path: Path
) -> None:
    position = head(life)
    (tmp_path / "part").write_bytes(exported(life, as_of=position))
    life.capture("opened", march(21), distinct_id="last", plan="pro")
    (tmp_path / "all").write_bytes(exported(life))
    done(empty_url, "import", tmp_path / "part")
    told = json.loads(done(empty_url, "import", "--json", tmp_path / "all"))

    assert (told["events"], told["is_new_project"]) == (head(life) - position, False)
    assert contents(empty_url) == contents(database_url)


def test_what_is_there_already_is_not_written_again(
    life: Lives, empty_url: str, tmp_path: Path
) -> None:
    (tmp_path / "all").write_bytes(exported(life))
    done(empty_url, "import", tmp_path / "all")
    before = contents(empty_url)
    told = json.loads(done(empty_url, "import", "--json", tmp_path / "all"))

    assert (told["events"], told["lines"]) == (0, 0)
    assert contents(empty_url) == before


def test_a_log_that_has_grown_since_is_left_alone(
    life: Lives, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "old").write_bytes(exported(life))
    life.capture("opened", march(21), distinct_id="last", plan="pro")
    before = contents(database_url)
    done(database_url, "import", tmp_path / "old")

    assert contents(database_url) == before


def test_another_log_is_refused(life: Lives, database_url: str, tmp_path: Path) -> None:
    (tmp_path / "all").write_bytes(exported(life))
    with moves.opened(f"sqlite:///{tmp_path}/other.db") as database:
        _prepare(database)
        other = Lives(database)
        other.capture("opened", march(1), plan="other")
        other.writer.close()
    before = contents(f"sqlite:///{tmp_path}/other.db")
    result = persons(f"sqlite:///{tmp_path}/other.db", "import", tmp_path / "all")

    assert result.exit_code == 1
    assert "the log of project 1 is another one: at position 2 its digest is " in result.stderr
    assert contents(f"sqlite:///{tmp_path}/other.db") == before


def test_a_project_keeps_its_number(life: Lives, empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "all").write_bytes(exported(life))
    result = persons(empty_url, "import", "--project", 7, tmp_path / "all")

    assert result.exit_code == 1
    assert "the export is of project 1 and can be no other's" in result.stderr


def test_what_was_erased_since_cannot_be_told_from_tampering(
    life: Lives, empty_url: str, tmp_path: Path
) -> None:
    said = [json.loads(line) for line in exported(life).splitlines()]
    (erasure,) = (each["position"] for each in said if each.get("topic") == "Erased")
    erased = [each["position"] for each in said if each.get("commitment")]
    (tmp_path / "before").write_bytes(exported(life, as_of=erasure - 1))
    (tmp_path / "then").write_bytes(exported(life, as_of=erasure))
    result = persons(empty_url, "import", tmp_path / "before")

    assert result.exit_code == 1
    assert f"the event at {erased[0]} was erased, and no event up to {erasure - 1}" in result.stderr
    done(empty_url, "import", tmp_path / "then")
    assert verified(empty_url).is_right


def test_a_token_that_is_anothers_is_refused(life: Lives, empty_url: str, tmp_path: Path) -> None:
    text = exported(life).replace(b'"project":{"id":1', b'"project":{"id":2')
    (tmp_path / "one").write_bytes(exported(life))
    (tmp_path / "two").write_bytes(signed(text.splitlines(keepends=True)))
    done(empty_url, "import", tmp_path / "one")
    result = persons(empty_url, "import", tmp_path / "two")

    assert result.exit_code == 1
    assert "the token in the file is another project's here" in result.stderr


def test_a_project_that_is_there_keeps_its_name_and_token(
    life: Lives, empty_url: str, tmp_path: Path
) -> None:
    (tmp_path / "all").write_bytes(exported(life))
    done(empty_url, "projects", "create", "mine")
    told = json.loads(done(empty_url, "import", "--json", tmp_path / "all"))

    assert told["kept"] == ["name", "token"]
    assert verified(empty_url).is_right


def _prepare(database: Database) -> None:
    moves.done(database.url.render_as_string(hide_password=False), "projects", "list")
