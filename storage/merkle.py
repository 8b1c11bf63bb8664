"""The Merkle tree of RFC 6962 over a row of leaves: which parts make its root, and prove it.

Leaves are counted from 0. A range `(first, end)` leaves out `end`; a node `(level, place)` is the
range of the 2**level leaves from place * 2**level on. Source: RFC 6962, section 2.1.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
Node: TypeAlias = tuple[int, int]

EMPTY_ROOT = sha256().digest()
"""The root of the tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return sha256(b"\1" + left + right).digest()


def range_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the root above the hashes of complete nodes, from the largest to the smallest."""
    if not hashes:
        return EMPTY_ROOT
    *rest, root = hashes
    for each in reversed(rest):
        root = node_hash(each, root)
    return root


def complete_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of the complete node above a power of two of others."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    return hashes[0]


def nodes_of(first: int, end: int) -> list[Node]:
    """Return the complete nodes of which a range consists, from left to right.

    `first` is 0, or divided by a power of two that the range is no longer than.
    """
    nodes = []
    while first < end:
        level = (end - first).bit_length() - 1
        nodes.append((level, first >> level))
        first += 1 << level
    return nodes


def split(first: int, end: int) -> int:
    """Return where the right part of a range of two or more leaves begins."""
    return first + (1 << (end - first - 1).bit_length() - 1)


def inclusion(size: int, places: Sequence[int]) -> Iterator[Range]:
    """Yield the ranges whose hashes, with some leaves, make the root; from left to right.

    `places` are those of the leaves, in order. Each range is there once, whichever leaves need it;
    for a single leaf they are its audit path.
    """
    yield from _without(0, size, places)


def _without(first: int, end: int, places: Sequence[int]) -> Iterator[Range]:
    if not places:
        if first < end:
            yield first, end
    elif end - first > 1:
        middle = split(first, end)
        yield from _without(first, middle, [each for each in places if each < middle])
        yield from _without(middle, end, [each for each in places if each >= middle])


def consistency(old: int, new: int) -> Iterator[Range]:
    """Yield the ranges whose hashes prove that the first `old` of `new` leaves are the old tree."""
    if 0 < old < new:
        yield from _subproof(old, (0, new), is_old_root_known=True)


def _subproof(old: int, range: Range, *, is_old_root_known: bool) -> Iterator[Range]:
    first, end = range
    if old == end:
        if not is_old_root_known:
            yield range
        return
    middle = split(first, end)
    if old <= middle:
        yield from _subproof(old, (first, middle), is_old_root_known=is_old_root_known)
        yield middle, end
    else:
        yield from _subproof(old, (middle, end), is_old_root_known=False)
        yield first, middle


class Frontier:
    """The complete nodes of which a growing tree consists: all that its further growth needs."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Begin with the tree of `size` leaves, whose `nodes_of(0, size)` have these hashes."""
        self.size = size
        self._hashes = list(hashes)

    def add(self, hash: bytes, *, level: int = 0) -> list[tuple[Node, bytes]]:
        """Add a node where the tree ends; return it, and each above it that is complete now.

        `level` must divide what is there already: a tree grows by leaves, or by larger nodes.
        """
        place = self.size >> level
        self.size += 1 << level
        complete = [((level, place), hash)]
        while place & 1:
            hash = node_hash(self._hashes.pop(), hash)
            level, place = level + 1, place >> 1
            complete.append(((level, place), hash))
        self._hashes.append(hash)
        return complete

    def root(self, rest: Sequence[bytes] = ()) -> bytes:
        """Return the root of the tree as it is now, or would be with some more leaves."""
        first = self.size
        hashes = list(self._hashes)
        for level, place in nodes_of(first, first + len(rest)):
            start = (place << level) - first
            hashes.append(complete_hash(rest[start : start + (1 << level)]))
        return range_hash(hashes)
