"""What was given out is changed afterwards; the offline verifier names it, from files alone."""

import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api import audit_check
from storage.notes import TreeHead, signed, verifier_key
from tests.given_out import Check, Files, edit, given_out
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


def test_what_was_given_out_is_right(files: Files, check: Check) -> None:
    key = f"--key={files.key}"

    assert check(files.old, key) == check(files.new, key, "--checkpoint", files.old) == ""
    assert check(files.proof, key) == check(files.proof) == ""
    assert check(files.proof, "--key", files.key.split("+", 2)[2]) != ""
    both = ["--checkpoint", files.old, "--checkpoint", files.new]
    assert check(files.export) == check(files.export, key, *both) == ""


def test_the_verifier_needs_nothing_of_ours(files: Files, tmp_path: Path) -> None:
    script = shutil.copy(str(audit_check.__file__), tmp_path / "check.py")
    command = [sys.executable, "-I", script, files.proof, "--key", files.key]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    assert "are in the log" in result.stdout


@pytest.mark.parametrize("field", ["state", "salt", "topic", "recorded_at", "person", "leaf"])
def test_an_event_of_a_proof_with_another_byte_is_named(
    files: Files, check: Check, field: str
) -> None:
    content = json.loads(files.proof.read_text())
    event = content["events"][1]
    edit(files.proof, lambda proof: proof["events"][1].update({field: other_digit(event[field])}))

    assert check(files.proof).startswith(f"position {event['position']}: ")


@pytest.mark.parametrize("field", ["version", "position"])
def test_an_event_of_a_proof_at_another_place_is_named(
    files: Files, check: Check, field: str
) -> None:
    edit(files.proof, lambda proof: proof["events"][1].update({field: 20}))

    assert check(files.proof).startswith("position ")


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (lambda proof: proof["events"].pop(1), "position"),
        (lambda proof: proof["events"].pop(), "positions"),
        (lambda proof: proof["events"].reverse(), "position"),
        (lambda proof: proof["events"].clear(), "the proof does not fit"),
        (lambda proof: proof["hashes"].pop(), "positions"),
        (lambda proof: proof["hashes"].append("00" * 32), "the proof does not fit"),
        (lambda proof: proof["hashes"].reverse(), "positions"),
        (lambda proof: proof["hashes"].__setitem__(0, "00" * 32), "positions"),
        (lambda proof: proof.update(person="0" * 32), "position"),
        (lambda proof: proof.pop("hashes"), "the proof is none"),
        (lambda proof: proof.update(events=7), "the proof is none"),
    ],
)
def test_a_changed_proof_is_named(
    files: Files, check: Check, change: Callable[[Any], object], bad: str
) -> None:
    edit(files.proof, change)

    assert check(files.proof).startswith(bad)


def test_no_event_hides_behind_the_place_of_another(files: Files, check: Check) -> None:
    def change(proof: Any) -> None:
        one, two = proof["events"][:2]
        one["position"] = two["position"]
        one["leaf"] = two["leaf"]

    edit(files.proof, change)

    assert check(files.proof).startswith("position ")


def test_a_forged_checkpoint_is_named(files: Files, check: Check) -> None:
    for place, size in ((1, "23"), (2, b64encode(bytes(32)).decode()), (0, "persons-store/x/1")):
        edit(
            files.new,
            lambda new, at=place, to=size: new.update(  # type: ignore[misc]
                checkpoint="\n".join(
                    [*(lines := new["checkpoint"].split("\n"))[:at], to, *lines[at + 1 :]]
                )
            ),
        )
        assert "checkpoint" in check(files.new, f"--key={files.key}")


def test_a_checkpoint_of_another_key_is_named(files: Files, check: Check) -> None:
    content = json.loads(files.new.read_text())
    origin, size, root = content["checkpoint"].split("\n")[:3]
    key = Ed25519PrivateKey.from_private_bytes(os.urandom(32))
    head = TreeHead(origin, int(size), b64decode(root))
    public = verifier_key(origin, key.public_key().public_bytes_raw())
    edit(files.new, lambda new: new.update(checkpoint=signed(head, key), key=public))

    assert check(files.new) == ""
    assert check(files.new, f"--key={files.key}") == (
        f"the checkpoint of {size} events is not signed by this key"
    )


def test_a_signature_with_another_byte_is_named(files: Files, check: Check) -> None:
    note = json.loads(files.new.read_text())["checkpoint"]
    place = note.rindex("=") - 8
    forged = note[:place] + ("A" if note[place] != "A" else "B") + note[place + 1 :]
    files.new.write_text(forged)

    assert check(files.new, f"--key={files.key}").startswith("the signature of the checkpoint")
    files.new.write_text(note)
    assert check(files.new, f"--key={files.key}") == ""
    assert check(files.new) == "a checkpoint alone needs the public key: --key"


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (lambda proof: proof["hashes"].pop(), "positions up to 24"),
        (lambda proof: proof["hashes"].append("00" * 32), "the file has no proof"),
        (lambda proof: proof["hashes"].__setitem__(0, "00" * 32), "positions up to 24"),
        (lambda proof: proof.update({"from": 23}), "the file has no proof"),
    ],
)
def test_a_changed_proof_of_growth_is_named(
    files: Files, check: Check, change: Callable[[Any], object], bad: str
) -> None:
    edit(files.new, lambda new: change(new["consistency"]))

    assert check(files.new, "--checkpoint", files.old).startswith(bad)


def test_an_earlier_checkpoint_must_be_earlier(files: Files, check: Check) -> None:
    assert "not an earlier one" in check(files.old, "--checkpoint", files.new)
