"""The tree the seal grows: RFC 9162, section 2.1. Roots, and proofs that a line is in it or that it only grew. Pure.

Hashes of perfect subtrees are named by their height and their index among those of their height, from the left: a leaf
is (0, index).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

STEP: Final = 8
"""The heights whose hashes are kept are multiples of this: a proof hashes a few hundred others anew."""
WIDTH: Final = 2**STEP
EMPTY_ROOT: Final = sha256(b"").digest()

Subtrees = Callable[[int, int], bytes]
"""The hash of the perfect subtree of a height and an index."""


def leaf_hash(stored: bytes) -> bytes:
    """The leaf an entry is, from its stored bytes."""
    return sha256(b"\x00" + stored).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two others."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root above some hashes of one height, as many as a power of two."""
    level = list(hashes)
    assert level, "no hash"
    assert len(level) & (len(level) - 1) == 0, "not a power of two"
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


class Node(NamedTuple):
    """The hash of a perfect subtree that is full now."""

    height: int
    ordinal: int
    hash: bytes


@dataclass(slots=True)
class Frontier:
    """What a tree needs to grow: how many leaves it has and, of each kept height, the hashes not under a full one."""

    size: int = 0
    tails: list[list[bytes]] = field(default_factory=lambda: [[]])

    def add(self, leaf: bytes) -> list[Node]:
        """The tree with one leaf more; the subtrees of kept heights it fills, lowest first."""
        return self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> list[Node]:
        """The tree with some leaves more; the subtrees of kept heights they fill, in the order they are filled."""
        full: list[Node] = []
        taken = 0
        while taken < len(leaves):
            some = leaves[taken : taken + WIDTH - len(self.tails[0])]
            self.tails[0].extend(some)
            self.size += len(some)
            taken += len(some)
            full += self._filled()
        return full

    def _filled(self) -> list[Node]:
        """The subtrees the last leaf filled; their hashes are not needed any more."""
        full: list[Node] = []
        for level, tail in enumerate(self.tails):
            if len(tail) < WIDTH:
                return full
            if level + 1 == len(self.tails):
                self.tails.append([])
            above = perfect_root(tail)
            tail.clear()
            self.tails[level + 1].append(above)
            height = (level + 1) * STEP
            full.append(Node(height, (self.size >> height) - 1, above))
        return full

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        root: bytes | None = None
        for tail in self.tails:
            for perfect in reversed(_perfects(tail)):
                root = perfect if root is None else node_hash(perfect, root)
        return EMPTY_ROOT if root is None else root


def _perfects(tail: Sequence[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees some hashes of one height make, the widest first."""
    roots, start = [], 0
    for bit in reversed(range(len(tail).bit_length())):
        if len(tail) >> bit & 1:
            roots.append(perfect_root(tail[start : start + (1 << bit)]))
            start += 1 << bit
    return roots


def root_at(size: int, subtrees: Subtrees) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else _range(0, size, subtrees)


def inclusion(index: int, size: int, subtrees: Subtrees) -> list[bytes]:
    """The hashes that lead from a leaf to the root of the tree of a size. Raises ValueError without such a leaf."""
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(_range(middle, end, subtrees))
            end = middle
        else:
            path.append(_range(start, middle, subtrees))
            start = middle
    return path[::-1]


def consistency(first: int, second: int, subtrees: Subtrees) -> list[bytes]:
    """The hashes that show that the tree of a size became that of another by growing only.

    Raises ValueError unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError("the first tree is empty or larger than the second")
    path: list[bytes] = []
    start, end, whole = 0, second, True
    while first != end:
        middle = start + _left(end - start)
        if first <= middle:
            path.append(_range(middle, end, subtrees))
            end = middle
        else:
            path.append(_range(start, middle, subtrees))
            start, whole = middle, False
    if not whole:
        path.append(_range(start, end, subtrees))
    return path[::-1]


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Iterable[bytes]) -> bytes:
    """The root a proof of inclusion leads to. Raises ValueError when it cannot be the proof of such a leaf."""
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    node, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the proof is too long")
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return root


def roots_from_consistency(first: int, second: int, first_root: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of the two trees a proof of consistency leads to; `first_root` is what is known of the first.

    Raises ValueError when it cannot be a proof between such trees.
    """
    if not 0 < first <= second:
        raise ValueError("the first tree is empty or larger than the second")
    if first == second:
        if path:
            raise ValueError("the proof is too long")
        return first_root, first_root
    hashes = list(path)
    if first & (first - 1) == 0:
        hashes.insert(0, first_root)
    if not hashes:
        raise ValueError("the proof is too short")
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ValueError("the proof is too long")
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return before, after


def _left(count: int) -> int:
    """How many of some leaves are on the left: the largest power of two below their number."""
    return 1 << (count - 1).bit_length() - 1


def _range(start: int, end: int, subtrees: Subtrees) -> bytes:
    """The root above the leaves from `start` on, before `end`; `start` is where a subtree so wide may begin."""
    count = end - start
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return subtrees(height, start >> height)
    middle = start + _left(count)
    return node_hash(_range(start, middle, subtrees), _range(middle, end, subtrees))
