"""What was given out of a log, as files, and the offline verifier on them."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api import audit_check
from tests.audited import exported, new_life
from tests.doors import PERSONS, new_key
from tests.lives import march
from tests.service import Client

PERSON = 2  # the number of the one who was merged, edited and so on


class Files(NamedTuple):
    """Two checkpoints, of 24 events and later, a proof, an export, and the public key."""

    old: Path
    new: Path
    proof: Path
    export: Path
    key: str

    def copied(self, folder: Path) -> "Files":
        """Return copies, to be changed."""
        old, new, proof, export = (Path(shutil.copy(each, folder)) for each in self[:4])
        return Files(old, new, proof, export, self.key)


@contextmanager
def given_out(client: Client, folder: Path) -> Iterator[Files]:
    """Give what a service gives out of a new project."""
    with new_life(client.store.database) as life:
        headers = new_key(client, "person:read", project_id=life.project_id)

        def ask(path: str) -> Path:
            answer = client.get(f"{PERSONS}/{path}", headers=headers)
            assert answer.status_code == 200, answer.text
            file = folder / str(len(list(folder.iterdir())))
            file.write_bytes(answer.content)
            return file

        old = ask("audit/checkpoint")
        life.capture("opened", march(11), plan="free")
        new, proof = ask("audit/checkpoint?from=24"), ask(f"{PERSON}/audit/proof")
        key = json.loads(old.read_text())["key"]
        yield Files(old, new, proof, exported(life, folder / "export"), key)


class Check:
    """Checks files, as `python audit_check.py` does."""

    def __init__(self, printed: pytest.CaptureFixture[str]) -> None:
        self._printed = printed

    def __call__(self, file: Path, *options: object) -> str:
        """Return what is bad about a file, "" for nothing."""
        status = audit_check.main([str(file), *map(str, options)])
        lines = self._printed.readouterr().out.splitlines()
        bad = [each.removeprefix("BAD: ") for each in lines if each.startswith("BAD: ")]
        assert len(bad) == status
        return "".join(bad)


def edit(file: Path, change: Callable[[Any], object]) -> None:
    """Change what a file says in JSON."""
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def edit_lines(file: Path, change: Callable[[list[bytes]], object]) -> None:
    """Change the lines of a file."""
    lines = file.read_bytes().splitlines(keepends=True)
    change(lines)
    file.write_bytes(b"".join(lines))


def line_of(lines: list[bytes], position: int) -> int:
    """Return the place of an event among the lines of an export."""
    (found,) = (
        number
        for number, line in enumerate(lines)
        if json.loads(line)["kind"] == "event" and json.loads(line)["position"] == position
    )
    return found
