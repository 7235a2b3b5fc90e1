"""The bulk of a rebuild: processes that take chunks of pages, fold them, and copy the rows they leave."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from replay.folding import few_collections
from replay.rebuilding.catalogue import NEW, columns, named
from replay.rebuilding.rows import Encode, Line, Reader, Slot, Told, encoder, puts
from replay.rebuilding.state import Connection, RebuildRefusedError, Run, connect, set_town
from replay.workers import WorkerGoneError, said_by

FETCHED: Final = 5_000
BUFFERED_ROWS: Final = 20_000
STOPPED: Final = "a process of the rebuild was stopped: run it again, it goes on where it was."

_TAKE: Final = """
    SELECT number, commune, first, last FROM rebuild.chunks WHERE NOT done ORDER BY lines DESC, number
    FOR UPDATE SKIP LOCKED LIMIT 1
"""
_LINES: Final = """
    SELECT stream, version, stored, digest, arrival FROM ardoise.entries
    WHERE commune = %(commune)s AND stream >= %(first)s AND stream <= %(last)s AND arrival <= %(upto)s
    ORDER BY stream, version
"""
_PLACE_COLUMNS: Final = ("commune", "activity", "unit", "day", "pool")

Progress = Callable[[int], None]
"""Told how many more lines were folded."""


@dataclass(kw_only=True)
class Copier:
    """Rows on their way into the new tables: a few pages' at a time."""

    connection: Connection
    encoders: Mapping[str, Encode]
    taken: Counter[Slot] = field(default_factory=Counter)
    _lines: dict[str, list[str]] = field(default_factory=dict)
    _buffered: int = 0

    def take(self, told: Told) -> None:
        """The rows of one more page."""
        for table, changes in told.last.items():
            if not changes:
                continue
            encode, lines = self.encoders[table], self._lines.setdefault(table, [])
            before = len(lines)
            lines.extend([encode(row) for row in puts(changes)])
            self._buffered += len(lines) - before
        self.taken.update(told.taken)
        for slot, capacity in told.set_by_town.items():
            self.connection.execute(
                "INSERT INTO rebuild.capacities VALUES (%s, %s, %s, %s, %s, %s)", (*_columns_of(slot), capacity)
            )
        if self._buffered >= BUFFERED_ROWS:
            self.flush()

    def flush(self) -> None:
        """Sends what waits."""
        for table, lines in self._lines.items():
            self._copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(NEW, table)), lines)
        self._lines, self._buffered = {}, 0

    def close(self) -> None:
        """Sends what waits, and the places counted."""
        self.flush()
        counted = [
            self.encoders["counted"](dict(zip((*_PLACE_COLUMNS, "taken"), (*_columns_of(slot), taken), strict=True)))
            for slot, taken in sorted(self.taken.items())
        ]
        self._copy(sql.SQL("COPY rebuild.counted FROM STDIN"), counted)
        self.taken.clear()

    def _copy(self, statement: sql.Composed | sql.SQL, lines: list[str]) -> None:
        if lines:
            with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write("".join(lines).encode())


def _columns_of(slot: Slot) -> tuple[object, ...]:
    return (slot.commune, slot.place.activity, slot.place.unit, slot.place.day, slot.place.pool)


def reader_of(run: Run) -> Reader:
    """What folds pages for this run."""
    return Reader(tables={table.name for table in run.tables}, past=run.past, places=run.places)


def copier_of(connection: Connection, run: Run) -> Copier:
    """What copies rows for this run."""
    names = [*(table.name for table in run.tables), "counted"]
    encoders = {name: encoder(columns(connection, named(NEW, name))) for name in names}
    return Copier(connection=connection, encoders=encoders)


def work(connection: Connection, run: Run, progress: Progress) -> None:
    """Takes chunks until none is left, each with its rows in one transaction. Raises UnreadableLineError."""
    connection.execute("SET synchronous_commit = off")
    reader, copier = reader_of(run), copier_of(connection, run)
    with few_collections():
        while _chunk(connection, run, reader, copier, progress):
            pass


def _chunk(connection: Connection, run: Run, reader: Reader, copier: Copier, progress: Progress) -> bool:
    with connection.transaction():
        taken = connection.execute(_TAKE).fetchone()
        if taken is None:
            return False
        number, commune, first, last = taken
        set_town(connection, commune)
        values = {"commune": commune, "first": first, "last": last, "upto": run.horizon}
        with psycopg.ServerCursor[TupleRow](connection, "lines") as cursor:
            cursor.itersize = FETCHED
            lines: Iterator[Line] = iter(cursor.execute(_LINES, values, binary=True))
            folded = 0
            for count, told in reader.pages(lines, run.sealed):
                copier.take(told)
                folded += count
                if folded >= FETCHED:
                    progress(folded)
                    folded = 0
        copier.close()
        connection.execute("UPDATE rebuild.chunks SET done = true WHERE number = %s", (number,))
    progress(folded)
    return True


def build(owner_url: str, run: Run, processes: int, progress: Progress) -> None:
    """Folds every chunk that is not done. Raises RebuildRefusedError, or UnreadableLineError of one process alone."""
    if processes == 1:
        with connect(owner_url) as connection:
            work(connection, run, progress)
        return
    asked = {"owner_url": owner_url, "run": asdict(run) | {"sealed": [*run.sealed]}}
    try:
        with closing(said_by("replay.rebuilding.worker", asked, processes)) as workers:
            for said in workers:
                if "failed" in said:
                    raise RebuildRefusedError(said["failed"])
                progress(said["lines"])
    except WorkerGoneError:
        raise RebuildRefusedError(STOPPED) from None
