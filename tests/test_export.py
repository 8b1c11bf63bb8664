import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from domain.commands import DeletePerson
from storage.engine import Database
from storage.exporting import export
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
    with life.database.reading() as connection:
        return b"".join(export(connection, life.project_id, as_of=as_of))


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


def _prepare(database: Database) -> None:
    moves.done(database.url.render_as_string(hide_password=False), "projects", "list")


def signed(kept: list[bytes]) -> bytes:
    """Return lines with a last line that fits them: whoever damages them may do that too."""
    end = json.loads(kept[-1])
    for kind in end["lines"]:
        end["lines"][kind] = sum(json.loads(line)["kind"] == kind for line in kept)
    end["sha256"] = sha256(b"".join(kept[:-1])).hexdigest()
    return b"".join(kept[:-1]) + json.dumps(end).encode() + b"\n"


def changed(line: bytes, **fields: Any) -> bytes:
    return json.dumps(json.loads(line) | fields, separators=(",", ":")).encode() + b"\n"


def place(kept: list[bytes], kind: str, nth: int = 0) -> int:
    """Return where the nth line of a kind stands."""
    return [i for i, line in enumerate(kept) if json.loads(line)["kind"] == kind][nth]


def with_line(kept: list[bytes], at: int, *new: bytes) -> list[bytes]:
    return [*kept[:at], *new, *kept[at + 1 :]]


def flipped(kept: list[bytes]) -> bytes:
    text = b"".join(kept)
    middle = len(text) // 2
    return text[:middle] + bytes([text[middle] ^ 1]) + text[middle + 1 :]


def without_captured(kept: list[bytes]) -> bytes:
    return b"".join(with_line(kept, place(kept, "captured")))


def without_an_event(kept: list[bytes]) -> bytes:
    return signed(with_line(kept, place(kept, "event", 3)))


def with_an_event_twice(kept: list[bytes]) -> bytes:
    at = place(kept, "event", 3)
    return signed(with_line(kept, at, kept[at], kept[at]))


def with_two_events_swapped(kept: list[bytes]) -> bytes:
    one, two = place(kept, "event", 3), place(kept, "event", 4)
    return signed(with_line(with_line(kept, one, kept[two]), two, kept[one]))


def with_another_value(kept: list[bytes]) -> bytes:
    at = next(i for i, line in enumerate(kept) if b"PropertySet" in line and b"free" in line)
    return signed(with_line(kept, at, kept[at].replace(b"free", b"paid")))


def with_another_salt(kept: list[bytes]) -> bytes:
    at = place(kept, "event", 2)
    return signed(with_line(kept, at, changed(kept[at], salt="00" * 16)))


def with_another_time(kept: list[bytes]) -> bytes:
    at = place(kept, "event", 2)
    return signed(with_line(kept, at, changed(kept[at], recorded_at="2024-03-31T12:00:00.000001Z")))


def with_an_erasure_of_ones_own(kept: list[bytes]) -> bytes:
    at = place(kept, "event", -1)
    event = json.loads(kept[at])
    bound = sha256(bytes.fromhex(event["salt"]) + event["state"].encode()).hexdigest()
    erased = changed(kept[at], state=None, salt=None, commitment=bound)
    return signed(with_line(kept, at, erased))


def with_a_captured_event_elsewhere(kept: list[bytes]) -> bytes:
    at = place(kept, "captured", 0)
    return signed([kept[0], kept[at], *kept[1:at], *kept[at + 1 :]])


def without_the_last_event(kept: list[bytes]) -> bytes:
    at = place(kept, "event", -1)
    return signed([*kept[:at], kept[-1]])


def of_another_position(kept: list[bytes]) -> bytes:
    header = json.loads(kept[0])
    header["as_of"]["position"] += 1
    return signed(with_line(kept, 0, changed(kept[0], as_of=header["as_of"])))


DAMAGES: list[tuple[Callable[[list[bytes]], bytes], str]] = [
    (flipped, "line "),
    (lambda kept: b"".join(kept[:-1]), "the export is cut off here"),
    (lambda kept: b"".join(kept)[:-1], "the line is cut off"),
    (lambda kept: b"".join(kept)[: len(b"".join(kept)) // 2], "cut off"),
    (lambda kept: b"".join(kept) + kept[1], "there is something behind the last line"),
    (lambda kept: b"".join(kept) * 2, "there is something behind the last line"),
    (without_captured, "the SHA-256 of the lines is another one"),
    (without_an_event, "line 6: the captured event is out of order"),
    (with_an_event_twice, "position 5 is missing"),
    (with_two_events_swapped, "position 4 is missing"),
    (with_another_value, "is another one"),
    (with_another_salt, "the event at 3 is another one"),
    (with_another_time, "the event at 3 is another one"),
    (with_an_erasure_of_ones_own, "was erased, and no event up to"),
    (with_a_captured_event_elsewhere, "line 2: the captured event is out of order"),
    (without_the_last_event, "the log does not end where it should"),
    (of_another_position, "the log does not end where it should"),
    (lambda kept: gzip.compress(b"".join(kept))[:-20], "the file cannot be inflated"),
    (lambda kept: gzip.compress(b"".join(kept))[:200] + b"?" * 50, "the file cannot be inflated"),
    (lambda kept: b"[" + b"".join(kept), "the file is "),
    (lambda kept: b"", "the file is neither an export, nor PostHog's persons or events"),
]


@pytest.mark.parametrize(("damage", "why"), DAMAGES)
def test_a_damaged_export_is_refused_whole(
    shared_export: list[bytes],
    untouched_url: str,
    tmp_path: Path,
    damage: Callable[[list[bytes]], bytes],
    why: str,
) -> None:
    (tmp_path / "bad").write_bytes(damage(shared_export))
    result = persons(untouched_url, "import", tmp_path / "bad")

    assert result.exit_code == 1
    assert why in result.stderr
    assert [rows for rows in contents(untouched_url).values() if rows] == []


@pytest.fixture(scope="module")
def untouched_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database into which nothing ever comes."""
    return f"sqlite:///{tmp_path_factory.mktemp('untouched')}/persons.db"


@pytest.fixture(scope="module")
def shared_export(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of an export of a project to which all has happened."""
    url = f"sqlite:///{tmp_path_factory.mktemp('shared')}/persons.db"
    with audited(url) as database, new_life(database) as project:
        return exported(project).splitlines(keepends=True)
