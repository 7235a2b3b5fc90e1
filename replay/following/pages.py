"""One town followed: sealed lines folded page by page, and their rows written with the position in one transaction."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

import orjson
import psycopg
from psycopg.errors import CardinalityViolation, ProgramLimitExceeded

from ledger.codec import Codec
from ledger.identifiers import Commune, Stream
from ledger.kept import read_kept
from ledger.rows import Put, merged
from projections.past import WRITES, PastOfPage
from replay.folding import Folding
from replay.leader import Connection

MODEL: Final = "past"
MOST_REMEMBERED: Final = 50_000
"""Lines of the pages kept in memory, folded: about 50 MB."""
REFUSED: Final = (psycopg.DataError, psycopg.IntegrityError, CardinalityViolation, ProgramLimitExceeded)
"""What the database answers to a row it cannot keep: the fault of its page, and not of the database."""

Rows = dict[str, list[orjson.Fragment]]
"""Rows by table, as JSON."""

_PREFIXES: Final = """
    SELECT e.stream, e.version, e.stored, e.digest, s.leaf
    FROM unnest(%(streams)s::text[], %(before)s::bigint[]) AS wanted (stream, before)
    JOIN entries e ON e.commune = %(commune)s AND e.stream = wanted.stream AND e.version < wanted.before
    LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
    ORDER BY e.stream, e.version
"""


class Line(NamedTuple):
    """A line to fold. Those before the position were followed already: their rows are there."""

    version: int
    stored: bytes
    digest: bytes
    leaf: bytes | None
    fresh: bool = True


@dataclass(kw_only=True, slots=True)
class FollowedPage:
    """A page folded with its past, from its first line on."""

    commune: Commune
    stream: Stream
    folding: Folding = field(init=False)
    past: PastOfPage = field(default_factory=PastOfPage)

    def __post_init__(self) -> None:
        self.folding = Folding(self.stream)

    @property
    def version(self) -> int:
        """The last line that was taken."""
        return self.folding.page.version

    def take(self, codec: Codec, line: Line) -> list[Put]:
        """The rows of the next line. Whatever it raises is the fault of the page."""
        entry = read_kept(codec, self.stream, line.version, line.stored, line.digest, line.leaf)
        step = self.folding.take(entry)
        return self.past.take(entry, step.changes, step.places)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a page could not be followed: from which line on, and the kind of the error, which quotes nobody."""

    line: int
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """What the fresh lines of a page make: rows, up to the line that could not be followed if there is one."""

    stream: Stream
    first: int
    rows: Mapping[str, Sequence[orjson.Fragment]]
    failure: Failure | None = None


