"""A Merkle tree over a list of entries, as RFC 6962, section 2.1, defines it: its root, and the proofs about it.

Roots and proofs are made of complete subtrees. A `Node` gives the hash of one: of the 2**level leaves that begin at
leaf index * 2**level. Where it has it from is its own business.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

Node = Callable[[int, int], bytes]

ROOT_OF_NOTHING = sha256().digest()


class BadProofError(ValueError):
    """The proof is not one for a tree of that size."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes whose number is a power of two."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def root_of(size: int, node: Node) -> bytes:
    """Return the root of the tree over the first `size` leaves."""
    return _hash_of(0, size, node) if size else ROOT_OF_NOTHING


def inclusion_path(index: int, size: int, node: Node) -> list[bytes]:
    """Return the hashes that lead from leaf `index` to the root of the tree over `size` leaves, lowest first."""
    if not 0 <= index < size:
        raise BadProofError(f"There is no leaf {index} in a tree of {size}.")
    path, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _left_part(end - begin)
        if index < middle:
            path.append(_hash_of(middle, end, node))
            end = middle
        else:
            path.append(_hash_of(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency_path(first: int, second: int, node: Node) -> list[bytes]:
    """Return the hashes that show that the tree over `second` leaves begins with the one over `first`."""
    if not 0 < first <= second:
        raise BadProofError(f"A tree of {first} leaves is no beginning of one of {second}.")
    path, begin, end = [], 0, second
    while end != first:
        middle = begin + _left_part(end - begin)
        if first <= middle:
            path.append(_hash_of(middle, end, node))
            end = middle
        else:
            path.append(_hash_of(begin, middle, node))
            begin = middle
    if begin:  # what both end with is no complete subtree of the first tree by itself
        path.append(_hash_of(begin, end, node))
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion path leads to (RFC 9162, section 2.1.3.2).

    Raises:
        BadProofError: the path is longer or shorter than one of a tree of `size` leaves.
    """
    if not 0 <= index < size:
        raise BadProofError(f"There is no leaf {index} in a tree of {size}.")
    at, last, reached = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise BadProofError("The path is longer than the tree is high.")
        if at % 2 or at == last:
            reached = node_hash(sibling, reached)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            reached = node_hash(reached, sibling)
        at, last = at // 2, last // 2
    if last:
        raise BadProofError("The path ends before the root.")
    return reached


def _hash_of(begin: int, end: int, node: Node) -> bytes:
    width = end - begin
    if width & (width - 1) == 0:  # within a tree, a part whose width is a power of two begins at a multiple of it
        return node(width.bit_length() - 1, begin // width)
    middle = begin + _left_part(width)
    return node_hash(_hash_of(begin, middle, node), _hash_of(middle, end, node))


def _left_part(width: int) -> int:
    """Return the largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)
