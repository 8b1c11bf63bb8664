"""Whether a log is what was said of it: the tree that is kept of it, and all its checkpoints."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from projections.verifying.findings import Finding
from storage.audit_keys import changed_keys, public_keys
from storage.checkpoints import kept
from storage.merkle import Frontier, Node, complete_hash
from storage.notes import TreeHead, is_signed, origin_of
from storage.tree import BLOCK, BLOCK_LEVEL, HASH, kept_size, read_nodes

PAGE = 100  # checkpoints read at once

Block = tuple[Node, bytes, Sequence[bytes] | None]
"""A node, its hash, and the leaves below it, if it is a block."""


class TreeCheck:
    """Builds a project's tree anew as its leaves go by, and compares; looks at the keys as well."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self.findings = [
            Finding(project_id, f"the key {key.hex()} that signs checkpoints was changed")
            for key in changed_keys(connection)
        ]
        self.checkpoints = 0
        self._connection = connection
        self._project_id = project_id
        self._publics = public_keys(connection)
        self._kept_size = kept_size(connection, project_id)
        self._frontier = Frontier()
        self._rest: list[bytes] = []
        self._sayings = _all_kept(connection, project_id)
        self._next = next(self._sayings, None)
        self._right_until = 0
        self._is_rewritten = False

    @property
    def size(self) -> int:
        """Return how many leaves have gone by."""
        return self._frontier.size + len(self._rest)

    def watch(self, leaves: Sequence[bytes]) -> None:
        """Check the hashes of a log's next leaves."""
        blocks: list[Block] = []
        self._rest += leaves
        while len(self._rest) >= BLOCK:
            self._check_checkpoints(self._frontier.size + BLOCK)
            block, self._rest = self._rest[:BLOCK], self._rest[BLOCK:]
            for node, hash in self._frontier.add(complete_hash(block), level=BLOCK_LEVEL):
                blocks.append((node, hash, block if node[0] == BLOCK_LEVEL else None))
        self._check_checkpoints(self.size)
        self._check_nodes(blocks)

    def _check_checkpoints(self, until: int) -> None:
        """Check those of at most `until` events: all leaves of the last block are at hand."""
        while self._next and self._next.size <= until:
            root = self._frontier.root(self._rest[: self._next.size - self._frontier.size])
            if root == self._next.root:
                self._right_until = self._next.size
            elif not self._is_rewritten:
                self._is_rewritten = True
                first, last = self._right_until + 1, self._next.size
                detail = f"events {first} to {last} are not those of the checkpoint at {last}"
                self._find(detail, first)
            self._check_signature(self._next)
            self._next = next(self._sayings, None)

    def _check_signature(self, checkpoint: Any) -> None:
        self.checkpoints += 1
        heads = [
            (TreeHead(origin_of(each, self._project_id), checkpoint.size, checkpoint.root), each)
            for each in self._publics
        ]
        if not any(is_signed(checkpoint.note, head, [public]) for head, public in heads):
            detail = f"the checkpoint at {checkpoint.size} is not what was signed"
            self._find(detail, checkpoint.size)

    def _check_nodes(self, blocks: Sequence[Block]) -> None:
        kept = [each for each in blocks if _end(each[0]) <= self._kept_size]
        nodes = [node for node, _, _ in kept]
        found = {
            node: (hash, leaves)
            for node, hash, leaves in read_nodes(self._connection, self._project_id, nodes)
        }
        for node, hash, leaves in kept:
            if node not in found:
                self._find(f"node {node} of the tree is missing", _end(node))
                continue
            kept_hash, kept_leaves = found[node]
            changed = list(_changed(node, leaves, kept_leaves)) if leaves else []
            for position in changed:
                self._find("the event is not the one in the tree", position)
            if kept_hash != hash and not changed:
                self._find(f"node {node} of the tree is not the hash of its events", _end(node))

    def finish(self) -> None:
        """Check that the log is not shorter than was said of it before."""
        self._check_checkpoints(self.size)
        while self._next:
            detail = f"the log ends before the checkpoint at {self._next.size}: its tail is missing"
            self._find(detail, self.size + 1)
            self._check_signature(self._next)
            self._next = next(self._sayings, None)
        if self._kept_size > self.size:
            detail = f"the log ends before its tree, at {self._kept_size}: its tail is missing"
            self._find(detail, self.size + 1)

    def _find(self, detail: str, position: int) -> None:
        self.findings.append(Finding(self._project_id, detail, position))


def _all_kept(connection: Connection, project_id: int) -> Iterator[Any]:
    after = -1
    while rows := kept(connection, project_id, after=after, limit=PAGE):
        yield from rows
        after = rows[-1].size


def _end(node: Node) -> int:
    """Return the position of the last event below a node."""
    level, place = node
    return place + 1 << level


def _changed(node: Node, leaves: Sequence[bytes], kept: bytes | None) -> Iterator[int]:
    """Yield the positions of a block's leaves that are not those that are kept."""
    for at, leaf in enumerate(leaves):
        if (kept or b"")[at * HASH : (at + 1) * HASH] != leaf:
            yield node[1] * BLOCK + at + 1
