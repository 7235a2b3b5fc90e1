"""The seal: after the commit, each town's lines get gapless positions and become the leaves of its Merkle tree.

Nothing is missed, whatever commits late, rolls back or is killed. Whoever brings lines holds a shared lock from before
their numbers are drawn until their commit can be seen (`announce_lines`). Each round reads, in this order:

1. the last number drawn;
2. who holds the lock;
3. the lines up to that number.

A number that was drawn (1), is not there (3), and whose drawer did not hold the lock (2) will never come: its
transaction had ended before the lines were read. One whose drawer may hold the lock is a gap. Only those who held it
then can bring it, so it is looked for again when one of them is gone, and given up when none is left. A transaction
that stays open keeps its own gaps open, costs nothing meanwhile, and holds nobody else up. No transaction id is kept
anywhere: a dump that is restored goes on from `settled`.

A line is sealed after whatever its writer could have read: that was committed before its number was drawn, so the same
round finds both, in the order of their numbers, or finds the other earlier.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from ledger.identifiers import Commune
from replay.leader import LINES_LOCK, LOCK_CLASS, REACH, WorkError, set_town
from replay.sealing.merkle import STEP, WIDTH, Frontier

Connection = psycopg.Connection[TupleRow]

WINDOW: Final = 20_000
"""Numbers that are sealed in one transaction at most."""
POLL_SECONDS: Final = 0.05
SAVED_SECONDS: Final = 1.0
"""How often it is written down how far the seal has come. Not with every round: the row has a version each time, and
a long transaction of somebody else keeps them all."""
MOST_SAVING: Final = 20
"""Of so many seconds, one is spent on writing that down, at most."""
FEW: Final = 1_000
"""Gaps that are written down with every full window too."""
MOST_COUNTED: Final = 10_000
"""Lines behind the seal that are counted one by one, in each town."""
LEAF_BYTES: Final = 32
PREPARED: Final = "prepared"
"""A transaction that was prepared has no session, and another name than before: it may have drawn any gap."""

_HOLDERS: Final = """
    SELECT DISTINCT CASE WHEN pid IS NULL THEN %s ELSE virtualtransaction END FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_SETTLED: Final = "SELECT arrival, missing FROM ardoise.settled"
_SETTLE: Final = "UPDATE ardoise.settled SET arrival = %s, missing = %s::bigint[]"
_SEAL: Final = "SELECT commune, size, leaves, arrivals FROM ardoise.seal_lines(%s, %s, %s::bigint[])"
_KEEP: Final = "SELECT ardoise.keep_nodes(%s, %s::smallint[], %s::bigint[], %s::bytea[])"
_LEAVES: Final = (
    "SELECT leaf FROM ardoise.seals WHERE commune = %s AND position > %s AND position <= %s ORDER BY position"
)
_NODES: Final = """
    SELECT hash FROM ardoise.tree_nodes
    WHERE commune = %s AND height = %s AND index >= %s AND index < %s ORDER BY index
"""
_UNSETTLED: Final = (
    "the row of ardoise.settled is gone, which says how far the seal came. As a superuser, INSERT INTO ardoise.settled"
    " DEFAULT VALUES: every line is then looked at again, and none is sealed twice."
)
_SIZES: Final = "SELECT commune, size FROM ardoise.trees ORDER BY commune"
_LAG: Final = "SELECT commune, entries, recorded_at FROM ardoise.seal_lag(%s)"


class SealError(WorkError):
    """The seal cannot go on with this database; the sentence says why and what to do."""


class Grown(NamedTuple):
    """The tree of a town, and by how many lines it grew."""

    lines: int
    size: int
    root: bytes


class Lag(NamedTuple):
    """How far a town's seal is behind its ledger."""

    entries: int
    """Lines committed and not sealed; from `MOST_COUNTED` on: that many at least."""
    seconds: float
    """How long ago the first of them was recorded."""


