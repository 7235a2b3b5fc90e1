"""Does a town's ledger still say what it said? Lines, the tree, places, answers and read models, against the facts.

A line that was changed, moved, removed or inserted is named by its page and its number; once it was sealed, so is one
that was cut off a page's end, or written anew with all that follows it. What a superuser changed everywhere at once, in
lines, seals and hashes, is found by the checkpoints, which are not in the database.

One exported snapshot of the database for all of it, so that it may run while families book, in as many processes as
wanted. `lines` reads everything once and only suspects; `pages` names what is wrong on a suspected page; `tree` grows
the tree again; `rows` folds the pages; `books` holds titres and
balances against what was closed and paid; `bills` works every closed month out again.
"""

from collections.abc import Callable, Container, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from ledger.database import missing_guards
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune
from ledger.streams import regie_page
from replay.following.pages import MODEL
from replay.sealing.checkpoint import Checkpoint
from replay.verifying.answers import unanswered
from replay.verifying.bills import Again, bill_again, homes, shared_out
from replay.verifying.books import Books, balances, placed
from replay.verifying.findings import Finding
from replay.verifying.lines import Connection, Range, Sealed, Segment, Settled, joined, read_range, settled_of, shares
from replay.verifying.pages import cut, judged, titled
from replay.verifying.pool import Pool, pool_of
from replay.verifying.rows import SOURCES, UNNAMED, Folded, differences, fold_pages, rows_of
from replay.verifying.tree import grown_again

__all__ = ["Connection", "Finding", "Verification", "verify"]

_SEALS_GUARDS: Final = ("seals_are_never_changed", "seals_are_never_emptied")
_GUARDS: Final = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'ardoise.seals'::regclass AND tgenabled = 'A'"
_PLACES: Final = "SELECT activity, unit, day, pool, taken, is_set, capacity FROM places WHERE commune = %s"
_ENDS: Final = """
    SELECT coalesce(least((SELECT min(arrival) FROM entries WHERE commune = %(commune)s),
                          (SELECT min(arrival) FROM seals WHERE commune = %(commune)s)), 1) - 1,
           coalesce(greatest((SELECT max(arrival) FROM entries WHERE commune = %(commune)s),
                             (SELECT max(arrival) FROM seals WHERE commune = %(commune)s)), 0)
"""
_PARKED: Final = "SELECT stream, line FROM parked WHERE model = %s AND commune = %s"
_SIZE: Final = "SELECT coalesce((SELECT size FROM trees WHERE commune = %s), 0)"
_SHARES: Final = 8
"""Ranges a process: none waits long for the last one."""


@dataclass(kw_only=True, slots=True)
class Verification:
    """One town, to be verified. `lines` counts what was read; `progress` is told of it."""

    commune: Commune
    checkpoints: Sequence[Checkpoint] = ()
    """Whose signatures are believed, from the smallest to the largest."""
    rows: bool = True
    """Whether pages are folded and their rows compared, or only lines, tree, checkpoints and answers looked at."""
    processes: int = 1
    conninfo: str | None = None
    """How other processes connect; without it, this one does everything."""
    progress: Callable[[int], None] = lambda _lines: None
    lines: int = 0
    folded: int = 0

    def run(self, connection: Connection) -> Iterator[Finding]:
        """Everything that is not as the facts of the town say; nothing when all is well."""
        with (
            connection.transaction(),
            pool_of(connection, self.commune, self.conninfo, self.processes, self.progress) as pool,
        ):
            broken: set[str] = set()
            yield from _guards(connection)
            settled = settled_of(connection, self.commune, MODEL)
            yield from settled.findings()
            ranges = self._ranges(connection, pool, settled)
            pages = yield from _chains(connection, self.commune, ranges, broken)
            commands = {name: signed for each in ranges for name, signed in each.commands.items()}
            ranges.clear()
            yield from grown_again(connection, self.commune, self.checkpoints)
            yield from unanswered(connection, self.commune, commands, broken)
            if self.rows:
                yield from self._folds(connection, pool, pages, broken)
                yield from self._books(connection, pool, pages, broken, settled)
            for stream in sorted(broken):
                yield Finding(what="not_compared", where=f"what follows from {stream}", stream=stream)

    def _ranges(self, connection: Connection, pool: Pool, settled: Settled) -> list[Range]:
        first, last = connection.execute(_ENDS, {"commune": self.commune}).fetchone() or (0, 0)
        tasks = [(start, upto, settled) for start, upto in shares(first, last, pool.processes * _SHARES)]
        ranges: list[Range] = pool.all(read_range, tasks)
        self.lines = sum(each.lines for each in ranges)
        return ranges

    def _folds(
        self, connection: Connection, pool: Pool, pages: dict[str, Segment], broken: set[str]
    ) -> Iterator[Finding]:
        parked: dict[str, int] = dict(connection.execute(_PARKED, (MODEL, self.commune)).fetchall())
        for stream, line in sorted(parked.items()):
            yield Finding.at("page_parked", stream, line)
        good = {stream: segment for stream, segment in sorted(pages.items()) if stream not in broken}
        tasks = [(share, frozenset(parked)) for share in _even(good, pool.processes * _SHARES)]
        whole = Folded()
        for folded in pool.all(fold_pages, tasks):
            whole.add(folded)
        self.folded = whole.lines
        yield from whole.findings
        broken |= whole.broken
        if not broken:
            yield from _places(connection, self.commune, whole)
        yield from _whole_tables(connection, self.commune, whole, {stream.partition("/")[0] for stream in broken})
        yield from _strangers(connection, self.commune, pages)

    def _books(
        self, connection: Connection, pool: Pool, pages: dict[str, Segment], broken: set[str], settled: Settled
    ) -> Iterator[Finding]:
        """Every cent billed points at its facts."""
        again = Again()
        if regie_page(self.commune) in pages:
            families = homes(connection, self.commune, pages, broken)
            [(upto,)] = connection.execute(_SIZE, (self.commune,)).fetchall()
            tasks = [(upto, some) for some in shared_out(families, pool.processes * _SHARES)] or [(upto, [])]
            whole = not broken or len(families) == len(homes(connection, self.commune, pages, ()))
            again = Again.of(pool.all(bill_again, tasks), whole=whole)
        books = Books(commune=self.commune, pages=pages, broken=broken, until=settled.last_at, again=again)
        found = list(books.findings(connection))
        if not any(stream.startswith("payer/") for stream in broken):
            found += balances(connection, self.commune)
        found += again.findings
        return placed(connection, self.commune, found)


