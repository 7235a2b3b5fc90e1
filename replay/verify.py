"""Does a town's ledger still say what it said? Every chain, every place and every read model, against the facts.

It finds an edit, a deletion, a swap or an insertion at its place on a page. A page cut at its end, or written anew to
its end, needs a size and a head kept elsewhere to be found.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson
import psycopg
from psycopg.rows import TupleRow

from ledger.child import Child
from ledger.codec import Codec, UnknownFactError
from ledger.database import missing_guards
from ledger.entry import GENESIS, Entry
from ledger.holdings import PlaceKey, held
from ledger.identifiers import Commune, Stream
from ledger.rows import Drop
from ledger.snapshots import FOLD, pack
from ledger.store import AnyPage, Page, turned
from ledger.town import Town
from projections.inline import project
from replay.kept_rows import BY_CHILD, BY_TOWN, KeptRows, Table, Told, differing, rows_of

Connection = psycopg.Connection[TupleRow]

_ENTRIES: Final = """
    SELECT commune, stream, version, type, recorded_at, stored, digest FROM entries
    WHERE commune = %s ORDER BY stream COLLATE "C", version
"""
_SNAPSHOTS: Final = "SELECT stream, version, fold, state FROM snapshots WHERE commune = %s"
_PLACES: Final = "SELECT activity, unit, day, pool, taken, is_set, capacity FROM places WHERE commune = %s"
_BATCH: Final = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as the facts say. `where` names a line of a page, a slot or a row."""

    what: str
    where: str


@dataclass(kw_only=True, slots=True)
class _Facts:
    """What the facts say: of one child at a time, and of the town as a whole."""

    told: Told = field(default_factory=dict)
    taken: Counter[PlaceKey] = field(default_factory=Counter)
    set_by_town: dict[PlaceKey, int | None] = field(default_factory=dict)
    lines: int = 0
    broken: set[str] = field(default_factory=set)
    """Pages with a line that cannot be believed: what they would say of rows and places is not compared."""

    def take(self, entry: Entry, page: AnyPage) -> None:
        """The rows an entry changes."""
        assert page.state is not None
        for change in project(entry, page.state):
            table = self.told.setdefault(change.table, {})
            if isinstance(change, Drop):
                table.pop(change.key, None)
            else:
                table[change.key] = change.row

    def close(self, page: AnyPage) -> None:
        """What a page says in the end of places."""
        if isinstance(page.state, Child):
            self.taken.update(held(page.state, page.state.slots))
        if isinstance(page.state, Town):
            self.set_by_town.update(page.state.capacities)

    def forget(self, tables: tuple[Table, ...]) -> Told:
        """The rows of these tables, which need not be remembered any more."""
        return {table.name: self.told.pop(table.name, {}) for table in tables}