@dataclass(slots=True)
class _Gaps:
    """Numbers that were drawn and may still come, by who may bring them; None when that is not known yet."""

    of: dict[frozenset[str] | None, set[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.of.values()))

    def due(self, holders: frozenset[str]) -> dict[frozenset[str], set[int]]:
        """Takes out those that may have come meanwhile, by who may bring them yet."""
        found: dict[frozenset[str], set[int]] = {}
        for suspects in list(self.of):
            left = holders if suspects is None else holders & (suspects | {PREPARED})
            if left != suspects:
                found.setdefault(left, set()).update(self.of.pop(suspects))
        return found

    def add(self, suspects: frozenset[str], numbers: Iterable[int]) -> None:
        """Numbers that were not found: to be waited for, unless nobody can bring them any more."""
        waiting = set(numbers)
        if suspects and waiting:
            self.of.setdefault(suspects, set()).update(waiting)

    def numbers(self) -> list[int]:
        """All of them, in order."""
        return sorted(number for numbers in self.of.values() for number in numbers)


class Seal:
    """The work of the leader: each call is a round, and says when to come back."""

    def __init__(self) -> None:
        self.sealed = 0
        """Lines sealed since it began."""
        self.reach = 0
        """The last number drawn, as it was read last."""
        self.seen = -1
        """Numbers up to here are sealed, or gaps, or will never come; -1 before the first round."""
        self._grown = 0
        """Those of a round that was not committed too."""
        self._gaps = _Gaps()
        self._trees: dict[Commune, Frontier] = {}
        self._save_at = 0.0
        self._unsaved = False

    def __call__(self, connection: Connection) -> float:
        """A round, as a leader's step."""
        return 0.0 if self.round(connection) else POLL_SECONDS

    def round(self, connection: Connection) -> bool:
        """Seals what is there, a window of numbers at most; whether more were there already.

        Raises psycopg.Error or SealError: then another Seal goes on from what was kept.
        """
        if self.seen < 0:
            self._begin(connection)
        [(self.reach,)] = connection.execute(REACH).fetchall()
        _refuse_older(self.reach, self.seen)
        if self.reach > self.seen or self._gaps.of:
            holders = frozenset(holder for [holder] in connection.execute(_HOLDERS, (PREPARED, LOCK_CLASS, LINES_LOCK)))
            self._look(connection, holders)
        if self._unsaved and time.monotonic() >= self._save_at:
            self.close(connection)
        return self.reach > self.seen

    def close(self, connection: Connection) -> None:
        """Writes down how far it has come, for whoever goes on."""
        if self._unsaved:
            self._save(connection)

    def _begin(self, connection: Connection) -> None:
        self.seen, missing = _settled(connection)
        if missing:
            self._gaps.of[None] = set(missing)

    def _look(self, connection: Connection, holders: frozenset[str]) -> None:
        """Looks for the gaps that may have been filled, and for the next numbers."""
        due = self._gaps.due(holders)
        wanted = sorted(number for numbers in due.values() for number in numbers)
        upto = min(self.seen + WINDOW, self.reach)
        if not wanted and upto == self.seen:
            return
        found: set[int] = set()
        # In the order of their numbers: a line is never sealed before one its writer could read.
        while len(wanted) > WINDOW:
            with connection.transaction():
                found |= self._seal(connection, self.seen, wanted[:WINDOW])
            self.sealed = self._grown
            del wanted[:WINDOW]
        with connection.transaction():
            found |= self._seal(connection, upto, wanted)
            for suspects, numbers in due.items():
                self._gaps.add(suspects, numbers - found)
            self._gaps.add(holders, set(range(self.seen + 1, upto + 1)) - found)
            is_full = upto - self.seen == WINDOW
            self.seen, self._unsaved = upto, True
            if is_full and len(self._gaps) <= FEW:
                self._save(connection)
        self.sealed = self._grown

    def _seal(self, connection: Connection, upto: int, missing: list[int]) -> set[int]:
        """Seals the lines after those seen, and of some gaps; the numbers that were found, sealed now or before."""
        found: set[int] = set()
        towns = connection.execute(_SEAL, (self.seen, upto, missing), binary=True).fetchall()
        for commune, size, leaves, arrivals in towns:
            self._grow(connection, commune, size, leaves)
            found.update(arrivals)
        return found

    def _grow(self, connection: Connection, commune: Commune, size: int, leaves: bytes) -> None:
        """The tree of a town gets leaves; the hashes of the subtrees that are full now are kept."""
        tree = self._trees.get(commune)
        if tree is None or tree.size != size:  # somebody else led in between
            tree = self._trees[commune] = frontier(connection, commune, size)
        full = tree.extend([leaves[at : at + LEAF_BYTES] for at in range(0, len(leaves), LEAF_BYTES)])
        self._grown += len(leaves) // LEAF_BYTES
        if full:
            heights, ordinals, hashes = zip(*full, strict=True)
            connection.execute(_KEEP, (commune, list(heights), list(ordinals), list(hashes)), binary=True)

    def _save(self, connection: Connection) -> None:
        began = time.monotonic()
        if not connection.execute(_SETTLE, (self.seen, self._gaps.numbers())).rowcount:
            raise SealError(_UNSETTLED)
        took = time.monotonic() - began
        # A transaction that stays open through a storm of rollbacks may leave gaps by the hundred thousand.
        self._save_at = began + took + max(SAVED_SECONDS, MOST_SAVING * took)
        self._unsaved = False


