"""Checks what `persons export` and the audit gave out, by itself and without a database.

    python audit_check.py FILE [--key PUBLICKEY] [--checkpoint FILE]…

FILE is an export, the answer of GET :id/audit/proof or GET audit/checkpoint, or a checkpoint alone.
An export is held to each `--checkpoint`; a checkpoint with `consistency` to the earlier one. The
public key is what `persons audit key` prints; without it, that in the file is taken at its word.
It needs nothing but Python 3.11, and the package `cryptography` where it meets a signature.
Sources: RFC 6962, section 2.1; https://c2sp.org/tlog-checkpoint; https://c2sp.org/signed-note
"""

import argparse
import gzip
import json
import struct
import sys
import zlib
from base64 import b64decode
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple, cast
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EMPTY_ROOT = sha256().digest()
HASH_SIZE = 32  # bytes
SALT_SIZE = 16  # bytes
BARE_KEY = 44  # characters of base64 without a name
MALFORMED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
)
"""What reading malformed JSON comes to."""


class BadError(Exception):
    """What was given out is not what it claims to be; the text says where and why."""


class Checkpoint(NamedTuple):
    """What a log was at some size; `key` is that in the same file, "" for none."""

    origin: str
    size: int
    root: bytes
    note: str
    key: str
    content: Any


class Log:
    """The events of an export, one by one: their chain, and the tree over them."""

    def __init__(self) -> None:
        self.size = 0
        self.digest = bytes(32)
        self.erased: set[int] = set()
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, event: Any) -> None:
        """Take in the next event."""
        said = _said(event, self.size + 1)
        self.digest = sha256(self.digest + said).digest()
        self.size += 1
        if self.digest.hex() != event["digest"]:
            raise BadError(f"position {self.size}: the event is not what was recorded")
        _note_erasure(self.erased, event)
        level, hash = 0, _leaf(said)
        while self._peaks and self._peaks[-1][0] == level:
            level, hash = level + 1, _node(self._peaks.pop()[1], hash)
        self._peaks.append((level, hash))

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        peaks = [hash for _, hash in reversed(self._peaks)]
        return reduce(lambda right, left: _node(left, right), peaks) if peaks else EMPTY_ROOT