class Pages:
    """Pages folded, those of late kept in memory."""

    def __init__(self) -> None:
        self._codec = Codec()
        self._kept: OrderedDict[tuple[Commune, Stream], FollowedPage] = OrderedDict()
        self._lines = 0

    def forget(self) -> None:
        """Nothing is known any more: what was folded may not have been written."""
        self._kept.clear()
        self._lines = 0

    def fold(self, connection: Connection, commune: Commune, lines: Mapping[Stream, Sequence[Line]]) -> list[Folded]:
        """The rows of lines, page by page. The lines before them are remembered, or read again."""
        remembered = {stream: self._take_out(commune, stream, lines[stream][0].version - 1) for stream in lines}
        unknown = {stream: lines[stream][0].version for stream, page in remembered.items() if page is None}
        before = _before(connection, commune, unknown)
        folded = []
        for stream, some in lines.items():
            page = remembered[stream]
            found = None if page is None else self._folded(page, some)
            if found is None or found.failure is not None:
                # What is remembered may be of a database that was replaced by its backup.
                known = before.get(stream) or (
                    [] if page is None else _before(connection, commune, {stream: some[0].version}).get(stream, [])
                )
                page = FollowedPage(commune=commune, stream=stream)
                found = self._folded(page, [*known, *some])
            if page is not None and found.failure is None:
                self._keep(page)
            folded.append(found)
        return folded

    def anew(self, commune: Commune, stream: Stream, lines: Sequence[Line]) -> Folded:
        """The rows of a page given from its first line on, which is not remembered."""
        return self._folded(FollowedPage(commune=commune, stream=stream), lines)

    def _folded(self, page: FollowedPage, lines: Sequence[Line]) -> Folded:
        first = next(line.version for line in lines if line.fresh)
        puts: list[Put] = []
        at, failure = first, None
        try:
            for line in lines:
                at = max(first, line.version)
                made = page.take(self._codec, line)
                if line.fresh:
                    puts.extend(made)
        except (psycopg.Error, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a line does to its fold, the other pages go on
            failure = Failure(line=at, error=type(error).__name__)
        try:
            rows = _encoded(puts)
        except TypeError as error:
            return Folded(stream=page.stream, first=first, rows={}, failure=Failure(line=first, error=_kind(error)))
        return Folded(stream=page.stream, first=first, rows=rows, failure=failure)

    def _take_out(self, commune: Commune, stream: Stream, version: int) -> FollowedPage | None:
        page = self._kept.pop((commune, stream), None)
        if page is not None:
            self._lines -= page.version
        if page is not None and page.version == version:
            return page
        return None if version else FollowedPage(commune=commune, stream=stream)

    def _keep(self, page: FollowedPage) -> None:
        self._kept[page.commune, page.stream] = page
        self._lines += page.version
        while self._lines > MOST_REMEMBERED and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._lines -= oldest.version


def _encoded(puts: Iterable[Put]) -> Rows:
    """The last of the rows under each key, in the form they are sent in."""
    return {
        table: [orjson.Fragment(orjson.dumps(row, option=orjson.OPT_UTC_Z)) for row in found["put"]]
        for table, found in merged(puts).items()
    }


def _before(connection: Connection, commune: Commune, wanted: Mapping[Stream, int]) -> dict[Stream, list[Line]]:
    """The lines of pages before these versions."""
    wanted = {stream: version for stream, version in wanted.items() if version > 1}
    if not wanted:
        return {}
    values = {"commune": commune, "streams": list(wanted), "before": list(wanted.values())}
    rows = connection.execute(_PREFIXES, values)
    return {
        stream: [Line(version, stored, digest, leaf, fresh=False) for _, version, stored, digest, leaf in group]
        for stream, group in groupby(rows, key=lambda row: row[0])
    }


def write(connection: Connection, folded: Sequence[Folded]) -> dict[Stream, Failure]:
    """Keeps the rows of pages, and answers those that could not be followed or kept, with the reason."""
    failures = {each.stream: each.failure for each in folded if each.failure is not None}
    failures.update(_kept(connection, [each for each in folded if each.rows]))
    return failures


def _kept(connection: Connection, folded: Sequence[Folded]) -> dict[Stream, Failure]:
    """Writes the rows at once; when the database refuses some, halves find whose."""
    if not folded:
        return {}
    try:
        with connection.transaction():
            for table, statement in WRITES.items():
                rows = [row for each in folded for row in each.rows.get(table, ())]
                if rows:
                    connection.execute(statement, (orjson.dumps(rows).decode(),))
    except REFUSED as refused:
        if len(folded) == 1:
            [only] = folded
            return {only.stream: Failure(line=only.first, error=_kind(refused))}
    else:
        return {}
    middle = len(folded) // 2
    return {**_kept(connection, folded[:middle]), **_kept(connection, folded[middle:])}


def _kind(error: Exception) -> str:
    return type(error).__name__


def park(connection: Connection, commune: Commune, failures: Mapping[Stream, Failure]) -> None:
    """Sets pages aside. One that is parked already has been tried once more."""
    values: list[dict[str, Any]] = [
        {"model": MODEL, "commune": commune, "stream": stream, "line": failure.line, "error": failure.error}
        for stream, failure in sorted(failures.items())
    ]
    if values:
        connection.cursor().executemany(_PARK, values)


_PARK: Final = """
    INSERT INTO parked AS p (model, commune, stream, line, error, tries, parked_at, next_try_at)
    VALUES (%(model)s, %(commune)s, %(stream)s, %(line)s, %(error)s, 1, now(), now() + interval '1 second')
    ON CONFLICT (model, commune, stream) DO UPDATE SET
        line = excluded.line, error = excluded.error, tries = p.tries + 1,
        next_try_at = now() + least(interval '1 hour', interval '1 second' * 2 ^ least(p.tries, 12))
"""
