from collections.abc import Iterator, Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.audit_check import Checkpoint, range_root, range_roots
from storage.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    nodes_of,
    split,
)

MAX_SIZE = 70
LEAVES = [leaf_hash(str(place).encode()) for place in range(MAX_SIZE)]

# The leaves and roots with which Certificate Transparency tests its logs.
KNOWN_LEAVES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root as RFC 6962 defines it, without keeping anything."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    middle = split(0, len(leaves))
    return node_hash(root_of(leaves[:middle]), root_of(leaves[middle:]))


def hashes(ranges: Iterator[tuple[int, int]]) -> list[bytes]:
    return [root_of(LEAVES[first:end]) for first, end in ranges]


def grown(leaves: Sequence[bytes]) -> Frontier:
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier


def proven_root(size: int, places: Sequence[int], given: Sequence[bytes]) -> bytes:
    leaves = {place: LEAVES[place] for place in places}
    left = iter(given)
    root = range_root((0, size), leaves, sorted(places), left)
    assert next(left, None) is None
    return root


def proven_roots(old: int, new: int, given: Sequence[bytes]) -> tuple[bytes, bytes]:
    checkpoint = Checkpoint("log", old, root_of(LEAVES[:old]), "", "", {})
    left = iter(given)
    roots = range_roots(checkpoint, (0, new), left, is_first=True)
    assert next(left, None) is None
    return roots


@pytest.mark.parametrize("size", range(1, len(KNOWN_ROOTS) + 1))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    leaves = [leaf_hash(leaf) for leaf in KNOWN_LEAVES[:size]]

    assert grown(leaves).root().hex() == KNOWN_ROOTS[size - 1]
    assert root_of(leaves).hex() == KNOWN_ROOTS[size - 1]


def test_the_empty_tree_has_a_root() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", range(MAX_SIZE + 1))
def test_a_tree_that_grew_is_the_tree_made_at_once(size: int) -> None:
    assert grown(LEAVES[:size]).root() == root_of(LEAVES[:size])


@pytest.mark.parametrize("size", range(MAX_SIZE + 1))
def test_a_tree_goes_on_from_the_nodes_of_a_frontier(size: int) -> None:
    nodes = [
        root_of(LEAVES[place << level : place + 1 << level]) for level, place in nodes_of(0, size)
    ]
    frontier = Frontier(size, nodes)
    for leaf in LEAVES[size:]:
        frontier.add(leaf)

    assert frontier.root() == root_of(LEAVES)


@pytest.mark.parametrize("blocks", range(9))
@pytest.mark.parametrize("rest", range(8))
def test_a_tree_of_blocks_and_some_leaves_has_the_root_of_all(blocks: int, rest: int) -> None:
    frontier = Frontier()
    for start in range(0, blocks * 8, 8):
        frontier.add(root_of(LEAVES[start : start + 8]), level=3)
    size = blocks * 8 + rest

    assert frontier.root(LEAVES[blocks * 8 : size]) == root_of(LEAVES[:size])


@pytest.mark.parametrize("size", range(1, MAX_SIZE + 1))
def test_every_leaf_is_proven_to_be_in_the_tree(size: int) -> None:
    for place in range(size):
        proof = hashes(inclusion(size, [place]))

        assert proven_root(size, [place], proof) == root_of(LEAVES[:size])
        assert len(proof) <= (size - 1).bit_length()


@given(st.data())
def test_many_leaves_are_proven_with_each_hash_once(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MAX_SIZE))
    places = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))

    ranges = list(inclusion(size, places))

    assert proven_root(size, places, hashes(iter(ranges))) == root_of(LEAVES[:size])
    left_out = {place for first, end in ranges for place in range(first, end)}
    assert left_out == set(range(size)) - set(places)
    assert sum(end - first for first, end in ranges) == len(left_out)


@given(st.data())
def test_no_other_hash_proves_a_leaf(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MAX_SIZE))
    place = data.draw(st.integers(0, size - 1))
    proof = hashes(inclusion(size, [place]))
    wrong = data.draw(st.integers(0, len(proof) - 1))
    proof[wrong] = bytes(32)

    assert proven_root(size, [place], proof) != root_of(LEAVES[:size])


@pytest.mark.parametrize("new", range(1, MAX_SIZE + 1))
def test_every_earlier_tree_is_proven_to_be_the_beginning(new: int) -> None:
    for old in range(1, new):
        proof = hashes(consistency(old, new))

        assert proven_roots(old, new, proof) == (root_of(LEAVES[:old]), root_of(LEAVES[:new]))


def test_nothing_proves_what_is_the_same_or_was_empty() -> None:
    assert list(consistency(7, 7)) == list(consistency(0, 7)) == []


def test_a_consistency_proof_is_that_of_the_rfc() -> None:
    # Section 2.1.3: PROOF(3, D[7]) = [c, d, g, l], PROOF(4, D[7]) = [l], PROOF(6, D[7]) = [i, j, k]
    c, d, g, l_ = (2, 3), (3, 4), (0, 2), (4, 7)

    assert list(consistency(3, 7)) == [c, d, g, l_]
    assert list(consistency(4, 7)) == [l_]
    assert list(consistency(6, 7)) == [(4, 6), (6, 7), (0, 4)]


@given(st.data())
def test_another_beginning_is_not_proven(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, MAX_SIZE))
    old = data.draw(st.integers(1, new - 1))
    proof = hashes(consistency(old, new))
    wrong = data.draw(st.integers(0, len(proof) - 1))
    proof[wrong] = bytes(32)

    roots = root_of(LEAVES[:old]), root_of(LEAVES[:new])
    assert proven_roots(old, new, proof) != roots
