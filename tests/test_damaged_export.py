"""An export that was damaged: nothing of it is stored."""

import gzip
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.audited import audited, new_life
from tests.moves import contents, exported, persons, signed


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
        text = exported(database, project.project_id)
    return text.splitlines(keepends=True)
