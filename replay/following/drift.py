"""The drift watch: pages folded one after the other, for ever, and compared with the rows that are served.

One page in one snapshot of the database, so that whatever differs is a difference and not a race. The places of a slot
belong to many children: they are compared once a round, when nothing is on its way. Rows that another version of the
code made wait for a rebuild, which is warned of: they are not compared. Rows that no page could have made, and whether
every line is where it was, are for `ardoise verify` to find.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import orjson
import structlog
from psycopg import sql
from psycopg.errors import OutOfMemory, ProgramLimitExceeded, QueryCanceled

from ledger.codec import Codec
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, Stream
from ledger.rows import Drop, Put, merged
from ledger.store import AnyPage
from ledger.streams import kind_of, town_page
from ledger.town import Town
from projections.models import READ_MODELS, PageKind, Table
from projections.past import PastOfPage
from replay.folding import Folding
from replay.following.pages import MODEL, REFUSED
from replay.leader import Connection, Step, set_town
from replay.rebuilding.rebuild import served

SHARE: Final = 0.02
"""Of the time: what is spent on watching, waiting for the database included."""
IDLE_SECONDS: Final = 1.0
MOST_SECONDS: Final = 60.0
"""For one question about one page."""
TOO_MUCH: Final = (QueryCanceled, OutOfMemory, ProgramLimitExceeded, MemoryError)
"""What stops a page that is larger or slower than can be compared: it would stop the watch again and again."""

_TOWNS: Final = "SELECT commune FROM trees ORDER BY commune"
_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_PATIENCE: Final = """
    SELECT set_config('statement_timeout', %s, true), set_config('idle_in_transaction_session_timeout', '120s', true)
"""
_NEXT: Final = "SELECT stream FROM entries WHERE commune = %s AND stream > %s ORDER BY stream LIMIT 1"
_FOLLOWED: Final = """
    SELECT coalesce((SELECT position FROM followed WHERE model = %(model)s AND commune = %(commune)s), 0),
           EXISTS (SELECT FROM parked WHERE model = %(model)s AND commune = %(commune)s AND stream = %(stream)s)
"""
_LINES: Final = """
    SELECT e.version, e.stored, e.digest, coalesce(s.position <= %(position)s, false) AS followed
    FROM entries e LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
    WHERE e.commune = %(commune)s AND e.stream = %(stream)s ORDER BY e.version
"""
_QUIET: Final = """
    SELECT coalesce((SELECT position FROM followed WHERE model = %(model)s AND commune = %(commune)s), 0)
           = (SELECT count(*) FROM entries WHERE commune = %(commune)s)
       AND NOT EXISTS (SELECT FROM parked WHERE model = %(model)s AND commune = %(commune)s)
"""
_PLACES: Final = """
    SELECT concat_ws(' ', activity, unit, day, nullif(pool, ''))
    FROM (SELECT activity, unit, day, pool, sum(delta) AS taken FROM place_changes WHERE commune = %(commune)s
          GROUP BY activity, unit, day, pool) told
    FULL JOIN (SELECT activity, unit, day, pool, taken FROM places WHERE commune = %(commune)s) kept
        USING (activity, unit, day, pool)
    WHERE coalesce(told.taken, 0) <> coalesce(kept.taken, 0) ORDER BY 1
"""
_SET: Final = "SELECT activity, unit, day, pool, capacity FROM places WHERE commune = %s AND is_set"
_KNOWN: Final = "SELECT stream FROM drift WHERE commune = %s ORDER BY random() LIMIT 1"
_GONE: Final = """
    DELETE FROM drift WHERE commune = %s AND stream = %s
        AND (what, place) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""
_FOUND: Final = """
    INSERT INTO drift (commune, stream, what, place, found_at)
    SELECT %s, %s, found.*, now() FROM unnest(%s::text[], %s::text[]) AS found ON CONFLICT DO NOTHING
"""
_log = structlog.stdlib.get_logger("ardoise.drift")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Difference:
    """One thing that is not as the facts say. `place` names a line of the page, a row or a slot."""

    what: str
    place: str


def check(
    connection: Connection, commune: Commune, stream: Stream, *, most_seconds: float = MOST_SECONDS
) -> list[Difference]:
    """Everything of one page that is not as its lines say, in one snapshot; the places too, with a town's page."""
    with connection.transaction():
        connection.execute(_SNAPSHOT)
        _begin(connection, commune, most_seconds)
        now = served(connection)
        ours = [name for name, model in READ_MODELS.items() if now[name] == model.version]
        found = list(_rows(connection, commune, stream, ours))
        if stream == town_page(commune) and MODEL in ours:
            found.extend(_places(connection, commune))
        return sorted(found)


