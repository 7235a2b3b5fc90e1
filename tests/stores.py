"""The two stores, seen from outside: what they keep, and how much they read."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import orjson
from eventsourcing.persistence import AggregateRecorder, StoredEvent
from psycopg import sql
from psycopg.rows import dict_row

from ledger.codec import Codec
from ledger.database import open_pool
from ledger.entry import Entry
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, Slug, Stream
from ledger.memory import MemoryStore
from ledger.pages import PageRecorder, Pages
from ledger.postgres import EntryRecorder, Pool, PostgresStore, SnapshotRecorder
from ledger.rows import Row
from ledger.settings import Settings
from ledger.store import Store
from projections.inline import project
from tests.servers import Database

KEYS: Mapping[str, tuple[str, ...]] = {
    "calendar_days": ("commune", "child", "day", "activity", "unit"),
    "attendance": ("commune", "child", "day", "activity", "unit"),
    "demandes": ("commune", "number"),
    "enrolments": ("commune", "child", "enrolment"),
    "children": ("commune", "child", "household"),
    "closures": ("commune", "day", "activity", "site"),
    "rulebooks": ("commune", "version"),
    "guardians": ("commune", "household", "guardian"),
    "household_people": ("commune", "household", "person"),
    "erased_people": ("commune", "person"),
    "family_keys": ("commune", "key"),
    "quotients": ("commune", "household", "ordinal"),
    "custody": ("commune", "child", "ordinal"),
    "activations": ("commune", "activation"),
    "tariff_statuses": ("commune", "household", "ordinal"),
    "meals_brought": ("commune", "child", "ordinal"),
    "titres": ("commune", "titre"),
    "invoice_lines": ("commune", "titre", "line"),
    "payments": ("commune", "payment"),
    "mandates": ("commune", "mandate"),
    "direct_debits": ("commune", "collection", "titre"),
    "payers": ("commune", "household"),
    "closed_months": ("commune", "month"),
    "collections": ("commune", "collection"),
}
"""The primary key of each inline read model."""

CODEC = Codec()

Rows = dict[tuple[Any, ...], Row]


def by_key(table: str, rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows under their primary key, with what JSON makes of the days of a demande."""
    return {tuple(row[name] for name in KEYS[table]): _plain(row) for row in rows}


_OF_JSON = frozenset({"days", "statement", "detail"})


def _plain(row: Mapping[str, Any]) -> Row:
    return {
        name: orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z)) if name in _OF_JSON else value
        for name, value in row.items()
    }


class Counted(PageRecorder):
    """A recorder that counts the lines it reads."""

    def __init__(self, recorder: PageRecorder) -> None:
        self.recorder = recorder
        self.lines_read = 0

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        return self.recorder.insert_events(stored_events, **kwargs)

    def select_events(self, originator_id: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        found = self.recorder.select_events(originator_id, **kwargs)
        self.lines_read += len(found)
        return found

    def select_pages(self, after: Mapping[Stream, int]) -> Sequence[StoredEvent]:
        found = list(self.recorder.select_pages(after))
        self.lines_read += len(found)
        return found


class Kept(Protocol):
    """A store, and what it keeps."""

    store: Store

    def rows(self, commune: Commune, table: str) -> Rows: ...

    def taken(self, commune: Commune) -> Counter[PlaceKey]: ...

    def lines(self, stream: Stream) -> list[Entry]: ...

    def recorders(self) -> tuple[PageRecorder, AggregateRecorder]:
        """Where entries and snapshots are, for a reader that remembers nothing."""


def cold(kept: Kept) -> tuple[Pages, Counted]:
    """A reader that starts with an empty memory."""
    entries, snapshots = kept.recorders()
    counted = Counted(entries)
    return Pages(counted, snapshots, CODEC), counted


class InMemory:
    """The store of specifications."""

    def __init__(self) -> None:
        self.memory = MemoryStore(project=project)
        self.store: Store = self.memory

    def rows(self, commune: Commune, table: str) -> Rows:
        return by_key(table, [row for row in self.memory.recorder.tables[table].values() if row["commune"] == commune])

    def taken(self, commune: Commune) -> Counter[PlaceKey]:
        return Counter({key: n for (town, key), n in self.memory.recorder.taken.items() if n and town == commune})

    def lines(self, stream: Stream) -> list[Entry]:
        return [CODEC.read(line.state) for line in self.memory.recorder.select_events(stream)]

    def recorders(self) -> tuple[PageRecorder, AggregateRecorder]:
        return self.memory.recorder, self.memory._pages.snapshots.recorder


class OnPostgres:
    """The store of the service."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.store: Store = PostgresStore(pool, project=project)

    def rows(self, commune: Commune, table: str) -> Rows:
        return by_key(table, self._select(commune, table))

    def taken(self, commune: Commune) -> Counter[PlaceKey]:
        return Counter(
            {
                PlaceKey(Slug(row["activity"]), Slug(row["unit"]), row["day"], row["pool"]): row["taken"]
                for row in self._select(commune, "places")
                if row["taken"]
            }
        )

    def _select(self, commune: Commune, table: str) -> list[Row]:
        with self.pool.connection() as connection, connection.transaction():
            connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
            cursor = connection.cursor(row_factory=dict_row)
            return cursor.execute(sql.SQL("SELECT * FROM ardoise.{}").format(sql.Identifier(table))).fetchall()

    def lines(self, stream: Stream) -> list[Entry]:
        return [CODEC.read(line.state) for line in EntryRecorder(self.pool).select_events(stream)]

    def recorders(self) -> tuple[PageRecorder, AggregateRecorder]:
        return EntryRecorder(self.pool), SnapshotRecorder(self.pool)


@contextlib.contextmanager
def on_postgres(database: Database, *, connections: int = 4, lock_timeout_ms: int = 5_000) -> Iterator[OnPostgres]:
    """The store of the service on a database, as the service opens it."""
    settings = Settings(pool_size=connections, lock_timeout_ms=lock_timeout_ms, queue_seconds=30.0)
    pool = open_pool(database.service_url, settings)
    try:
        yield OnPostgres(pool)
    finally:
        pool.close()
