"""Checkpoints as text: what a log was at some size, signed, in a form that others read too.

Source: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
"""The byte that stands for this kind of key."""


class TreeHead(NamedTuple):
    """The root of the tree over the first `size` events of the log that `origin` names."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def origin_of(public: bytes, project_id: int) -> str:
    """Return the name of a project's log: no other log has it, whoever signs with other keys."""
    return f"persons-store/{sha256(public).hexdigest()[:16]}/{project_id}"


def verifier_key(name: str, public: bytes) -> str:
    """Return a public key under a name, as tools that verify notes take it."""
    return f"{name}+{_key_id(name, public).hex()}+{b64encode(ED25519 + public).decode()}"


def signed(head: TreeHead, key: Ed25519PrivateKey) -> str:
    """Return the note: what the head says, and the signature of the key named as its origin."""
    text = head.text()
    public = key.public_key().public_bytes_raw()
    signature = _key_id(head.origin, public) + key.sign(text.encode())
    return f"{text}\n\N{EM DASH} {head.origin} {b64encode(signature).decode()}\n"


def is_signed(note: str, head: TreeHead, publics: Iterable[bytes]) -> bool:
    """Tell whether a note says this head, signed by one of the keys under the name of its log."""
    text, _, signatures = note.rpartition("\n\n")
    lines = [line.split(" ") for line in signatures.splitlines()]
    by_name = [line[2] for line in lines if line[:2] == ["\N{EM DASH}", head.origin] and line[2:]]
    return f"{text}\n" == head.text() and any(
        _is_valid(signature, head, public) for signature in by_name for public in publics
    )


def _is_valid(signature: str, head: TreeHead, public: bytes) -> bool:
    key_id = _key_id(head.origin, public)
    with suppress(ValueError, InvalidSignature):
        raw = b64decode(signature, validate=True)
        if raw.startswith(key_id):
            key = Ed25519PublicKey.from_public_bytes(public)
            key.verify(raw[len(key_id) :], head.text().encode())
            return True
    return False


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]
