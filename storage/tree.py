"""The Merkle tree over a project's log, kept in blocks: it grows behind the log, and on demand.

Leaf n is the event at position n + 1: all that the log says of it, with its state and salt behind
their commitment, so the tree stays as it is when these are erased. What is kept are blocks of
leaves and the nodes above them; the few leaves behind the last block are read from the log.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, func, select, tuple_

from storage import chain, log
from storage.engine import Database
from storage.errors import TamperedError
from storage.merkle import Frontier, Node, Range, complete_hash, leaf_hash, nodes_of, range_hash
from storage.queries import Query
from storage.schema import events, tree_nodes
from storage.statements import Insert
from storage.values import as_time, as_uuid

BLOCK_LEVEL = 8
BLOCK = 1 << BLOCK_LEVEL  # leaves
HASH = 32  # bytes
AT_ONCE = 16 * BLOCK  # leaves that are kept together
MAX_REST = 4 * BLOCK  # leaves behind the last block that are read whenever a tree is needed
NODES_AT_ONCE = 500  # that are read together

_insert_nodes = Insert(tree_nodes, on_conflict="ignore")


def grow(database: Database, project_id: int) -> int:
    """Keep the next blocks that the log has by now; return how many leaves they have, 0 for none.

    Others may do the same meanwhile: what they keep is the same.

    Raises:
        TamperedError: some of what was kept is not there any more.
    """
    with database.reading() as connection:
        rows = _next_blocks(connection, project_id)
    if rows:
        with database.writing() as connection:
            _insert_nodes.run(connection, rows)
    return sum(BLOCK for row in rows if row[1] == BLOCK_LEVEL)


def kept_size(connection: Connection, project_id: int) -> int:
    """Return how many leaves all blocks have together."""
    query = select(func.max(tree_nodes.c.place)).where(
        tree_nodes.c.project_id == project_id, tree_nodes.c.level == BLOCK_LEVEL
    )
    last = connection.execute(query).scalar()
    return 0 if last is None else (last + 1) * BLOCK


def _next_blocks(connection: Connection, project_id: int) -> list[tuple[Any, ...]]:
    """Return rows: the next blocks, and the nodes above that are complete with them."""
    size = kept_size(connection, project_id)
    if log.head_position(connection, project_id) - size < BLOCK:
        return []
    frontier = _kept_frontier(connection, project_id, size)
    leaves = list(read_leaves(connection, project_id, size, size + AT_ONCE))
    rows = []
    for start in range(0, len(leaves) - BLOCK + 1, BLOCK):
        block = leaves[start : start + BLOCK]
        for (level, place), hash in frontier.add(complete_hash(block), level=BLOCK_LEVEL):
            below = b"".join(block) if level == BLOCK_LEVEL else None
            rows.append((project_id, level, place, hash, below))
    return rows


def _kept_frontier(connection: Connection, project_id: int, size: int) -> Frontier:
    """Return the frontier of the tree of `size` leaves, all of them in blocks that are kept.

    Raises:
        TamperedError: some of it is not there any more.
    """
    nodes = nodes_of(0, size)
    hashes = {node: hash for node, hash, _ in read_nodes(connection, project_id, nodes)}
    return Frontier(size, _all(hashes, nodes))


def read_leaves(connection: Connection, project_id: int, first: int, end: int) -> Iterator[bytes]:
    """Yield the hashes of leaves, from the events in the log, in order."""
    bounds = {"project_id": project_id, "after": first, "until": end}
    for row in _events.run(connection, bounds):
        position, person_id, version, topic, state, recorded_at, *bound = row
        place = position, as_uuid(person_id), version
        yield leaf_hash(chain.said_by((*place, topic, state, as_time(recorded_at), *bound)))


@Query
def _events(dialect: str) -> Select[Any]:
    return log.LINKS.where(
        events.c.project_id == bindparam("project_id", type_=BigInteger),
        events.c.position > bindparam("after", type_=BigInteger),
        events.c.position <= bindparam("until", type_=BigInteger),
    ).order_by(events.c.position)


def read_nodes(
    connection: Connection, project_id: int, nodes: Iterable[Node]
) -> Iterator[tuple[Node, bytes, bytes | None]]:
    """Yield those of the nodes that are kept, with their hashes; and of blocks the leaves."""
    key = tuple_(tree_nodes.c.level, tree_nodes.c.place)
    query = select(tree_nodes.c.level, tree_nodes.c.place, tree_nodes.c.hash, tree_nodes.c.leaves)
    asked = list(nodes)
    for start in range(0, len(asked), NODES_AT_ONCE):
        some = asked[start : start + NODES_AT_ONCE]
        found = query.where(tree_nodes.c.project_id == project_id, key.in_(some))
        for level, place, hash, leaves in connection.execute(found):
            yield (level, place), hash, leaves


def whole(connection: Connection, project_id: int) -> "Tree | None":
    """Return the tree over all of a log; None where it must `grow` first, to be had quickly."""
    kept, size = kept_size(connection, project_id), log.head_position(connection, project_id)
    if size - kept > MAX_REST:
        return None
    # Where the log was cut, blocks of what is gone count for nothing.
    return Tree(connection, project_id, size=size, kept=min(kept, size // BLOCK * BLOCK))


class Tree:
    """The tree over the first `size` events of a project's log, as one transaction sees it."""

    def __init__(self, connection: Connection, project_id: int, *, size: int, kept: int) -> None:
        """Take the hashes of the first `kept` events from blocks, and the others from the log.

        Raises:
            TamperedError: some of what was kept, or of the log, is not there any more.
        """
        self._connection = connection
        self._project_id = project_id
        self.size = size
        frontier = _kept_frontier(connection, project_id, kept)
        self._known: dict[Node, bytes] = {}
        for leaf in read_leaves(connection, project_id, kept, size):
            self._known |= frontier.add(leaf)
        if frontier.size != size:
            raise TamperedError(f"the log has {frontier.size} of its {size} events")
        self.root = frontier.root()

    def hashes(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return the hashes of ranges of leaves, such as `storage.merkle` asks for.

        Raises:
            TamperedError: what they are made of is not there any more.
        """
        wanted = [nodes_of(*each) for each in ranges]
        self._load({node for nodes in wanted for node in nodes} - self._known.keys())
        return [range_hash(_all(self._known, nodes)) for nodes in wanted]

    def _load(self, nodes: set[Node]) -> None:
        """Read nodes that stand above blocks, and make those that stand in them."""
        inside: dict[Node, list[Node]] = {}
        for level, place in nodes:
            if level < BLOCK_LEVEL:
                block = (BLOCK_LEVEL, place >> BLOCK_LEVEL - level)
                inside.setdefault(block, []).append((level, place))
        asked = {node for node in nodes if node[0] >= BLOCK_LEVEL} | inside.keys()
        for node, hash, leaves in read_nodes(self._connection, self._project_id, asked):
            self._known[node] = hash
            for level, place in inside.get(node, ()):
                self._known[level, place] = _hash_in(leaves or b"", level, place)


def _hash_in(leaves: bytes, level: int, place: int) -> bytes:
    """Return the hash of a node that stands in a block."""
    first = (place << level) % BLOCK
    starts = range(first * HASH, (first + (1 << level)) * HASH, HASH)
    return complete_hash([leaves[start : start + HASH] for start in starts])


def _all(hashes: dict[Node, bytes], nodes: Iterable[Node]) -> list[bytes]:
    try:
        return [hashes[node] for node in nodes]
    except KeyError as missing:
        raise TamperedError(f"node {missing} of the log's tree is missing") from None
