"""A family's evidence: its lines as they are stored, and the proof that each is under a signed checkpoint.

`replay/verify_evidence.py` checks it without us. The pages of a family: the household's own, that of what it owes and
pays, that of every child who was ever of it, whole, and that of each account whose activation made somebody a guardian
of it.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
import psycopg
from psycopg.rows import DictRow, TupleRow, dict_row

from ledger.codec import wire_time
from ledger.identifiers import Commune, HouseholdId, Stream
from ledger.streams import household_page, payer_page, regie_page, town_page
from projections.question import Question
from replay.sealing import merkle
from replay.sealing.checkpoint import Checkpoint
from replay.sealing.tree import BrokenTreeError, Hashes, hashes_for, size_of
from replay.verify_evidence import BELONGS, FORMAT, MOST_ENTRIES

Connection = psycopg.Connection[TupleRow]

_PAGES: Final = """
    SELECT e.stream FROM ardoise.entries e
    WHERE e.commune = %(commune)s AND split_part(e.type, '.', 1) = ANY(%(belongs)s)
      AND position(%(named)s::bytea IN e.stored) > 0
    UNION SELECT 'child/' || c.commune || '/' || c.child FROM ardoise.children c
    WHERE c.commune = %(commune)s AND c.household = %(household)s
    UNION SELECT 'child/' || c.commune || '/' || c.child FROM ardoise.household_children c
    WHERE c.commune = %(commune)s AND c.household = %(household)s
"""
"""Every page that says it is of the household, and those that are shown as such: the line that says so may be gone."""
_LINES: Final = """
    SELECT e.stream, e.version, e.stored, s.position
    FROM ardoise.entries e LEFT JOIN ardoise.seals s ON s.commune = e.commune AND s.arrival = e.arrival
    WHERE e.commune = %(commune)s AND e.stream = ANY(%(streams)s)
    ORDER BY s.position NULLS LAST, e.stream, e.version LIMIT %(most)s
