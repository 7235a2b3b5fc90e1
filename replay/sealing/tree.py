"""A town's tree as the database keeps it: its size, its roots and the proofs of it. What is sealed, and nothing else.

A question about a tree reads one block of 256 hashes of each kept height for each leaf it speaks of, and no more: a
proof in a tree of a million lines reads six of them, in one query. Over a connection, the size is a round trip, and
what is asked of the tree another, however large it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString, NamedTuple, Self

import psycopg
from psycopg.rows import DictRow, TupleRow, dict_row

from ledger.identifiers import Commune
from projections.question import Question
from replay.leader import set_town
from replay.sealing import merkle

Connection = psycopg.Connection[TupleRow]

HEIGHTS: Final = range(0, 40, merkle.STEP)
"""The heights whose hashes are kept: the leaves are in `seals`, the others in `tree_nodes`."""

_SIZE: Final[LiteralString] = """
    SELECT coalesce((SELECT t.size FROM ardoise.trees t WHERE t.commune = %(commune)s), 0) AS size
"""
_HASHES: Final[LiteralString] = """
    SELECT 0 AS height, s.position - 1 AS index, s.leaf AS hash
    FROM unnest(%(leaves)s::bigint[], %(leaves_end)s::bigint[]) AS b (start, stop)
    CROSS JOIN LATERAL (
        SELECT k.position, k.leaf FROM ardoise.seals k
        WHERE k.commune = %(commune)s AND k.position > b.start AND k.position <= b.stop
        ORDER BY k.position LIMIT 256
    ) s
    UNION ALL
    SELECT n.height, n.index, n.hash
    FROM unnest(%(heights)s::smallint[], %(starts)s::bigint[], %(stops)s::bigint[]) AS b (height, start, stop)
    CROSS JOIN LATERAL (
        SELECT k.height, k.index, k.hash FROM ardoise.tree_nodes k
        WHERE k.commune = %(commune)s AND k.height = b.height AND k.index >= b.start AND k.index < b.stop
        ORDER BY k.index LIMIT 256
    ) n
"""
"""Both ends of a block travel: adding to a start may fail, so that under row-level security it would be asked of every
row of the tree before the index is thought of."""


class BrokenTreeError(RuntimeError):
    """A hash of the tree is not where it must be: rows were taken out of the database."""


class Block(NamedTuple):
    """256 hashes of one kept height that stand side by side, those of one subtree of the next height."""

    height: int
    start: int


class Hashes:
    """Hashes of a tree that were read: what proofs of the leaves they were read for are made of."""

    def __init__(self) -> None:
        self._kept: dict[Block, dict[int, bytes]] = {}

    def add(self, rows: Iterable[Mapping[str, Any]]) -> Self:
        """These, with the rows of `hashes_for`."""
        for row in rows:
            block = Block(row["height"], row["index"] // merkle.WIDTH * merkle.WIDTH)
            self._kept.setdefault(block, {})[row["index"]] = bytes(row["hash"])
        return self

    def __call__(self, height: int, index: int) -> bytes:
        """The hash of the perfect subtree of a height and an index. Raises BrokenTreeError when it was not read."""
        level = height // merkle.STEP * merkle.STEP
        count = 1 << (height - level)
        start = index * count
        kept = self._kept.get(Block(level, start // merkle.WIDTH * merkle.WIDTH), {})
        try:
            return merkle.perfect_root([kept[at] for at in range(start, start + count)])
        except KeyError as missing:
            raise BrokenTreeError(f"the tree lacks hash {missing.args[0]} of height {level}") from missing

    def lack(self, block: Block, size: int) -> bool:
        """Whether a block has hashes in the tree of a size that were not read."""
        wanted = min(merkle.WIDTH, (size >> block.height) - block.start)
        return len(self._kept.get(block, ())) < wanted


def blocks_of(sizes: Sequence[int]) -> list[Block]:
    """The blocks that questions about the last leaf of trees of these sizes read."""
    widest = max(sizes, default=0)
    return sorted(
        {
            Block(height, (size - 1) >> (height + merkle.STEP) << merkle.STEP)
            for size in sizes
            if size > 0
            for height in HEIGHTS
            if widest >> height
        }
    )


def size_of(commune: Commune) -> Question:
    """How many lines of a town are sealed: one row."""
    return Question(sql=_SIZE, values={"commune": commune})


def hashes_for(commune: Commune, *sizes: int) -> Question:
    """The rows `Hashes` is made of, for questions about the last leaf of trees of these sizes.

    A line is asked about by its position, which is the size of the tree it is the last of.
    """
    return _hashes_in(commune, blocks_of(sizes))


def _hashes_in(commune: Commune, blocks: Sequence[Block]) -> Question:
    nodes = [block for block in blocks if block.height]
    values = {
        "commune": commune,
        "leaves": [block.start for block in blocks if not block.height],
        "leaves_end": [block.start + merkle.WIDTH for block in blocks if not block.height],
        "heights": [block.height for block in nodes],
        "starts": [block.start for block in nodes],
        "stops": [block.start + merkle.WIDTH for block in nodes],
    }
    return Question(sql=_HASHES, values=values)


class Tree:
    """The tree of one town over one connection. What was read is remembered: a sealed line never changes.

    One question at a time, however many lines it is about; the sizes asked about must be sealed.
    """

    def __init__(self, connection: Connection, commune: Commune) -> None:
        self._connection = connection
        self._commune = commune
        self._hashes = Hashes()

    def size(self) -> int:
        """How many lines are sealed now. One round trip."""
        [row] = self._ask(size_of(self._commune))
        return int(row["size"])

    def head(self) -> tuple[int, bytes]:
        """The size and the root as they are now. Two round trips."""
        size = self.size()
        return size, self.root_at(size)

    def root_at(self, size: int) -> bytes:
        """The root of the first `size` lines. One round trip, or none."""
        return merkle.root_at(size, self._read(size))

    def leaf(self, position: int) -> bytes:
        """The leaf a line is. One round trip, or none."""
        return self._read(position)(0, position - 1)

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """The proof that the line of a position is in the tree of a size. One round trip, or none.

        Raises ValueError without such a line.
        """
        return merkle.inclusion(position - 1, size, self._read(position, size))

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the tree of a size became that of another by growing only. One round trip, or none.

        Raises ValueError unless 0 < first <= second.
        """
        return merkle.consistency(first, second, self._read(first, second))

    def _read(self, *sizes: int) -> Hashes:
        """The hashes, once those that questions about these sizes need were read."""
        missing = [block for block in blocks_of(sizes) if self._hashes.lack(block, max(sizes))]
        return self._hashes.add(self._ask(_hashes_in(self._commune, missing))) if missing else self._hashes

    def _ask(self, question: Question) -> list[DictRow]:
        """In one round trip: a pipeline without a transaction of its own is one."""
        with self._connection.pipeline(), self._connection.cursor(row_factory=dict_row) as cursor:
            set_town(self._connection, self._commune)
            cursor.execute(question.sql, question.values)
            return cursor.fetchall()


def head(connection: Connection, commune: Commune) -> tuple[int, bytes]:
    """The size and the root of a town's tree as they are now."""
    return Tree(connection, commune).head()
