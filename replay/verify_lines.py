"""Every line of a town read once, in the order they came, beside the seals: fast, and only to suspect.

A line is not decoded here. Its digest and its leaf are hashed from its bytes, and the end of its canonical JSON says
which line of which page it is, and after which one: 2 microseconds less a line than reading all of it. Whatever is
not as expected makes its page suspect; `verify_pages` then reads such a page and says what is wrong, and where.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from ledger.entry import GENESIS
from ledger.identifiers import Commune

Connection = psycopg.Connection[TupleRow]

WINDOW: Final = 5_000
"""Numbers of arrival that are read at once."""
_LINES: Final = """
    SELECT stream, version, type, recorded_at, stored, digest, arrival FROM entries
    WHERE commune = %s AND arrival > %s AND arrival <= %s ORDER BY arrival
"""
_SEALS: Final = """
    SELECT arrival, position, leaf, stream, line FROM seals
    WHERE commune = %s AND arrival > %s AND arrival <= %s ORDER BY arrival
"""
_TAIL: Final = re.compile(
    rb'","previous":"([0-9a-f]{64})","recorded_at":"([0-9TZ:.-]{27})","role":"[^"\\]*"'
    rb',"stream":"([^"\\]*)","type":"([^"\\]*)","version":([0-9]+)\}\Z'
)
"""The last keys of a line, which are in order. A quote inside a text is escaped: what matches is no part of one."""
_TAIL_BYTES: Final = 512
"""More than the last keys take: roles, pages and types are short."""
_COMMAND: Final = b'","command":"'


class Sealed(NamedTuple):
    """The seal of a line."""

    position: int
    leaf: bytes
    stream: str
    line: int


class Segment(NamedTuple):
    """The lines of a page within a range of arrivals: those at its ends, to be joined to the ranges beside it."""

    first: int
    previous: bytes
    last: int
    head: bytes
    followed: int
    """The last of them at or before the position the read models behind the seal have come to."""


@dataclass(kw_only=True, slots=True)
class Range:
    """What was found between two numbers of arrival."""

    lines: int = 0
    segments: dict[str, Segment] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    gone: list[Sealed] = field(default_factory=list)
    """Seals of lines that are not there."""
    unsealed: list[tuple[str, int]] = field(default_factory=list)
    """Lines that should have been sealed, and were not."""
    commands: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """How far the seal and those who follow it have come: what may not be sealed yet, or not be followed yet."""

    arrival: int
    missing: frozenset[int]
    followed: int

    def sealed(self, arrival: int) -> bool:
        """Whether a line of this number has been sealed."""
        return arrival <= self.arrival and arrival not in self.missing


def leaf_of(stored: bytes) -> bytes:
    """The leaf a line is."""
    return sha256(b"\0" + stored).digest()


def read_range(
    connection: Connection,
    commune: Commune,
    after: int,
    upto: int,
    settled: Settled,
    progress: Callable[[int], None],
) -> Range:
    """Reads the lines whose number is after one, up to another. `progress` is told of every window of lines."""
    found = Range()
    pages: dict[str, Segment] = found.segments
    for start in range(after, upto, WINDOW):
        window = (commune, start, min(start + WINDOW, upto))
        seals = {row[0]: Sealed(*row[1:]) for row in connection.execute(_SEALS, window, binary=True)}
        rows = connection.execute(_LINES, window, binary=True).fetchall()
        for stream, version, kind, recorded_at, stored, digest, arrival in rows:
            seal = seals.pop(arrival, None)
            page = pages.get(stream)
            tail = _TAIL.search(stored, max(len(stored) - _TAIL_BYTES, 0))
            own = sha256(stored).digest()
            if tail is None or own != digest or not _says(tail, stream, version, kind, recorded_at):
                found.suspects.add(stream)
                continue
            previous = bytes.fromhex(tail[1].decode())
            followed = version if seal is not None and seal.position <= settled.followed else 0
            if seal is None:
                if settled.sealed(arrival):
                    found.unsealed.append((stream, version))
            elif (leaf_of(stored), stream, version) != seal[1:]:
                found.suspects.add(stream)
            if page is None:
                pages[stream] = Segment(version, previous, version, own, followed)
            else:
                if version != page.last + 1 or previous != page.head:
                    found.suspects.add(stream)
                pages[stream] = Segment(page.first, page.previous, version, own, max(followed, page.followed))
            at = stored.find(_COMMAND) + len(_COMMAND)
            found.commands.add(stored[at : stored.find(b'"', at)])
        found.gone.extend(seals.values())
        found.lines += len(rows)
        progress(len(rows))
    return found


def _says(tail: re.Match[bytes], stream: str, version: int, kind: str, recorded_at: datetime) -> bool:
    """Whether a line says of itself what its columns say of it."""
    return (
        tail[3].decode() == stream
        and int(tail[5]) == version
        and tail[4].decode() == kind
        and datetime.fromisoformat(tail[2].decode()) == recorded_at
    )


def joined(ranges: Sequence[Range]) -> tuple[dict[str, Segment], set[str]]:
    """Every page from end to end, of ranges in their order; and those to be suspected."""
    pages: dict[str, Segment] = {}
    suspects: set[str] = set()
    for each in ranges:
        suspects |= each.suspects
        for stream, segment in each.segments.items():
            page = pages.get(stream)
            end, head = (0, GENESIS) if page is None else (page.last, page.head)
            if segment.first != end + 1 or segment.previous != head:
                suspects.add(stream)
            first, previous = (segment.first, segment.previous) if page is None else page[:2]
            followed = max(segment.followed, page.followed if page else 0)
            pages[stream] = Segment(first, previous, segment.last, segment.head, followed)
    return pages, suspects


def shares(first: int, last: int, count: int) -> Iterator[tuple[int, int]]:
    """The numbers after one up to another, in at most so many ranges of one width."""
    width = -(-(last - first) // max(count, 1)) or 1
    for start in range(first, last, width):
        yield start, min(start + width, last)


def settled_of(connection: Connection, commune: Commune, model: str) -> Settled:
    """How far the seal has come, and the followers of a town."""
    rows: Any = connection.execute(
        "SELECT arrival, missing, coalesce((SELECT position FROM followed WHERE model = %s AND commune = %s), 0)"
        " FROM settled",
        (model, commune),
    ).fetchall()
    [(arrival, missing, followed)] = rows
    return Settled(arrival=arrival, missing=frozenset(missing), followed=followed)