def _begin(connection: Connection, commune: Commune, most_seconds: float = MOST_SECONDS) -> None:
    set_town(connection, commune)
    connection.execute(_PATIENCE, (f"{most_seconds * 1_000:.0f}ms",))


def keep(connection: Connection, commune: Commune, stream: Stream, found: list[Difference]) -> int:
    """Notes what was found of a page, and answers how much of it is new. What is right again is not noted any more."""
    whats, places = [each.what for each in found], [each.place for each in found]
    with connection.transaction():
        _begin(connection, commune)
        connection.execute(_GONE, (commune, stream, whats, places))
        return connection.execute(_FOUND, (commune, stream, whats, places)).rowcount


def _rows(connection: Connection, commune: Commune, stream: Stream, ours: list[str]) -> Iterator[Difference]:
    values: dict[str, Any] = {"model": MODEL, "commune": commune, "stream": stream, "id": stream.split("/")[-1]}
    position, parked = connection.execute(_FOLLOWED, values).fetchone() or (0, False)
    lines = connection.execute(_LINES, {**values, "position": position}).fetchall()
    try:
        told, page = _told(commune, stream, lines)
    except _BrokenError as broken:
        yield broken.difference
        return
    kind = kind_of(stream)
    # A town that is far behind has rows of lines after its position: those of pages that were followed to their end are
    # compared, which soon are all.
    past = not parked and all(followed for *_, followed in lines)
    for name in ours:
        if name == MODEL and not past:
            continue
        for table in READ_MODELS[name].tables:
            if kind in table.pages:
                yield from _differing(connection, table, kind, told.get(table.name, []), values)
    if isinstance(page.state, Town):
        yield from _capacities(connection, commune, page.state)


class _BrokenError(Exception):
    """A line that cannot be folded: what follows from its page is not compared."""

    def __init__(self, what: str, version: int) -> None:
        self.difference = Difference(what=what, place=f"line {version}")
        super().__init__(what)


def _told(commune: Commune, stream: Stream, lines: list[Any]) -> tuple[dict[str, list[Any]], AnyPage]:
    """The rows the lines of a page make, and the page they fold into."""
    codec, folding, past = Codec(), Folding(stream), PastOfPage()
    rows: dict[tuple[str, Any], Put] = {}
    for version, stored, digest, _ in lines:
        if sha256(stored).digest() != digest:
            raise _BrokenError("line_changed", version)
        try:
            entry = codec.read(stored)
            if (entry.commune, entry.stream, entry.version) != (commune, stream, version):
                raise _BrokenError("line_out_of_place", version)
            step = folding.take(entry)
            puts = past.take(entry, step.changes, step.places)
        except (_BrokenError, MemoryError):
            raise
        except Exception as error:
            raise _BrokenError("line_unreadable", version) from error
        for change in (*step.changes, *puts):
            if isinstance(change, Drop):
                rows.pop((change.table, change.key), None)
            else:
                rows[change.table, change.key] = change
    return {table: changes["put"] for table, changes in merged(rows.values()).items()}, folding.page


def _differing(
    connection: Connection, table: Table, kind: PageKind, told: list[Any], values: dict[str, Any]
) -> Iterator[Difference]:
    """The rows of a table that are not as they are told, compared by the database under its own types."""
    keys = sql.SQL(", ").join(map(sql.Identifier, table.key))
    question = sql.SQL(
        "WITH told AS (SELECT * FROM jsonb_populate_recordset(NULL::{table}, %(told)s::jsonb)),"
        " kept AS (SELECT * FROM {table} WHERE commune = %(commune)s AND ({of_page}))"
        " SELECT concat_ws(' ', {named}) FROM told FULL JOIN kept USING ({keys})"
        " WHERE told IS DISTINCT FROM kept ORDER BY 1"
    ).format(
        table=sql.Identifier(table.name),
        of_page=_of_page(table, kind, keys),
        named=sql.SQL(", ").join(map(sql.Identifier, table.key[1:])),
        keys=keys,
    )
    try:
        with connection.transaction():
            rows = connection.execute(
                question, {**values, "told": orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()}
            ).fetchall()
    except REFUSED:
        yield Difference(what="rows_refused", place=table.name)
        return
    for (place,) in rows:
        yield Difference(what="row_differs", place=f"{table.name} {place}")