def seal_once(
    connection: Connection, *, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> dict[Commune, Grown]:
    """Seals everything that is committed now; the trees of the towns.

    Beside a leader too: they seal one after the other. `progress` is told how many numbers were read, of how many.
    """
    before = _sizes(connection)
    seal, more = Seal(), True
    while more:
        more = seal.round(connection)
        progress(seal.seen, seal.reach)
    seal.close(connection)
    return {
        commune: Grown(size - before.get(commune, 0), size, frontier(connection, commune, size).root())
        for commune, size in _sizes(connection).items()
    }


def frontier(connection: Connection, commune: Commune, size: int) -> Frontier:
    """What the tree of a town needs to grow, from what is kept of its first `size` leaves."""
    with connection.transaction():
        set_town(connection, commune)
        tails = [_column(connection, _LEAVES, (commune, size - size % WIDTH, size))]
        for height in range(STEP, size.bit_length(), STEP):
            end = size >> height
            tails.append(_column(connection, _NODES, (commune, height, end - end % WIDTH, end)))
    tree = Frontier(size=size, tails=tails)
    kept = sum(len(tail) << (level * STEP) for level, tail in enumerate(tails))
    if kept != size:
        raise SealError(
            f"the tree of {commune} has {size} leaves and only {kept} of them are kept: restore the database."
        )
    return tree


def lag(connection: Connection, now: datetime) -> dict[Commune, Lag]:
    """How far the seal is behind in each town where it is; from what is committed, whoever leads. Raises SealError."""
    seen, _ = _settled(connection)
    [(reach,)] = connection.execute(REACH).fetchall()
    _refuse_older(reach, seen)
    with connection.transaction():
        rows = connection.execute(_LAG, (MOST_COUNTED,)).fetchall()
    return {commune: Lag(entries, max(0.0, (now - since).total_seconds())) for commune, entries, since in rows}


def _settled(connection: Connection) -> tuple[int, list[int]]:
    """How far the seal came, and the numbers that may still come."""
    row = connection.execute(_SETTLED, binary=True).fetchone()
    if row is None:
        raise SealError(_UNSETTLED)
    return row[0], row[1]


def _refuse_older(reach: int, seen: int) -> None:
    """Lines that draw numbers anew would never be looked for."""
    if reach < seen:
        raise SealError(
            f"lines were sealed up to number {seen}, and the sequence ardoise.arrivals is at {reach}: it was not"
            " restored with the tables. As a superuser, set it to the greatest arrival of ardoise.entries, or of"
            " ardoise.settled when that is greater."
        )


def _sizes(connection: Connection) -> dict[Commune, int]:
    return dict(connection.execute(_SIZES).fetchall())


def _column(connection: Connection, question: LiteralString, values: Sequence[Any]) -> list[bytes]:
    return [hash_ for [hash_] in connection.execute(question, values, binary=True)]