def main(arguments: list[str] | None = None) -> int:
    """Print what is right about a file and return 0; or the first thing that is not, and 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--key", help="the public key: base64, or name+hash+base64")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE", type=Path)
    given = parser.parse_args(arguments)
    try:
        for line in _checked(given.file, given.key, given.checkpoint):
            sys.stdout.write(f"ok: {line}\n")
    except (BadError, OSError, EOFError, zlib.error) as error:
        sys.stdout.write(f"BAD: {error}\n")
        return 1
    return 0


def _checked(file: Path, key: str | None, others: Iterable[Path]) -> Iterator[str]:
    held_to = [_read_checkpoint(other) for other in others]
    for each in held_to:
        yield _check_signature(each, key)
    with _opened(file) as lines:
        first = lines.readline()
        if b'"persons-export"' in first[:100]:
            yield from _check_export(first, lines, held_to)
            return
    checkpoint = _read_checkpoint(file)
    yield _check_signature(checkpoint, key)
    if "events" in checkpoint.content:
        yield _check_proof(checkpoint)
    for each in held_to:
        yield _check_consistency(each, checkpoint)


def _opened(file: Path) -> IO[bytes]:
    """Open a file; what `persons export` has compressed is inflated as it is read."""
    with file.open("rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(file)) if is_gzip else file.open("rb")


def _check_export(first: bytes, lines: Iterator[bytes], held_to: list[Checkpoint]) -> Iterator[str]:
    log, whole, end = Log(), sha256(first), {}
    roots = {each.size: log.root() for each in held_to if each.size == 0}
    for line in lines:
        with _naming(f"position {log.size + 1}: neither this nor another line"):
            content = json.loads(line)
            if content["kind"] == "end":
                end = content
                break
            if content["kind"] == "event":
                log.add(content)
                if any(each.size == log.size for each in held_to):
                    roots[log.size] = log.root()
        whole.update(line)
    with _naming("the first or the last line is none of an export"):
        _check_ends(log, json.loads(first), end, whole.hexdigest(), next(lines, b""))
    yield f"{log.size} events; the digest of the last is {log.digest.hex()}"
    for each in held_to:
        if each.size > log.size:
            raise BadError(f"position {log.size + 1}: missing; the checkpoint has {each.size}")
        if roots[each.size] != each.root:
            raise BadError(f"positions up to {each.size}: not the events of the checkpoint")
        yield f"the first {each.size} events are those of the checkpoint"


def _check_ends(log: Log, first: Any, end: Any, digest: str, rest: bytes) -> None:
    as_of = first["as_of"]
    if not end or log.size < as_of["position"]:
        raise BadError(f"position {log.size + 1}: missing; the file ends there")
    if (log.size, log.digest.hex()) != (as_of["position"], as_of["digest"]):
        raise BadError(f"position {log.size}: the log ends there, the first line says otherwise")
    if end["sha256"] != digest or rest:
        raise BadError("a line that is no event was changed, added or lost")
    if log.erased:
        where = "" if first["is_whole"] else f" up to {log.size}: export further"
        raise BadError(f"position {min(log.erased)}: it was erased, and no event says so{where}")


def _check_proof(checkpoint: Checkpoint) -> str:
    with _naming("the proof is none"):
        person, leaves = checkpoint.content["person"], _leaves(checkpoint.content)
        hashes = _hashes(checkpoint.content["hashes"])
        root = range_root((0, checkpoint.size), leaves, list(leaves), hashes)
        if not leaves or max(leaves) >= checkpoint.size or next(hashes, None) is not None:
            raise BadError("the proof does not fit the size of the checkpoint")
    positions = ", ".join(str(place + 1) for place in leaves)
    if root != checkpoint.root:
        raise BadError(f"positions {positions}: not all of these events are those of the log")
    return f"person {person}: its events at positions {positions} are in the log"


def _leaves(proof: Any) -> dict[int, bytes]:
    """Return the leaves of a person's events: all of its versions, at places in their order."""
    leaves: dict[int, bytes] = {}
    erased: set[int] = set()
    last = 0
    for version, event in enumerate(proof["events"], start=1):
        position = event["position"]
        if (event["person"], event["version"]) != (proof["person"], version) or position <= last:
            raise BadError(f"position {position}: not version {version} of this person")
        leaves[position - 1] = _leaf(_said(event, position))
        if leaves[position - 1].hex() != event["leaf"]:
            raise BadError(f"position {position}: the event is not what was recorded")
        _note_erasure(erased, event)
        last = position
    if erased:
        raise BadError(f"position {min(erased)}: it was erased, and no event says so")
    return leaves


def _note_erasure(erased: set[int], event: Any) -> None:
    """Add what was erased, until an event says so."""
    if event.get("state") is None:
        erased.add(event["position"])
    elif event["topic"] == "Erased":
        erased -= set(json.loads(event["state"])["positions"])


def range_root(
    range: tuple[int, int], leaves: dict[int, bytes], places: list[int], hashes: Iterator[bytes]
) -> bytes:
    """Return the hash of a range: of its leaves, and the next of the hashes where it has none."""
    first, end = range
    if not places:
        return next(hashes, b"")
    if end - first == 1:
        return leaves[first]
    middle = _middle(first, end)
    at = bisect_left(places, middle)
    left = range_root((first, middle), leaves, places[:at], hashes)
    return _node(left, range_root((middle, end), leaves, places[at:], hashes))


def _check_consistency(old: Checkpoint, new: Checkpoint) -> str:
    if old.origin != new.origin or old.size > new.size:
        raise BadError(f"the checkpoint of {old.size} is not an earlier one of the same log")
    with _naming(f"the file has no proof from the checkpoint of {old.size} events"):
        if old.size in (0, new.size):
            roots = (new.root if old.size else EMPTY_ROOT), new.root
        else:
            proof = new.content["consistency"]
            hashes = _hashes(proof["hashes"])
            roots = range_roots(old, (0, new.size), hashes, is_first=True)
            if proof["from"] != old.size or next(hashes, None) is not None:
                raise ValueError(proof["from"])
    if roots != (old.root, new.root):
        raise BadError(f"positions up to {old.size}: not the events of the earlier checkpoint")
    return f"the first {old.size} events are those of the earlier checkpoint"