def _of_page(table: Table, kind: PageKind, keys: sql.Composed) -> sql.Composed | sql.SQL:
    """Which rows are of a page of this kind. Where rows do not say it, those the page tells of are compared."""
    if table.pages in (("town",), ("regie",)):
        return sql.SQL("true")
    of_page = [
        sql.SQL("({} = {} AND {})").format(
            sql.Identifier(rows.column), sql.Placeholder("id" if rows.kind else "stream"), sql.SQL(rows.only)
        )
        for rows in table.rows
        if rows.kind in (None, kind)
    ]
    return sql.SQL(" OR ").join(of_page) if of_page else sql.SQL("({}) IN (SELECT {} FROM told)").format(keys, keys)


def _places(connection: Connection, commune: Commune) -> Iterator[Difference]:
    """The slots whose count is not what was followed, when every line of the town was."""
    values = {"model": MODEL, "commune": commune}
    if connection.execute(_QUIET, values).fetchone() == (True,):
        for (place,) in connection.execute(_PLACES, values):
            yield Difference(what="places_differ", place=place)


def _capacities(connection: Connection, commune: Commune, town: Town) -> Iterator[Difference]:
    """The slots whose places the town set otherwise than it says. Of the others, each claim brings the rulebook's."""
    kept = {PlaceKey(*slot): capacity for *slot, capacity in connection.execute(_SET, (commune,))}
    for key in sorted(kept.keys() | town.capacities.keys()):
        if key not in kept or key not in town.capacities or kept[key] != town.capacities[key]:
            yield Difference(what="capacity_differs", place=f"{key.activity} {key.unit} {key.day} {key.pool}".strip())


@dataclass(kw_only=True, slots=True)
class Watch:
    """Goes round the pages of every town, town after town, and looks again first at those that were found to differ."""

    checked: Callable[[], None] = lambda: None
    share: float = SHARE
    most_seconds: float = MOST_SECONDS
    turn: int = 0
    at: dict[Commune, Stream] = field(default_factory=dict)
    again: set[Commune] = field(default_factory=set)
    """Towns whose next page is one that was found to differ, if there is any."""

    def step(self, connection: Connection) -> float:
        """Checks one page, and says how long to rest so that watching costs its share of the time."""
        started = time.perf_counter()
        towns = [Commune(name) for (name,) in connection.execute(_TOWNS)]
        if not towns:
            return IDLE_SECONDS
        self.turn += 1
        commune = towns[self.turn % len(towns)]
        stream = self._next(connection, commune)
        if stream is None:
            return IDLE_SECONDS
        found = self._checked(connection, commune, stream)
        new = keep(connection, commune, stream, found)
        if new:
            # Which rows: `ardoise drift`. A log outlives what is forgotten.
            _log.warning("rows_drifted", commune=commune, what=sorted({each.what for each in found}), count=new)
        self.checked()
        return (time.perf_counter() - started) * (1 / self.share - 1)

    def _checked(self, connection: Connection, commune: Commune, stream: Stream) -> list[Difference]:
        try:
            return check(connection, commune, stream, most_seconds=self.most_seconds)
        except TOO_MUCH as error:
            if connection.closed:
                raise
            return [Difference(what="not_compared", place=type(error).__name__)]

    def _next(self, connection: Connection, commune: Commune) -> Stream | None:
        """Every other time a page that differs, so that what was put right is soon said to be."""
        with connection.transaction():
            _begin(connection, commune)
            if commune in self.again:
                self.again.discard(commune)
                known = connection.execute(_KNOWN, (commune,)).fetchone()
                if known is not None:
                    return Stream(known[0])
            else:
                self.again.add(commune)
            return self._onwards(connection, commune)

    def _onwards(self, connection: Connection, commune: Commune) -> Stream | None:
        # Begun anywhere: a process that is often started again would otherwise look at the same pages.
        at = self.at.get(commune, Stream(f"child/{commune}/{uuid4()}"))
        row = connection.execute(_NEXT, (commune, at)).fetchone() or connection.execute(_NEXT, (commune, "")).fetchone()
        if row is None:
            return None
        self.at[commune] = row[0]
        return Stream(row[0])


def begin(checked: Callable[[], None], *, share: float = SHARE) -> Step:
    """A watch for somebody who comes to lead; `checked` is told of every page."""
    return Watch(checked=checked, share=share).step
