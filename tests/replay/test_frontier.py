"""A tree grows as RFC 9162 says, leaf by leaf or many at once, and from what the database keeps of it."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.identifiers import Commune
from replay.sealing.merkle import EMPTY_ROOT, STEP, Frontier, leaf_hash, perfect_root
from replay.sealing.seal import frontier, seal_once
from tests.replay.lines import Connection, committed, leader, reference_root, sealed
from tests.servers import Database

LINES = [f"line {number}".encode() for number in range(66_000)]
LEAVES = [leaf_hash(line) for line in LINES]
GROWING = Commune("grandissante")


@example(size=0)
@example(size=1)
@example(size=255)
@example(size=256)
@example(size=257)
@example(size=511)
@example(size=513)
@example(size=65_535)
@example(size=65_536)
@example(size=65_537)
@settings(max_examples=30)
@given(size=st.integers(1, len(LINES)))
def test_the_root_is_that_of_the_rfc(size: int):
    tree = Frontier()
    tree.extend(LEAVES[:size])
    assert tree.root() == reference_root(LINES[:size])


def test_an_empty_tree_has_the_hash_of_nothing():
    assert Frontier().root() == EMPTY_ROOT == reference_root([])


@settings(max_examples=50)
@given(parts=st.lists(st.integers(0, 700), max_size=8))
def test_leaves_may_come_one_by_one_or_many_at_once(parts: list[int]):
    at_once, one_by_one = Frontier(), Frontier()
    start = 0
    for count in parts:
        some = LEAVES[start : start + count]
        assert at_once.extend(some) == [node for leaf in some for node in one_by_one.add(leaf)]
        start += count
    assert at_once == one_by_one


def test_the_subtrees_that_are_full_are_told_once_and_in_order():
    full = Frontier().extend(LEAVES)
    assert [(node.height, node.ordinal) for node in full if node.height == 2 * STEP] == [(16, 0)]
    low = [node for node in full if node.height == STEP]
    assert [node.ordinal for node in low] == list(range(len(LEAVES) // 256))
    assert all(node.hash == perfect_root(LEAVES[at * 256 : at * 256 + 256]) for at, node in enumerate(low))


@pytest.fixture(scope="module")
def growing(module_database: Database) -> Iterator[Connection]:
    with leader(module_database) as connection:
        yield connection


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537])
def test_a_tree_goes_on_from_what_the_database_keeps_of_it(module_database: Database, growing: Connection, size: int):
    grown = len(sealed(module_database, GROWING))
    for start in range(grown + 1, size + 1, 20_000):
        committed(module_database, "a", *range(start, min(start + 20_000, size + 1)), town=GROWING)
    trees = seal_once(growing)
    tree = frontier(growing, GROWING, size)
    lines = [line.stored for line in sealed(module_database, GROWING)]
    assert trees[GROWING] == (size - grown, size, reference_root(lines))
    assert tree.root() == reference_root(lines)
    fresh = Frontier()
    fresh.extend([leaf_hash(line) for line in lines])
    assert (tree.size, [tail for tail in tree.tails if tail]) == (fresh.size, [tail for tail in fresh.tails if tail])