def verify(
    connection: Connection, commune: Commune, *, progress: Callable[[int], None] = lambda _lines: None
) -> Iterator[Finding]:
    """Everything that is not as the facts of a town say; nothing when all is well.

    One snapshot of the database for all of it, so that it may run while families book; one child in memory at a time.
    `progress` is told how many lines were read.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        connection.execute("SET LOCAL statement_timeout = 0")
        facts = _Facts()
        yield from _triggers(connection)
        yield from _pages(connection, commune, facts, progress)
        for stream in sorted(facts.broken):
            yield Finding(what="not_compared", where=f"what follows from {stream}")
        if not facts.broken:
            yield from _places(connection, commune, facts)
        if all(stream.startswith("child/") for stream in facts.broken):
            told = facts.forget(BY_TOWN)
            for table in BY_TOWN:
                yield from _differences(table, told[table.name], rows_of(connection, table))


def _triggers(connection: Connection) -> Iterator[Finding]:
    """The triggers that refuse to change an entry, when somebody put them out of the way."""
    for name in missing_guards(connection):
        yield Finding(what="guard_missing", where=f"trigger {name} on entries")


def _differences(table: Table, told: dict[tuple[Any, ...], Any], kept: dict[tuple[Any, ...], Any]) -> Iterator[Finding]:
    for key in differing(told, kept):
        yield Finding(what="row_differs", where=f"{table.name} {' '.join(map(str, key[1:]))}")


def _pages(
    connection: Connection, commune: Commune, facts: _Facts, progress: Callable[[int], None]
) -> Iterator[Finding]:
    snapshots = {row[0]: row[1:] for row in connection.execute(_SNAPSHOTS, (commune,))}
    page: AnyPage = Page(stream=Stream(""))
    codec = Codec()
    with ExitStack() as opened:
        kept = [opened.enter_context(closing(KeptRows(connection, table))) for table in BY_CHILD]
        cursor = opened.enter_context(connection.cursor("verify"))
        cursor.itersize = _BATCH
        for row in cursor.execute(_ENTRIES, (commune,)):
            stream = row[1]
            facts.lines += 1
            if facts.lines % _BATCH == 0:
                progress(facts.lines)
            if stream != page.stream:
                yield from _close(facts, page, kept)
                page = Page(stream=stream)
            if stream in facts.broken:
                continue
            wrong = list(_line(codec, row, page))
            if wrong:
                facts.broken.add(stream)
                yield from wrong
                continue
            entry = codec.read(row[5])
            page = turned(page, [entry])
            facts.take(entry, page)
            yield from _snapshot(page, snapshots.get(stream))
        yield from _close(facts, page, kept)
        for rows in kept:
            for child in rows.rest():
                yield Finding(what="row_differs", where=f"{rows.table.name} {child}")
    progress(facts.lines)


def _close(facts: _Facts, page: AnyPage, kept: list[KeptRows]) -> Iterator[Finding]:
    """The end of a page: what it says of places, and of the rows of its child."""
    facts.close(page)
    if not isinstance(page.state, Child):
        return
    told = facts.forget(BY_CHILD)
    for rows in kept:
        found = rows.of(page.state.child)
        if page.stream in facts.broken:
            continue
        for stranger in rows.passed:
            yield Finding(what="row_differs", where=f"{rows.table.name} {stranger}")
        yield from _differences(rows.table, told[rows.table.name], found)


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
    # The name the line was written under: a fact of another age is read under its present one.
    written = orjson.loads(stored)["type"]
    said = (entry.commune, entry.stream, entry.version, written, entry.signature.recorded_at)
    if said != (commune, stream, version, kind, recorded_at):
        yield Finding(what="line_out_of_place", where=where)
    elif entry.previous != (page.head if page.version else GENESIS):
        yield Finding(what="chain_broken", where=where)


def _snapshot(page: AnyPage, kept: tuple[int, int, bytes] | None) -> Iterator[Finding]:
    """Whether the snapshot at this line is what the lines up to it fold into. Those of another fold are never read."""
    if kept is None or not isinstance(page.state, Child) or kept[:2] != (page.version, FOLD):
        return
    told = orjson.loads(orjson.dumps({"head": page.head.hex(), "child": pack(page.state)}))
    try:
        found = orjson.loads(kept[2])
    except orjson.JSONDecodeError:
        found = None
    if found != told:
        yield Finding(what="snapshot_differs", where=f"{page.stream} line {page.version}")


def _places(connection: Connection, commune: Commune, facts: _Facts) -> Iterator[Finding]:
    counted = {PlaceKey(*row[:4]): row[4:] for row in connection.execute(_PLACES, (commune,))}
    for key in sorted(counted.keys() | facts.taken.keys() | facts.set_by_town.keys()):
        taken, is_set, capacity = counted.get(key, (0, False, None))
        told_set = key in facts.set_by_town
        where = f"{key.activity} {key.unit} {key.day} {key.pool}".strip()
        if taken != facts.taken.get(key, 0):
            yield Finding(what="places_differ", where=where)
        if is_set != told_set or (told_set and capacity != facts.set_by_town[key]):
            yield Finding(what="capacity_differs", where=where)