def range_roots(
    old: Checkpoint, range: tuple[int, int], hashes: Iterator[bytes], *, is_first: bool
) -> tuple[bytes, bytes]:
    """Return the hashes of a range: as it was when the log had `old.size` events, and as it is."""
    first, end = range
    if old.size == end:
        hash = old.root if is_first else next(hashes, b"")
        return hash, hash
    middle = _middle(first, end)
    if old.size <= middle:
        was, left = range_roots(old, (first, middle), hashes, is_first=is_first)
        return was, _node(left, next(hashes, b""))
    was, right = range_roots(old, (middle, end), hashes, is_first=False)
    left = next(hashes, b"")
    return _node(left, was), _node(left, right)


def _read_checkpoint(file: Path) -> Checkpoint:
    with _naming(f"{file}: no checkpoint"):
        text = file.read_text("utf-8")
        content = json.loads(text) if text.startswith("{") else {"checkpoint": text}
        note = content["checkpoint"]
        origin, size, root, *_ = note.split("\n")
        return Checkpoint(origin, int(size), b64decode(root), note, content.get("key", ""), content)


def _check_signature(checkpoint: Checkpoint, key: str | None) -> str:
    """Hold the note to its key, or else to the one in its own file."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - not always needed
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PublicKey,
        )
    except ImportError:
        raise BadError("a signature needs the package cryptography: pip install it") from None
    if not (key or checkpoint.key):
        raise BadError("a checkpoint alone needs the public key: --key")
    with _naming("the checkpoint is not signed as it should be"):
        name, public = _named_key(key or checkpoint.key, checkpoint.origin)
        text, _, signatures = checkpoint.note.rpartition("\n\n")
        key_id = sha256(name.encode() + b"\n\1" + public).digest()[:4]
        lines = [line.split(" ") for line in signatures.splitlines()]
        packed = [b64decode(line[2]) for line in lines if line[:2] == ["\N{EM DASH}", name]]
        signed = [each[4:] for each in packed if each[:4] == key_id]
        if name != checkpoint.origin or not signed:
            raise BadError(f"the checkpoint of {checkpoint.size} events is not signed by this key")
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signed[0], f"{text}\n".encode())
        except InvalidSignature:
            raise BadError(
                f"the signature of the checkpoint of {checkpoint.size} is forged"
            ) from None
    doubt = "" if key else " (the file's own key; hold it to that of `persons audit key`)"
    return f"checkpoint of {checkpoint.size} events, signed by {name}{doubt}"


def _named_key(key: str, origin: str) -> tuple[str, bytes]:
    if len(key) == BARE_KEY:
        return origin, b64decode(key, validate=True)
    name, _, public = key.split("+", 2)
    return name, b64decode(public, validate=True)[1:]


def _said(event: Any, position: int) -> bytes:
    """Return all that the log says of an event, as the chain and the tree hash it."""
    if event["position"] != position:
        raise BadError(f"position {position}: missing, {event['position']} stands there")
    state, salt = event.get("state"), event.get("salt")
    if state is None:
        bound = _bytes(event["commitment"], HASH_SIZE)
    else:
        bound = sha256(_bytes(salt, SALT_SIZE) + state.encode()).digest()
    at = datetime.fromisoformat(event["recorded_at"])
    microseconds = (at - EPOCH) // timedelta(microseconds=1)
    place = position, UUID(event["person"]).bytes, event["version"], microseconds
    topic: bytes = event["topic"].encode()
    return struct.pack(">q16sqq", *place) + bound + topic


def _hashes(texts: Iterable[str]) -> Iterator[bytes]:
    return (_bytes(text, HASH_SIZE) for text in texts)


def _bytes(text: str, size: int) -> bytes:
    """Return what a hexadecimal text says; of another size it could say something else."""
    if len(text) != 2 * size:
        raise ValueError(text)
    return bytes.fromhex(text)


def _leaf(said: bytes) -> bytes:
    return sha256(b"\0" + said).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _middle(first: int, end: int) -> int:
    """Return where the right part of a range begins: the left is the largest power of two."""
    return first + (1 << (end - first - 1).bit_length() - 1)


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Let what is malformed inside be bad, there."""
    try:
        yield
    except MALFORMED as error:
        raise BadError(f"{place} ({error!r})") from error


if __name__ == "__main__":
    sys.exit(main())
