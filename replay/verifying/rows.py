"""The read models beside the fold: pages some hundred at a time, and the rows of the database that come from them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson
from psycopg import sql
from psycopg.types.datetime import TimestamptzBinaryLoader
from psycopg.types.json import set_json_loads

from ledger.child import Child
from ledger.codec import Codec
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, Stream
from ledger.rows import Drop, Row
from ledger.snapshots import FOLD, pack
from ledger.store import AnyPage
from ledger.town import Town
from projections.models import READ_MODELS, Source, Table
from projections.past import FOREVER, PastOfPage
from replay.folding import Folding
from replay.verifying.findings import Finding
from replay.verifying.lines import Connection, Segment
from replay.verifying.pages import UNREADABLE

Key = tuple[Any, ...]
Rows = dict[str, dict[Key, Row]]
"""Rows by table and primary key."""

PAGES: Final = 50
"""Pages that are folded and compared at once."""
TABLES: Final[Mapping[str, Table]] = {table.name: table for model in READ_MODELS.values() for table in model.tables}
_INFINITY: Final = bytes.fromhex("7fffffffffffffff")
BEHIND: Final = tuple(table.name for table in READ_MODELS["past"].tables)


SOURCES: Final = tuple((table, source) for table in TABLES.values() for source in table.rows)
UNNAMED: Final = tuple(table for table in TABLES.values() if not table.rows)
"""Tables whose rows do not say which page they are of: all of them in the town are compared at the end."""

_LINES: Final = """
    SELECT stream, version, stored FROM entries WHERE commune = %s AND stream = ANY (%s) ORDER BY stream, version
