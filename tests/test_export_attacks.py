"""An export is changed afterwards; the offline verifier names it, from the file alone."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage import chain
from tests.given_out import Check, Files, edit_lines, given_out, line_of
from tests.moves import signed
from tests.service import Client
from tests.tampering import other_digit


@pytest.fixture(scope="module")
def given(shared_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    with given_out(shared_client, tmp_path_factory.mktemp("given")) as files:
        yield files


@pytest.fixture
def files(given: Files, tmp_path: Path) -> Files:
    """The files, each test's own."""
    return given.copied(tmp_path)


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    return Check(capsys)


def test_a_compressed_export_is_checked_as_well(files: Files, check: Check) -> None:
    text = gzip.compress(files.export.read_bytes())
    files.export.write_bytes(text)
    assert check(files.export, "--checkpoint", files.old, "--key", files.key) == ""

    files.export.write_bytes(text[:-20])
    assert check(files.export) != ""


@pytest.mark.parametrize("field", ["state", "salt", "topic", "recorded_at", "person", "digest"])
def test_an_event_of_an_export_with_another_byte_is_named(
    files: Files, check: Check, field: str
) -> None:
    def change(lines: list[bytes]) -> None:
        at = line_of(lines, 8)
        event = json.loads(lines[at])
        lines[at] = json.dumps(event | {field: other_digit(event[field])}).encode() + b"\n"

    edit_lines(files.export, change)

    assert check(files.export).startswith("position 8: ")


def removed(lines: list[bytes]) -> None:
    del lines[line_of(lines, 8)]


def reordered(lines: list[bytes]) -> None:
    one, two = line_of(lines, 8), line_of(lines, 9)
    lines[one], lines[two] = lines[two], lines[one]


def no_json(lines: list[bytes]) -> None:
    lines[line_of(lines, 8)] = b"}\n"


def cut(lines: list[bytes]) -> None:
    del lines[line_of(lines, 9) :]


def erased(lines: list[bytes]) -> None:
    at = line_of(lines, 16)
    event = json.loads(lines[at])
    event["commitment"] = other_digit(event["commitment"])
    lines[at] = json.dumps(event).encode() + b"\n"


def erased_in_silence(lines: list[bytes]) -> None:
    """Take the state of an event away, and let the first and the last line fit."""
    at = line_of(lines, 8)
    event = json.loads(lines[at])
    bound = chain.commit(bytes.fromhex(event["salt"]), event["state"].encode())
    event |= {"state": None, "salt": None, "commitment": bound.hex()}
    lines[at] = json.dumps(event).encode() + b"\n"
    lines[:] = signed(lines).splitlines(keepends=True)


def said_to_be_a_part(lines: list[bytes]) -> None:
    first = json.loads(lines[0])
    assert first["is_whole"]
    lines[0] = json.dumps(first | {"is_whole": False}).encode() + b"\n"
    erased_in_silence(lines)


def another_line(lines: list[bytes]) -> None:
    at = next(at for at, line in enumerate(lines) if b'"kind":"captured"' in line)
    lines[at] = lines[at].replace(b"opened", b"closed")


def renamed(lines: list[bytes]) -> None:
    lines[0] = lines[0].replace(b'"Lives"', b'"Wives"')


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (removed, "position 8: missing, 9 stands there"),
        (reordered, "position 8: missing, 9 stands there"),
        (no_json, "position 8: "),
        (cut, "position 9: missing; the file ends there"),
        (erased, "position 16: the event is not what was recorded"),
        (erased_in_silence, "position 8: it was erased, and no event says so"),
        (said_to_be_a_part, "position 8: it was erased, and no event says so"),
        (another_line, "a line that is no event was changed"),
        (renamed, "a line that is no event was changed"),
        (lambda lines: lines.append(lines[-1]), "a line that is no event was changed"),
        (lambda lines: lines.pop(), "position 26: missing; the file ends there"),
    ],
)
def test_a_changed_export_is_named(
    files: Files, check: Check, change: Callable[[list[bytes]], object], bad: str
) -> None:
    edit_lines(files.export, change)

    assert check(files.export).startswith(bad)


def test_an_export_of_another_log_is_named(files: Files, check: Check, given: Files) -> None:
    with_other_root = files.old.read_text().split("\\n")[2]
    files.old.write_text(files.old.read_text().replace(with_other_root, "A" * 43 + "="))

    assert check(files.export, "--checkpoint", files.old).startswith("the signature")
