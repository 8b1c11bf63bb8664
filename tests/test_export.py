import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from domain.commands import DeletePerson
from tests import moves
from tests.audited import audited, new_life
from tests.databases import DATABASES, new_database
from tests.lives import Lives, march
from tests.moves import contents, done, persons, verified


@pytest.fixture
def life(database_url: str) -> Iterator[Lives]:
    """A project to which all has happened."""
    with audited(database_url) as database, new_life(database) as project:
        yield project


@pytest.fixture(params=DATABASES)
def other_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database."""
    with new_database(request) as url:
        yield url


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    """The URL of an empty SQLite database."""
    return f"sqlite:///{tmp_path}/other.db"


def exported(life: Lives, *, as_of: int | None = None) -> bytes:
    """Return an export of a project."""
    return moves.exported(life.database, life.project_id, as_of=as_of)


def lines(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def head(life: Lives) -> int:
    position = lines(exported(life))[0]["as_of"]["position"]
    assert isinstance(position, int)
    return position


@contextmanager
def busy(life: Lives) -> Iterator[None]:
    """Let captured events come in meanwhile: some change a person, some do not."""
    stops = Event()

    def write() -> None:
        count = 0
        while not stops.is_set():
            count += 1
            life.capture("opened", march(20), distinct_id=f"load {count % 7}", plan=count // 3)

    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stops.set()
        thread.join()


def test_an_import_of_an_export_is_the_same_store(
    life: Lives, database_url: str, other_url: str, tmp_path: Path
) -> None:
    life.do(DeletePerson(person_id=life.person("last").person_id, deletes_events=True))
    life.capture("$identify", march(11), properties={"$anon_distinct_id": "null"})  # a warning
    done(database_url, "export", tmp_path / "all")
    done(other_url, "import", tmp_path / "all")

    assert contents(other_url) == contents(database_url)
    before, after = verified(database_url), verified(other_url)
    assert after.is_right, after.findings
    assert after.heads == before.heads


def test_the_import_of_an_import_is_the_same_file(
    life: Lives, empty_url: str, tmp_path: Path
) -> None:
    done(str(life.database.url.render_as_string(hide_password=False)), "export", tmp_path / "one")
    done(empty_url, "import", tmp_path / "one")
    done(empty_url, "export", tmp_path / "two")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_exports_as_of_a_position_are_the_same_while_others_write(life: Lives) -> None:
    as_of_head = exported(life, as_of=(position := head(life)))
    later, as_of_a_later = set(), set()
    with busy(life):
        while head(life) < position + 30:
            later.add(exported(life, as_of=position))
        for _ in range(3):
            as_of_a_later.add(exported(life, as_of=position + 30))
    as_of_a_later.add(exported(life, as_of=position + 30))

    assert later == {as_of_head}
    assert len(as_of_a_later) == 1


def test_what_changes_nothing_is_in_a_whole_export_alone(life: Lives) -> None:
    as_of_head = exported(life, as_of=(position := head(life)))
    life.capture("opened", march(21), distinct_id="last")

    assert head(life) == position
    assert exported(life, as_of=position) == as_of_head
    whole = [each for each in lines(exported(life)) if each["kind"] == "captured"]
    until = [each for each in lines(as_of_head) if each["kind"] == "captured"]
    assert [each["timestamp"] for each in whole if each not in until][-1] == "2024-03-21T00:00:00Z"


def test_an_export_as_of_a_position_has_the_log_up_to_there(life: Lives) -> None:
    found = lines(exported(life, as_of=5))

    assert [each["position"] for each in found if each["kind"] == "event"] == [1, 2, 3, 4, 5]
    assert all(each["position"] <= 5 for each in found if each["kind"] == "captured")
    assert found[0]["as_of"] == {
        "position": 5,
        "digest": found[-2]["digest"] if found[-2]["kind"] == "event" else found[-3]["digest"],
        "recorded_at": "2024-03-31T12:00:00Z",
    }
    assert found[-1]["lines"]["event"] == 5


def test_an_export_can_be_as_of_a_time(life: Lives, database_url: str, tmp_path: Path) -> None:
    done(database_url, "export", "--as-of", "2024-03-31T11:59:59Z", tmp_path / "before")
    done(database_url, "export", "--as-of", "2024-03-31T12:00:00Z", tmp_path / "after")

    counts = [
        lines((tmp_path / name).read_bytes())[-1]["lines"]["event"] for name in ("before", "after")
    ]
    assert counts == [0, head(life)]


def test_an_export_can_be_compressed_and_piped(
    life: Lives, database_url: str, empty_url: str, tmp_path: Path
) -> None:
    done(database_url, "export", tmp_path / "one.gz")
    done(database_url, "export", tmp_path / "two.gz")
    text = persons(database_url, "export", "-").stdout_bytes
    told = done(empty_url, "import", "-", input=(tmp_path / "one.gz").read_bytes())

    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.gz").read_bytes()) == text
    assert told.startswith(f"project {life.project_id}: {head(life)} events were new here")


def test_a_log_does_not_go_further_than_it_goes(
    life: Lives, database_url: str, tmp_path: Path
) -> None:
    result = persons(database_url, "export", "--as-of", head(life) + 1, tmp_path / "all")

    assert result.exit_code == 2
    assert f"the log ends at position {head(life)}" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_export_of_one_of_many_projects_says_which(
    life: Lives, database_url: str, tmp_path: Path
) -> None:
    done(database_url, "projects", "create", "two")
    result = persons(database_url, "export", tmp_path / "all")

    assert result.exit_code == 2
    assert "--project is needed: there are projects 1, 2" in result.stderr