"""
_AT_ONCE: Final = 200
"""Lines whose proofs are made of one reading of the tree: 256 hashes each, and those above them."""


class EvidenceError(RuntimeError):
    """There is nothing that could be proven; the sentence says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proven:
    """A line, and the hashes that lead from it to the root."""

    position: int
    stream: Stream
    stored: str
    proof: Sequence[bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is written in the file."""

    commune: Commune
    household: HouseholdId
    exported_at: datetime
    checkpoint: Checkpoint
    key: str
    """The verifier key of the checkpoint; empty when it is not known here."""
    lines: Sequence[Proven]
    """In the order they were sealed."""
    pages: dict[Stream, tuple[int, int]]
    """Lines under the checkpoint, and lines after it: those are counted, not shown."""
    consistency: Sequence[tuple[int, Sequence[bytes]]] = ()
    """Proofs that the tree only grew since it had some sizes."""

    @property
    def later(self) -> int:
        """Lines of the family that are not under the checkpoint."""
        return sum(after for _, after in self.pages.values())

    def content(self) -> bytes:
        """The file: JSON with sorted keys, to be read by people too."""
        said = {
            "format": FORMAT,
            "commune": self.commune,
            "household": self.household,
            "exported_at": wire_time(self.exported_at),
            "key": self.key,
            "checkpoint": self.checkpoint.note,
            "consistency": [{"size": size, "proof": _texts(proof)} for size, proof in self.consistency],
            "pages": [{"stream": name, "lines": n, "later": later} for name, (n, later) in sorted(self.pages.items())],
            "entries": [
                {"position": line.position, "stored": line.stored, "proof": _texts(line.proof)} for line in self.lines
            ],
        }
        return orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _texts(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Collector:
    """What is asked of the ledger."""

    commune: Commune
    household: HouseholdId
    now: datetime
    under: Checkpoint
    """What the lines are proven under."""
    key: str = ""
    """The verifier key of it, where it is known."""
    kept: Sequence[Checkpoint] = ()
    """Older ones, that the tree is proven to have grown from."""
    with_town: bool = False
    """The town's own pages too: its rulebooks, closures and places, and the months its régie closed."""
    progress: Callable[[int, int], None] = lambda _done, _of: None
    """Told how many lines were proven, and of how many."""

    def collect(self, connection: Connection) -> Evidence:
        """The evidence, from one snapshot of the database. Raises EvidenceError when nothing could be proven."""
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute("SELECT set_config('ardoise.commune', %s, true)", (self.commune,))
            connection.execute("SET LOCAL statement_timeout = 0")
            try:
                return self._collected(connection)
            except BrokenTreeError as error:
                raise EvidenceError(f"the tree of this town was damaged: {error}.") from error

    def _collected(self, connection: Connection) -> Evidence:
        size = self.under.head.size
        [[tree]] = _asked(connection, size_of(self.commune))
        if size > tree["size"]:
            raise EvidenceError(f"the checkpoint is of {size} lines, and {tree['size']} are sealed in this database.")
        rows = self._rows(connection)
        home = household_page(self.commune, self.household)
        if not any(row["stream"] == home for row in rows):
            raise EvidenceError("there is no household of that identifier in this town.")
        proven = [row for row in rows if _is_under(row, size)]
        if not any(row["stream"] == home for row in proven):
            raise EvidenceError("no line of this household is under the checkpoint: take a later one.")
        sizes = sorted({each.head.size for each in self.kept if 0 < each.head.size < size})
        hashes = _hashes(connection, self.commune, size, *sizes)
        if merkle.root_at(size, hashes) != self.under.head.root:
            raise EvidenceError(f"the first {size} lines of this database are not those of the checkpoint.")
        return Evidence(
            commune=self.commune,
            household=self.household,
            exported_at=self.now,
            checkpoint=self.under,
            key=self.key,
            lines=list(self._proven(connection, proven, size)),
            pages=_counted(rows, size),
            consistency=[(first, merkle.consistency(first, size, hashes)) for first in sizes],
        )

    def _rows(self, connection: Connection) -> list[DictRow]:
        """Every line of the family's pages, those that are sealed first, in that order."""
        named = f'"household":{orjson.dumps(self.household).decode()}'
        values = {"commune": self.commune, "household": self.household, "named": named.encode()}
        belongs = [kind for kinds in BELONGS.values() for kind in kinds]
        [pages] = _asked(connection, Question(sql=_PAGES, values={**values, "belongs": belongs}))
        own = {household_page(self.commune, self.household), payer_page(self.commune, self.household)}
        streams = own | {row["stream"] for row in pages}
        if self.with_town:
            streams |= {town_page(self.commune), regie_page(self.commune)}
        wanted = {"commune": self.commune, "streams": sorted(streams), "most": MOST_ENTRIES + 1}
        [rows] = _asked(connection, Question(sql=_LINES, values=wanted))
        if len(rows) > MOST_ENTRIES:
            raise EvidenceError(f"the family has more than {MOST_ENTRIES} lines.")
        return rows

    def _proven(self, connection: Connection, rows: Sequence[DictRow], size: int) -> Iterator[Proven]:
        """The lines with their proofs; of each block of lines, the tree is read once."""
        for start in range(0, len(rows), _AT_ONCE):
            self.progress(start, len(rows))
            some = rows[start : start + _AT_ONCE]
            hashes = _hashes(connection, self.commune, size, *(row["position"] for row in some))
            for row in some:
                yield Proven(
                    position=row["position"],
                    stream=row["stream"],
                    stored=_text(row),
                    proof=merkle.inclusion(row["position"] - 1, size, hashes),
                )
        self.progress(len(rows), len(rows))


def _text(row: DictRow) -> str:
    """A line as it is stored."""
    try:
        return bytes(row["stored"]).decode()
    except UnicodeDecodeError:
        raise EvidenceError(f"{row['stream']} line {row['version']} was changed: it is no text any more.") from None


def _is_under(row: DictRow, size: int) -> bool:
    return row["position"] is not None and row["position"] <= size


def _counted(rows: Sequence[DictRow], size: int) -> dict[Stream, tuple[int, int]]:
    """Of each page, how many lines are under the checkpoint and how many are not."""
    counts: dict[Stream, tuple[int, int]] = {}
    for row in rows:
        under, later = counts.get(row["stream"], (0, 0))
        counts[row["stream"]] = (under + 1, later) if _is_under(row, size) else (under, later + 1)
    return counts


def _hashes(connection: Connection, commune: Commune, *sizes: int) -> Hashes:
    [rows] = _asked(connection, hashes_for(commune, *sizes))
    return Hashes().add(rows)


def _asked(connection: Connection, *questions: Question) -> list[list[DictRow]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [cursor.execute(question.sql, question.values).fetchall() for question in questions]
