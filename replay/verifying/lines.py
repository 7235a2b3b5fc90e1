"""Every line of a town read once, in the order they came, beside the seals: fast, and only to suspect.

A line is not decoded here. Its digest and its leaf are hashed from its bytes, and the end of its canonical JSON says
which line of which page it is, and after which one: 2 microseconds less a line than reading all of it. Whatever is
not as expected makes its page suspect; `pages` then reads such a page and says what is wrong, and where.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from ledger.entry import GENESIS
from ledger.identifiers import Commune
from replay.sealing.merkle import leaf_hash
from replay.verifying.findings import Finding

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
_SETTLED: Final = """
    SELECT s.arrival, s.missing, l.arrival, l.recorded_at,
           coalesce((SELECT position FROM followed WHERE model = %(model)s AND commune = %(commune)s), 0)
    FROM (VALUES (true)) AS one (one) LEFT JOIN settled s ON true LEFT JOIN (
        SELECT s.arrival, e.recorded_at FROM seals s JOIN entries e ON e.commune = s.commune AND e.arrival = s.arrival
        WHERE s.commune = %(commune)s ORDER BY s.arrival DESC LIMIT 1
    ) l ON true
"""
_LONG: Final = timedelta(hours=1)
"""Longer than a line waits for its seal while later ones get theirs: it does when its writer is slow to commit."""
_PREVIOUS: Final = b'","previous":"'
_DIGEST: Final = 64
_RECORDED: Final = slice(_DIGEST, _DIGEST + 17)
_INSTANT: Final = slice(_RECORDED.stop, _RECORDED.stop + 27)
_ROLE: Final = slice(_INSTANT.stop, _INSTANT.stop + 10)
_TO_ROLE: Final = slice(_ROLE.stop, None)
"""Where the end of a line says what it follows, when it was recorded, and who acted."""
_NAME: Final = re.compile(r"[^\"\\]*")
"""A page whose name JSON writes as it is."""
_COMMAND: Final = b'","command":"'


class Sealed(NamedTuple):
    """The seal of a line."""

    position: int
    leaf: bytes
    stream: str
    line: int


class Signed(NamedTuple):
    """Who signed the lines of a command, through what, and when."""

    by: bytes
    """The beginning of a line, up to the command: its actor and its client."""
    at: datetime


class Segment(NamedTuple):
    """A page: its last line, and the last at or before the position the read models behind the seal have come to."""

    last: int
    followed: int


@dataclass(kw_only=True, slots=True)
class Range:
    """What was found between two numbers of arrival."""

    lines: int = 0
    begins: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Of each page, its first line here, and the digest it follows: to be joined to the range before."""
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Its last line here, and its digest."""
    followed: dict[str, int] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    gone: list[Sealed] = field(default_factory=list)
    """Seals of lines that are not there."""
    unsealed: list[tuple[str, int]] = field(default_factory=list)
    """Lines that should have been sealed, and were not."""
    commands: dict[bytes, Signed] = field(default_factory=dict)
    signers: dict[bytes, bytes] = field(default_factory=dict)
    """The beginnings of lines, each once: few sign many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """How far the seal and those who follow it have come: what may not be sealed yet, or not be followed yet.

    What is written of it is no proof, for who sets it back would hide a seal that is gone: the last sealed line is one.
    """

    arrival: int | None
    """None when nothing is written any more."""
    missing: frozenset[int]
    last: int
    """The greatest number that has a seal, and when that line was recorded."""
    last_at: datetime
    followed: int

    def sealed(self, arrival: int, recorded_at: datetime) -> bool:
        """Whether a line of this number must have been sealed."""
        if arrival <= (self.arrival or 0) and arrival not in self.missing:
            return True
        return arrival < self.last and recorded_at <= self.last_at - _LONG

    def findings(self) -> Iterator[Finding]:
        """What is wrong with what is written of it."""
        if self.arrival is None:
            yield Finding(what="settled_missing", where="the row of ardoise.settled")


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
    ends, commands, signers = found.ends, found.commands, found.signers
    for start in range(after, upto, WINDOW):
        window = (commune, start, min(start + WINDOW, upto))
        seals = {row[0]: row for row in connection.execute(_SEALS, window, binary=True)}
        rows = connection.execute(_LINES, window, binary=True).fetchall()
        for stream, version, kind, recorded_at, stored, digest, arrival in rows:
            seal = seals.pop(arrival, None)
            own = sha256(stored).digest()
            previous = _previous(stored, stream, version, kind, recorded_at) if own == digest else None
            if previous is None:
                found.suspects.add(stream)
                continue
            if seal is None:
                if settled.sealed(arrival, recorded_at):
                    found.unsealed.append((stream, version))
            elif seal[2] != leaf_hash(stored) or seal[3] != stream or seal[4] != version:
                found.suspects.add(stream)
            elif seal[1] <= settled.followed:
                found.followed[stream] = version
            end = ends.get(stream)
            if end is None:
                found.begins[stream] = version, previous
                if not _NAME.fullmatch(stream):
                    found.suspects.add(stream)
            elif end != (version - 1, previous):
                found.suspects.add(stream)
            ends[stream] = version, own.hex()
            at = stored.find(_COMMAND) + len(_COMMAND)
            command = stored[at : stored.find(b'"', at)]
            if command not in commands:
                by = stored[:at]
                commands[command] = Signed(signers.setdefault(by, by), recorded_at)
        found.gone.extend(Sealed(*seal[1:]) for seal in seals.values())
        found.lines += len(rows)
        progress(len(rows))
    return found


