"""The tree of a town is read from its rows: every root and every proof, in few questions, and never from elsewhere."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.identifiers import Commune
from replay.sealing import tree
from replay.sealing.merkle import EMPTY_ROOT, root_from_inclusion, roots_from_consistency
from replay.sealing.tree import BrokenTreeError, Connection, Tree
from tests.replay.trees import connected, grow, plain_root
from tests.servers import Database

TOWN, WIDE = Commune("valmont"), Commune("grandville")
SIZE = 65_536 + 256 * 3 + 77
sizes = st.one_of(st.integers(1, SIZE), st.sampled_from([1, 255, 256, 257, 65_535, 65_536, 65_537, SIZE]))


@pytest.fixture(scope="module")
def connection(module_database: Database) -> Iterator[Connection]:
    with connected(module_database) as made:
        yield made


@pytest.fixture(scope="module")
def leaves(connection: Connection) -> list[bytes]:
    return grow(connection, WIDE, SIZE)


def test_a_town_without_a_line_has_the_empty_tree(connection: Connection):
    assert tree.head(connection, TOWN) == (0, EMPTY_ROOT)


def test_the_head_is_the_root_above_every_leaf(connection: Connection, leaves: list[bytes]):
    assert tree.head(connection, WIDE) == (SIZE, plain_root(leaves))


@settings(max_examples=60)
@example(size=65_536)
@example(size=256)
@given(size=sizes)
def test_the_root_at_any_size_is_that_of_its_leaves(connection: Connection, leaves: list[bytes], size: int):
    assert Tree(connection, WIDE).root_at(size) == plain_root(leaves[:size])


@settings(max_examples=100)
@example(size=SIZE, position=5)
@example(size=65_537, position=1)
@given(size=sizes, position=sizes)
def test_a_proof_of_inclusion_leads_to_the_root(connection: Connection, leaves: list[bytes], size: int, position: int):
    one = Tree(connection, WIDE)
    if position > size:
        with pytest.raises(ValueError, match="no such leaf"):
            one.inclusion(position, size)
        return
    path = one.inclusion(position, size)
    assert root_from_inclusion(position - 1, size, leaves[position - 1], path) == plain_root(leaves[:size])
    assert one.leaf(position) == leaves[position - 1]


@settings(max_examples=100)
@given(first=sizes, second=sizes)
def test_a_proof_of_consistency_leads_to_both_roots(
    connection: Connection, leaves: list[bytes], first: int, second: int
):
    first, second = sorted((first, second))
    before, after = plain_root(leaves[:first]), plain_root(leaves[:second])
    path = Tree(connection, WIDE).consistency(first, second)
    assert roots_from_consistency(first, second, before, path) == (before, after) if first < second else path == []


@pytest.mark.parametrize("ask", [lambda one: one.inclusion(300, SIZE), lambda one: one.consistency(300, SIZE)])
def test_a_proof_is_one_question(connection: Connection, leaves: list[bytes], ask, monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []
    one, really = Tree(connection, WIDE), Tree._ask
    monkeypatch.setattr(Tree, "_ask", lambda self, question: asked.append(question) or really(self, question))
    ask(one)
    assert len(asked) == 1
    ask(one)
    assert len(asked) == 1, "what was read is remembered"


def test_what_grows_is_read_again_and_what_is_full_is_not(connection: Connection):
    town = Commune("croissance")
    grow(connection, town, 100)
    one = Tree(connection, town)
    assert one.head() == (100, plain_root(grow(connection, town, 700, start=100)[:100]))
    leaves = grow(connection, town, 1000, start=700)
    assert one.root_at(150) == plain_root(leaves[:150]), "of a block that was not full when it was read"
    assert one.head() == (1000, plain_root(leaves))
    assert one.root_at(100) == plain_root(leaves[:100])


def test_a_tree_read_inside_a_transaction_is_that_of_its_snapshot(connection: Connection, module_database: Database):
    town = Commune("instant")
    leaves = grow(connection, town, 10)
    with connected(module_database) as reader, reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert Tree(reader, town).size() == 10
        grow(connection, town, 20, start=10)
        assert tree.head(reader, town) == (10, plain_root(leaves))


def test_a_tree_that_lost_a_row_says_so(connection: Connection, module_database: Database):
    town, other = Commune("perdue"), Commune("perdue-aussi")
    grow(connection, town, 600)
    grow(connection, other, 600)
    with psycopg.connect(module_database.admin_url, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE ardoise.seals DISABLE TRIGGER USER")
        superuser.execute("DELETE FROM ardoise.seals WHERE commune = %s AND position = 590", (other,))
        superuser.execute("DELETE FROM ardoise.tree_nodes WHERE commune = %s AND index = 0", (town,))
        superuser.execute("ALTER TABLE ardoise.seals ENABLE ALWAYS TRIGGER seals_are_never_changed")
        superuser.execute("ALTER TABLE ardoise.seals ENABLE ALWAYS TRIGGER seals_are_never_emptied")
    with pytest.raises(BrokenTreeError, match="hash 0 of height 8"):
        Tree(connection, town).root_at(512)
    with pytest.raises(BrokenTreeError, match="hash 589 of height 0"):
        Tree(connection, other).root_at(600)


def test_a_town_reads_its_own_tree(connection: Connection, leaves: list[bytes]):
    assert Tree(connection, WIDE).size() == len(leaves)
    assert Tree(connection, TOWN).size() == 0
    with pytest.raises(BrokenTreeError):
        Tree(connection, TOWN).root_at(3)
