"""The tree of a town grown again from its sealed leaves, and what is kept of it in the database and outside."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ledger.identifiers import Commune
from replay.sealing.checkpoint import Checkpoint, VerifierKey, verify
from replay.sealing.merkle import Frontier
from replay.verifying.findings import Finding
from replay.verifying.lines import Connection

WINDOW: Final = 25_600
_LEAVES: Final = """
    SELECT position, leaf FROM seals WHERE commune = %s AND position > %s AND position <= %s ORDER BY position
"""
_LAST: Final = """
    SELECT coalesce((SELECT size FROM trees WHERE commune = %(commune)s), 0),
           coalesce((SELECT max(position) FROM seals WHERE commune = %(commune)s), 0),
           coalesce((SELECT max(position) FROM followed WHERE commune = %(commune)s), 0)
"""
_NODES: Final = "SELECT height, index, hash FROM tree_nodes WHERE commune = %s"


def grown_again(connection: Connection, commune: Commune, checkpoints: Sequence[Checkpoint]) -> Iterator[Finding]:
    """Positions without a gap, the hashes kept above them, the size, and the root of every checkpoint.

    Whether a leaf is that of its line is for the pages to say. The checkpoints are from the smallest to the largest.
    """
    row = connection.execute(_LAST, {"commune": commune}).fetchone()
    size, last, followed = row or (0, 0, 0)
    kept = {(height, index): hash_ for height, index, hash_ in connection.execute(_NODES, (commune,), binary=True)}
    marks = [each.head.size for each in checkpoints]
    tree, roots = Frontier(), {0: Frontier().root()}
    for start in sorted({*range(0, last, WINDOW), *(mark for mark in marks if mark < last)}):
        upto = min([start + WINDOW - start % WINDOW, last, *(mark for mark in marks if mark > start)])
        rows = connection.execute(_LEAVES, (commune, start, upto), binary=True).fetchall()
        if len(rows) != upto - start:
            there = {position for position, _ in rows}
            missing = next(position for position in range(start + 1, upto + 1) if position not in there)
            yield Finding(what="seal_missing", where=f"position {missing}", position=missing)
            return
        for height, index, hash_ in tree.extend([leaf for _, leaf in rows]):
            if kept.pop((height, index), None) != hash_:
                yield _node("node_differs", height, index)
        if upto in marks:
            roots[upto] = tree.root()
    for height, index in sorted(kept):
        yield _node("node_of_nothing", height, index)
    if size != last:
        yield Finding(what="tree_size_differs", where=f"{size} lines are said to be sealed, {last} are")
    yield from _signed(checkpoints, roots)
    yield from _gone(last, max([0, *marks]), followed)


def _node(what: str, height: int, index: int) -> Finding:
    first, last = (index << height) + 1, (index + 1) << height
    return Finding(what=what, where=f"the hash above positions {first} to {last}", position=first)


def _signed(checkpoints: Sequence[Checkpoint], roots: Mapping[int, bytes]) -> Iterator[Finding]:
    """The first checkpoint that is not of this tree: what was changed is between it and the one before."""
    good = 0
    for each in checkpoints:
        size = each.head.size
        if size in roots and roots[size] != each.head.root:
            between = f"between positions {good + 1} and {size}"
            where = f"the checkpoint of {size} lines: what was changed since is {between}"
            yield Finding(what="checkpoint_differs", where=where, position=good + 1)
            return
        good = size


def _gone(last: int, signed: int, followed: int) -> Iterator[Finding]:
    """Every position after the last one that is there, up to the greatest anybody knows of."""
    known = max(signed, followed)
    if known > last:
        where, were = (f"positions {last + 1} to {known}", "were") if known > last + 1 else (f"position {known}", "was")
        who = f"the last checkpoint says {were} sealed" if signed == known else f"{were} followed once"
        yield Finding(what="sealed_lines_gone", where=f"{where}, which {who}", position=last + 1)


def believed(
    checkpoints: Sequence[Checkpoint], keys: Sequence[VerifierKey], commune: Commune
) -> Iterator[Finding | Checkpoint]:
    """The checkpoints a key that is trusted signed; the others are findings."""
    for each in checkpoints:
        if each.head.town != commune:
            yield Finding(what="checkpoint_false", where=f"the checkpoint of {each.head.size} lines is of another town")
            continue
        try:
            verify(each, keys)
        except ValueError as error:
            yield Finding(what="checkpoint_false", where=f"the checkpoint of {each.head.size} lines: {error}")
        else:
            yield each