def verify(
    connection: Connection,
    commune: Commune,
    *,
    checkpoints: Sequence[Checkpoint] = (),
    progress: Callable[[int], None] = lambda _lines: None,
) -> Iterator[Finding]:
    """All of a town over one connection. `progress` is told how many lines were read at once."""
    return Verification(commune=commune, checkpoints=checkpoints, progress=progress).run(connection)


def _chains(
    connection: Connection, commune: Commune, ranges: Sequence[Range], broken: set[str]
) -> Generator[Finding, None, dict[str, Segment]]:
    """What is wrong with lines, and which pages are broken by it; every page from end to end."""
    pages, suspects = joined(ranges)
    gone: dict[str, list[Sealed]] = {}
    for each in ranges:
        for seal in each.gone:
            gone.setdefault(seal.stream, []).append(seal)
    for stream in sorted(suspects | gone.keys()):
        lost = gone.get(stream, [])
        wrong = list(judged(connection, commune, stream, lost))
        wrong = wrong or list(cut(stream, lost, pages[stream].last if stream in pages else 0))
        if wrong:
            broken.add(stream)
        yield from titled(connection, commune, wrong)
    for each in ranges:
        for stream, line in each.unsealed:
            if stream not in broken:
                yield Finding.at("never_sealed", stream, line)
    return pages


def _guards(connection: Connection) -> Iterator[Finding]:
    """The triggers that refuse to change a line or a seal, when somebody put them out of the way."""
    for name in missing_guards(connection):
        yield Finding(what="guard_missing", where=f"trigger {name} on entries")
    running = {name for (name,) in connection.execute(_GUARDS)}
    for name in _SEALS_GUARDS:
        if name not in running:
            yield Finding(what="guard_missing", where=f"trigger {name} on seals")


def _even(pages: dict[str, Segment], count: int) -> Iterator[dict[str, Segment]]:
    """The pages in shares of about as many lines."""
    wanted = max(sum(page.last for page in pages.values()) // count, 1)
    share: dict[str, Segment] = {}
    lines = 0
    for stream, page in pages.items():
        share[stream] = page
        lines += page.last
        if lines >= wanted:
            yield share
            share, lines = {}, 0
    if share:
        yield share


def _places(connection: Connection, commune: Commune, told: Folded) -> Iterator[Finding]:
    counted = {PlaceKey(*row[:4]): row[4:] for row in connection.execute(_PLACES, (commune,))}
    for key in sorted(counted.keys() | told.taken.keys() | told.set_by_town.keys()):
        taken, is_set, capacity = counted.get(key, (0, False, None))
        told_set = key in told.set_by_town
        where = f"{key.activity} {key.unit} {key.day} {key.pool}".strip()
        if taken != told.taken.get(key, 0):
            yield Finding(what="places_differ", where=where)
        if is_set != told_set or (told_set and capacity != told.set_by_town[key]):
            yield Finding(what="capacity_differs", where=where)


def _whole_tables(connection: Connection, commune: Commune, told: Folded, broken: set[str]) -> Iterator[Finding]:
    """The tables whose rows do not say which page they are of, but those made of a kind of page that is broken."""
    for table in UNNAMED:
        if broken & set(table.pages):
            continue
        question = sql.SQL("SELECT * FROM {} WHERE commune = %s").format(sql.Identifier(table.name))
        kept = rows_of(connection, table, question, (commune,))
        yield from differences(table, told.rest.get(table.name, {}), kept)


def _strangers(connection: Connection, commune: Commune, pages: Container[str]) -> Iterator[Finding]:
    """Rows of a page nobody ever wrote on."""
    for table, source in SOURCES:
        question = sql.SQL("SELECT DISTINCT {column} FROM {table} WHERE commune = %s AND {only} ORDER BY 1").format(
            column=sql.Identifier(source.column), table=sql.Identifier(table.name), only=sql.SQL(source.only)
        )
        for (name,) in connection.execute(question, (commune,)):
            if (name if source.kind is None else f"{source.kind}/{commune}/{name}") not in pages:
                yield Finding(what="row_differs", where=f"{table.name} {name}")