"""
_SNAPSHOTS: Final = (
    "SELECT stream, version, state FROM snapshots WHERE commune = %s AND fold = %s AND stream = ANY (%s)"
)


@dataclass(kw_only=True, slots=True)
class Folded:
    """What some pages say: what differs of their rows, and what is only known once all pages said it."""

    findings: list[Finding] = field(default_factory=list)
    lines: int = 0
    broken: set[str] = field(default_factory=set)
    """Pages with a line that does not follow from those before it."""
    taken: Counter[PlaceKey] = field(default_factory=Counter)
    set_by_town: dict[PlaceKey, int | None] = field(default_factory=dict)
    rest: Rows = field(default_factory=dict)
    """Rows of the tables that are compared whole."""

    def add(self, other: "Folded") -> None:
        """What other pages say too."""
        self.findings += other.findings
        self.lines += other.lines
        self.broken |= other.broken
        self.taken.update(other.taken)
        self.set_by_town.update(other.set_by_town)
        for table, rows in other.rest.items():
            self.rest.setdefault(table, {}).update(rows)


def fold_pages(
    connection: Connection,
    commune: Commune,
    pages: Mapping[str, Segment],
    parked: frozenset[str],
    progress: Callable[[int], None],
) -> Folded:
    """Folds pages and compares their rows. `progress` is told of the lines of some pages at once."""
    found = Folded()
    streams = list(pages)
    for start in range(0, len(streams), PAGES):
        before = found.lines
        _fold(connection, commune, {each: pages[each] for each in streams[start : start + PAGES]}, parked, found)
        progress(found.lines - before)
    return found


def _fold(
    connection: Connection, commune: Commune, pages: Mapping[str, Segment], parked: frozenset[str], found: Folded
) -> None:
    told: Rows = {name: {} for name in TABLES}
    streams, codec = list(pages), Codec()
    snapshots = {row[0]: row[1:] for row in connection.execute(_SNAPSHOTS, (commune, FOLD, streams), binary=True)}
    folding, past = Folding(Stream("")), PastOfPage()
    for stream, version, stored in connection.execute(_LINES, (commune, streams), binary=True):
        if stream != folding.page.stream:
            _close(folding, found)
            folding, past = Folding(stream), PastOfPage()
        found.lines += 1
        if stream in found.broken:
            continue
        try:
            entry = codec.read(stored)
            assert (entry.commune, entry.stream, entry.version) == (commune, stream, version), "a line out of place"
            step = folding.take(entry)
            puts = past.take(step.entry, step.changes, step.places) if version <= pages[stream].followed else ()
        except UNREADABLE:
            # Its bytes are those that were hashed, and the fold cannot follow: it was never written by a decision.
            found.broken.add(stream)
            found.findings.append(Finding.at("line_impossible", stream, version))
            continue
        for change in (*step.changes, *puts):
            if isinstance(change, Drop):
                told[change.table].pop(change.key, None)
            else:
                told[change.table][change.key] = change.row
        if stream in snapshots and snapshots[stream][0] == version:
            found.findings.extend(_snapshot(step.page, snapshots[stream][1]))
    _close(folding, found)
    for table, source in SOURCES:
        left_out = found.broken | parked if table.name in BEHIND else found.broken
        wanted = [each for each in pages if each not in left_out and _is_of(source, each)]
        found.findings.extend(_compared(connection, commune, table, source, wanted, told[table.name]))
    for table in UNNAMED:
        found.rest.setdefault(table.name, {}).update(told[table.name])


def _close(folding: Folding, found: Folded) -> None:
    """What a page says of places in the end."""
    page = folding.page
    if page.stream in found.broken:
        return
    if isinstance(page.state, Child):
        found.taken.update(folding.held())
    elif isinstance(page.state, Town):
        found.set_by_town.update(page.state.capacities)


def _is_of(source: Source, stream: str) -> bool:
    return source.kind is None or stream.startswith(f"{source.kind}/")


def _compared(
    connection: Connection,
    commune: Commune,
    table: Table,
    source: Source,
    pages: Sequence[str],
    told: Mapping[Key, Row],
) -> Iterator[Finding]:
    """The rows of a table that are not those some pages make."""
    column = source.column
    names = list(pages) if source.kind is None else [each.split("/")[-1] for each in pages]
    question = sql.SQL("SELECT * FROM {} WHERE commune = %s AND {} = ANY (%s) AND {}").format(
        sql.Identifier(table.name), sql.Identifier(column), sql.SQL(source.only)
    )
    if not names:
        return
    kept = rows_of(connection, table, question, (commune, names))
    known = set(names)
    # A demande of a household has no child: those of its children are compared with the children's pages.
    mine = {
        key: row
        for key, row in told.items()
        if row[column] in known and (source.only == "true" or (column == "child") == (row.get("child") is not None))
    }
    yield from differences(table, mine, kept)


class _Instants(TimestamptzBinaryLoader):
    """Instants, and the one that never comes, which is no datetime of Python."""

    def load(self, data: Any) -> Any:
        """What PostgreSQL holds: infinity is the last number of its microseconds."""
        return FOREVER if bytes(data) == _INFINITY else super().load(data)


class Kept(NamedTuple):
    """Rows of a table as the database holds them, by key: as tuples, which cost a fourth of what dicts do."""

    columns: tuple[str, ...]
    rows: dict[Key, tuple[Any, ...]]


def rows_of(connection: Connection, table: Table, question: sql.Composed, values: Sequence[Any]) -> Kept:
    """The rows of a table."""
    with connection.cursor(binary=True) as cursor:
        set_json_loads(orjson.loads, cursor)
        if table.name == "demande_versions":
            # Only there an instant may never come: written in Python, this takes a microsecond an instant.
            cursor.adapters.register_loader("timestamptz", _Instants)
        found = cursor.execute(question, values)
        columns = tuple(column.name for column in found.description or ())
        key = itemgetter(*map(columns.index, table.key))
        return Kept(columns, {key(row): row for row in found.fetchall()})


def differences(table: Table, told: Mapping[Key, Row], kept: Kept) -> Iterator[Finding]:
    """The rows that are not the same on both sides."""
    columns, rows = kept
    values = itemgetter(*columns)
    wrong = [key for key, row in told.items() if key not in rows or not _same(columns, row, values(row), rows[key])]
    wrong += [key for key in rows if key not in told]
    for key in sorted(wrong, key=lambda key: tuple(map(str, key))):
        yield Finding(what="row_differs", where=f"{table.name} {' '.join(map(str, key[1:]))}")


def _same(columns: tuple[str, ...], row: Row, told: tuple[Any, ...], kept: tuple[Any, ...]) -> bool:
    """Whether a row is as it is told, in the form it would be read back: instants and days in JSON are text."""
    return len(row) == len(columns) and (told == kept or _plain(told) == _plain(kept))


def _plain(row: tuple[Any, ...]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS)


def _snapshot(page: AnyPage, state: bytes) -> Iterator[Finding]:
    """Whether the snapshot at this line is what the lines up to it fold into. Those of another fold are never read."""
    if not isinstance(page.state, Child):
        return
    told = orjson.loads(orjson.dumps({"head": page.head.hex(), "child": pack(page.state)}))
    try:
        found = orjson.loads(state)
    except orjson.JSONDecodeError:
        found = None
    if found != told:
        yield Finding.at("snapshot_differs", page.stream, page.version)
