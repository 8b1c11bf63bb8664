import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import delete, select, update

from storage.checkpoints import Notary
from storage.errors import TamperedError
from storage.notes import TreeHead, is_signed
from storage.schema import audit_keys, checkpoints, tree_nodes
from tests.audited import audited, checkpoint, found, live, root_of, small_blocks
from tests.lives import NOW, Lives, march
from tests.tampering import Attack, all_of, flipped, head, rechained, removed

PATIENCE = 10  # seconds


@pytest.fixture
def project(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lives]:
    """A project whose tree is kept in blocks of 4 events."""
    small_blocks(monkeypatch)
    with audited(database_url) as database:
        project = Lives(database)
        yield project
        project.writer.close()


def kept(project: Lives) -> dict[int, bytes]:
    query = select(checkpoints.c.size, checkpoints.c.root)
    with project.database.reading() as connection:
        return {size: root for size, root in connection.execute(query)}


def test_a_checkpoint_is_a_signed_note(project: Lives) -> None:
    live(project)
    given = checkpoint(project)

    text, signature = given.note.split("\n\n")
    origin, size, root_text = text.split("\n")
    dash, name, packed = signature.removesuffix("\n").split(" ")
    assert (int(size), b64decode(root_text)) == (24, root_of(project, 24))
    assert (dash, name) == ("—", origin)
    key_name, key_id, public = given.key.split("+", 2)
    kind, raw = b64decode(public)[:1], b64decode(public)[1:]
    assert (key_name, kind) == (origin, b"\x01")
    assert key_id == sha256(f"{origin}\n".encode() + b"\x01" + raw).digest()[:4].hex()
    assert b64decode(packed)[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(raw).verify(b64decode(packed)[4:], f"{text}\n".encode())


def test_an_empty_log_has_a_checkpoint(project: Lives) -> None:
    assert checkpoint(project).root == sha256(b"").digest()
    assert found(project) == []


def test_what_was_given_out_is_kept_once_for_each_size(project: Lives) -> None:
    first = checkpoint(project)
    project.capture("opened", march(1))
    second = checkpoint(project)

    assert checkpoint(project) == second
    assert kept(project) == {0: first.root, second.size: second.root}


def test_all_sign_with_one_key(project: Lives) -> None:
    notaries = [Notary(project.database) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda each: each.key(project.project_id, NOW), notaries))

    assert len(keys) == 1
    assert Notary(project.database).key(project.project_id, NOW) in keys


def test_a_key_that_is_given_is_not_kept(project: Lives) -> None:
    secret = os.urandom(32)
    Notary(project.database, secret=secret).attest(project.project_id, NOW, lambda *_: None)

    with project.database.reading() as connection:
        (row,) = connection.execute(select(audit_keys)).all()
    assert row.secret is None
    assert found(project) == []


def test_a_note_is_signed_only_by_its_key_and_with_its_words(project: Lives) -> None:
    live(project)
    given = checkpoint(project)
    name, _, key = given.key.split("+", 2)
    public = b64decode(key)[1:]
    said = TreeHead(name, given.size, given.root)

    assert is_signed(given.note, said, [public])
    assert not is_signed(given.note, said, [os.urandom(32)])
    assert not is_signed(given.note, said._replace(size=23), [public])
    assert not is_signed(given.note.replace("\n24\n", "\n23\n"), said, [public])
    assert not is_signed(given.note.replace("— ", "- "), said, [public])
    assert not is_signed(given.note.split("—")[0], said, [public])


@pytest.mark.parametrize(
    "attack", [all_of(removed(24), rechained), all_of(flipped(24, "state"), rechained)]
)
def test_nothing_is_signed_that_contradicts_an_earlier_checkpoint(
    project: Lives, attack: Attack
) -> None:
    live(project)
    with project.database.writing() as connection:
        connection.execute(delete(tree_nodes))
    checkpoint(project)
    with project.database.writing() as connection:
        connection.execute(delete(tree_nodes))
        attack(connection, project.project_id)

    with pytest.raises(TamperedError, match="checkpoint of its first 24 events"):
        checkpoint(project)


def test_between_two_checkpoints_the_changed_events_are_named(project: Lives) -> None:
    project.capture("opened", march(1), plan="free")
    checkpoint(project)
    project.capture("opened", march(2), plan="pro")
    project.capture("opened", march(3), plan="free")
    checkpoint(project)
    with project.database.writing() as connection:
        connection.execute(delete(tree_nodes))
        all_of(flipped(4, "state"), rechained)(connection, project.project_id)

    assert "3: events 3 to 4 are not those of the checkpoint at 4" in found(project)


@pytest.mark.parametrize(
    "forgery",
    [
        {"root": bytes(32)},
        {"note": "persons-store/0/1\n24\nAAAA\n\n— persons-store/0/1 AAAA\n"},
        {"note": ""},
    ],
)
def test_a_forged_checkpoint_is_found(project: Lives, forgery: dict[str, object]) -> None:
    live(project)
    checkpoint(project)
    with project.database.writing() as connection:
        connection.execute(update(checkpoints).values(forgery))

    assert "24: the checkpoint at 24 is not what was signed" in found(project)


def test_a_checkpoint_of_an_unknown_key_is_found(project: Lives) -> None:
    live(project)
    checkpoint(project)
    with project.database.writing() as connection:
        connection.execute(delete(audit_keys))
    secret = b64encode(os.urandom(32))
    Notary(project.database, secret=b64decode(secret)).key(project.project_id, NOW)

    assert "24: the checkpoint at 24 is not what was signed" in found(project)


@pytest.mark.parametrize(
    ("column", "value"), [("public", bytes(32)), ("secret", bytes(32)), ("secret", b"short")]
)
def test_a_changed_key_is_found(project: Lives, column: str, value: bytes) -> None:
    live(project)
    checkpoint(project)
    with project.database.writing() as connection:
        connection.execute(update(audit_keys).values({column: value}))
        (public,) = connection.execute(select(audit_keys.c.public)).scalars()

    assert f"None: the key {public.hex()} that signs checkpoints was changed" in found(project)


@pytest.mark.parametrize(
    "attack", [removed(12), head(position=30), head(position=10_000), removed(*range(1, 25))]
)
def test_nothing_is_signed_of_a_log_that_lacks_events(project: Lives, attack: Attack) -> None:
    live(project)
    with project.database.writing() as connection:
        attack(connection, project.project_id)

    with pytest.raises(TamperedError):
        checkpoint(project)
