"""Checkpoints: what was said of a log to somebody outside, signed, and kept to be held to it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from storage.audit_keys import public_key, signing_key
from storage.engine import Database
from storage.errors import TamperedError
from storage.notes import TreeHead, origin_of, signed, verifier_key
from storage.schema import checkpoints
from storage.statements import Insert
from storage.tree import Tree, grow, whole

Found = TypeVar("Found")

_insert = Insert(checkpoints, on_conflict="ignore")


class Checkpoint(NamedTuple):
    """A tree head as it was given out: `note` says it, signed; `key` verifies that."""

    size: int
    root: bytes
    note: str
    key: str


class Notary:
    """Signs what the logs are. It never signs what contradicts a checkpoint that it has signed."""

    def __init__(self, database: Database, *, secret: bytes | None = None) -> None:
        """Sign with this Ed25519 key, or with the one that the database keeps."""
        self._database = database
        self._secret = secret
        self._known: Ed25519PrivateKey | None = None

    def key(self, project_id: int, at: datetime) -> str:
        """Return the public key for a project's log, under the log's name."""
        public = public_key(self._key(at))
        return verifier_key(origin_of(public, project_id), public)

    def attest(
        self,
        project_id: int,
        at: datetime,
        find: Callable[[Connection, Tree], Found],
    ) -> tuple[Checkpoint, Found]:
        """Return a checkpoint of all that the log has, and what `find` finds in that state of it.

        Raises:
            TamperedError: the log is not what an earlier checkpoint said.
        """
        tree, is_new, found = self._read(project_id, find)
        checkpoint = self._sign(project_id, tree, at)
        if is_new:
            self._keep(project_id, checkpoint, at)
        return checkpoint, found

    def _read(
        self, project_id: int, find: Callable[[Connection, Tree], Found]
    ) -> tuple[Tree, bool, Found]:
        """Return the tree of the log, whether it has grown since the last checkpoint, and more."""
        has_grown = True
        while True:
            with self._database.reading() as connection:
                tree = whole(connection, project_id)
                if tree is not None:
                    is_new = _check_last(connection, project_id, tree)
                    return tree, is_new, find(connection, tree)
            if not has_grown:
                raise TamperedError(f"the log of project {project_id} lacks events")
            has_grown = grow(self._database, project_id) > 0

    def _sign(self, project_id: int, tree: Tree, at: datetime) -> Checkpoint:
        key = self._key(at)
        origin = origin_of(public_key(key), project_id)
        note = signed(TreeHead(origin, tree.size, tree.root), key)
        return Checkpoint(tree.size, tree.root, note, verifier_key(origin, public_key(key)))

    def _keep(self, project_id: int, checkpoint: Checkpoint, at: datetime) -> None:
        row = (project_id, checkpoint.size, checkpoint.root, checkpoint.note, at)
        with self._database.writing() as connection:
            _insert.run(connection, [row])

    def _key(self, at: datetime) -> Ed25519PrivateKey:
        if self._known is None:
            self._known = signing_key(self._database, given=self._secret, at=at)
        return self._known


def kept(connection: Connection, project_id: int, *, after: int = -1, limit: int) -> Sequence[Any]:
    """Return the first checkpoints of more than `after` events, by size."""
    query = (
        select(checkpoints)
        .where(checkpoints.c.project_id == project_id, checkpoints.c.size > after)
        .order_by(checkpoints.c.size)
        .limit(limit)
    )
    return connection.execute(query).all()


def _check_last(connection: Connection, project_id: int, tree: Tree) -> bool:
    """Hold the log to the last checkpoint; tell whether it has grown since.

    Raises:
        TamperedError: it is not what that checkpoint said.
    """
    last = connection.execute(
        select(checkpoints.c.size, checkpoints.c.root)
        .where(checkpoints.c.project_id == project_id)
        .order_by(checkpoints.c.size.desc())
        .limit(1)
    ).first()
    if last is None:
        return True
    if tree.size <= last.size:
        is_right = (tree.size, tree.root) == (last.size, last.root)
    else:
        is_right = tree.hashes([(0, last.size)]) == [last.root]
    if not is_right:
        raise TamperedError(
            f"the log of project {project_id} is not what the checkpoint of its first"
            f" {last.size} events said; `persons verify` tells where"
        )
    return bool(tree.size > last.size)
