"""Does a town's ledger still say what it said? Every chain, every place and every read model, against the facts.

It finds an edit, a deletion, a swap or an insertion at its place on a page. A page cut at its end, or written anew to
its end, needs a size and a head kept elsewhere to be found.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, LiteralString

import orjson
import psycopg
from psycopg.rows import TupleRow, dict_row

from ledger.child import Child
from ledger.codec import Codec, UnknownFactError
from ledger.entry import GENESIS, Entry
from ledger.holdings import PlaceKey, held
from ledger.identifiers import Commune, Stream
from ledger.rows import Drop, Row
from ledger.store import AnyPage, Page, turned
from projections.inline import project

Connection = psycopg.Connection[TupleRow]

TABLES: Final[dict[str, tuple[LiteralString, tuple[str, ...]]]] = {
    "children": ("SELECT * FROM children", ("commune", "child")),
    "guardians": ("SELECT * FROM guardians", ("commune", "household", "guardian", "subject")),
    "enrolments": ("SELECT * FROM enrolments", ("commune", "child", "enrolment")),
    "calendar_days": ("SELECT * FROM calendar_days", ("commune", "child", "day", "activity", "unit")),
    "attendance": ("SELECT * FROM attendance", ("commune", "child", "day", "activity", "unit")),
    "demandes": ("SELECT * FROM demandes", ("commune", "number")),
    "rulebooks": ("SELECT * FROM rulebooks", ("commune", "version")),
    "closures": ("SELECT * FROM closures", ("commune", "day", "activity", "site")),
}
"""Every read model with its primary key."""

_ENTRIES: Final = """
    SELECT commune, stream, version, type, recorded_at, stored, digest FROM entries
    WHERE commune = %s ORDER BY stream, version
"""
_PLACES: Final = "SELECT activity, unit, day, pool, taken FROM places WHERE commune = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as the facts say. `where` names a line of a page, a slot or a row."""

    what: str
    where: str


@dataclass(kw_only=True, slots=True)
class _Facts:
    """What the facts say, page after page."""

    tables: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    taken: Counter[PlaceKey] = field(default_factory=Counter)
    lines: int = 0

    def take(self, entry: Entry, page: AnyPage) -> None:
        """The rows an entry changes."""
        assert page.state is not None
        for change in project(entry, page.state):
            table = self.tables.setdefault(change.table, {})
            if isinstance(change, Drop):
                table.pop(change.key, None)
            else:
                table[change.key] = change.row

    def close(self, page: AnyPage) -> None:
        """The places a child holds at the end of its page."""
        if isinstance(page.state, Child):
            self.taken.update(held(page.state, page.state.slots))


def verify(
    connection: Connection, commune: Commune, *, progress: Callable[[int], None] = lambda _lines: None
) -> Iterator[Finding]:
    """Everything that is not as the facts of a town say; nothing when all is well.

    One snapshot of the database for all of it, so that it may run while families book. `progress` is told how many
    lines were read.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        connection.execute("SET LOCAL statement_timeout = 0")
        facts = _Facts()
        yield from _pages(connection, commune, facts, progress)
        yield from _places(connection, commune, facts)
        for table in TABLES:
            yield from _rows(connection, table, facts.tables.get(table, {}))


def _pages(
    connection: Connection, commune: Commune, facts: _Facts, progress: Callable[[int], None]
) -> Iterator[Finding]:
    codec = Codec()
    page: AnyPage = Page(stream=Stream(""))
    broken = ""
    with connection.cursor("verify") as cursor:
        cursor.itersize = 2_000
        for row in cursor.execute(_ENTRIES, (commune,)):
            stream, version = row[1], row[2]
            facts.lines += 1
            if facts.lines % cursor.itersize == 0:
                progress(facts.lines)
            if stream != page.stream:
                facts.close(page)
                page = Page(stream=stream)
            if stream == broken:
                continue
            wrong = list(_line(codec, row, page))
            if wrong:
                broken = stream  # what follows on this page cannot be judged
                yield from wrong
                continue
            entry = codec.read(row[5])
            page = turned(page, [entry])
            facts.take(entry, page)
            assert page.version == version
    facts.close(page)
    progress(facts.lines)


def _line(codec: Codec, row: TupleRow, page: AnyPage) -> Iterator[Finding]:
    commune, stream, version, kind, recorded_at, stored, digest = row
    where = f"{stream} line {version}"
    if version != page.version + 1:
        yield Finding(what="lines_missing", where=f"{stream} lines {page.version + 1} to {version - 1}")
        return
    if sha256(stored).digest() != digest:
        yield Finding(what="line_changed", where=where)
        return
    try:
        entry = codec.read(stored)
    except (UnknownFactError, ValueError, KeyError, TypeError):
        yield Finding(what="line_unreadable", where=where)
        return
    said = (entry.commune, entry.stream, entry.version, codec.name(entry.fact), entry.signature.recorded_at)
    if said != (commune, stream, version, kind, recorded_at):
        yield Finding(what="line_out_of_place", where=where)
    elif entry.previous != (page.head if page.version else GENESIS):
        yield Finding(what="chain_broken", where=where)


def _places(connection: Connection, commune: Commune, facts: _Facts) -> Iterator[Finding]:
    counted = {PlaceKey(*row[:4]): row[4] for row in connection.execute(_PLACES, (commune,))}
    for key in sorted(counted.keys() | facts.taken.keys()):
        if counted.get(key, 0) != facts.taken.get(key, 0):
            where = f"{key.activity} {key.unit} {key.day} {key.pool}".strip()
            yield Finding(what="places_differ", where=where)


def _rows(connection: Connection, table: str, told: dict[tuple[Any, ...], Row]) -> Iterator[Finding]:
    question, key = TABLES[table]
    with connection.cursor(row_factory=dict_row) as cursor:
        kept = {tuple(row[name] for name in key): row for row in cursor.execute(question)}
    for name in _sorted(kept.keys() | told.keys()):
        if name not in told or name not in kept or _plain(told[name]) != _plain(kept[name]):
            yield Finding(what="row_differs", where=f"{table} {' '.join(map(str, name[1:]))}")


def _sorted(keys: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(keys, key=lambda key: tuple(map(str, key)))


def _plain(row: Row) -> Any:
    """A row as it would be read back: instants, days and nested days in one form."""
    return orjson.loads(orjson.dumps(row, option=orjson.OPT_UTC_Z))