def _previous(stored: bytes, stream: str, version: int, kind: str, recorded_at: datetime) -> str | None:
    """The digest a line says it follows, if it says of itself what its columns say of it.

    The last keys of a line are in order, and a quote inside a text is escaped: what stands there is no part of a text.
    """
    at = stored.rfind(_PREVIOUS)
    try:
        tail = stored[at + len(_PREVIOUS) :].decode()
        role, _, rest = tail[_TO_ROLE].partition('"')
        said = datetime.fromisoformat(tail[_INSTANT])
    except ValueError:
        return None
    written = (
        at > 0
        and tail[_RECORDED] == '","recorded_at":"'
        and tail[_ROLE] == '","role":"'
        and "\\" not in role
        and rest == f',"stream":"{stream}","type":"{kind}","version":{version}}}'
    )
    return tail[:_DIGEST] if written and said == recorded_at else None


def joined(ranges: Sequence[Range]) -> tuple[dict[str, Segment], set[str]]:
    """Every page from end to end, of ranges in their order; and those to be suspected."""
    ends: dict[str, tuple[int, str]] = {}
    followed: dict[str, int] = {}
    suspects: set[str] = set()
    for each in ranges:
        suspects |= each.suspects
        for stream, (first, previous) in each.begins.items():
            if ends.get(stream, (0, GENESIS.hex())) != (first - 1, previous):
                suspects.add(stream)
        ends |= each.ends
        followed |= each.followed
    return {stream: Segment(last, followed.get(stream, 0)) for stream, (last, _) in ends.items()}, suspects


def shares(first: int, last: int, count: int) -> Iterator[tuple[int, int]]:
    """The numbers after one up to another, in at most so many ranges of one width."""
    width = -(-(last - first) // max(count, 1)) or 1
    for start in range(first, last, width):
        yield start, min(start + width, last)


def settled_of(connection: Connection, commune: Commune, model: str) -> Settled:
    """How far the seal has come, and the followers of a town."""
    rows: Any = connection.execute(_SETTLED, {"model": model, "commune": commune}).fetchall()
    [(arrival, missing, last, last_at, followed)] = rows
    return Settled(
        arrival=arrival,
        missing=frozenset(missing or ()),
        last=last or 0,
        last_at=last_at or datetime.max.replace(tzinfo=UTC),
        followed=followed,
    )
