"""How long a line waits for the seal while the town lives."""

import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from benchmarks.bench import connections, progress, table
from benchmarks.families import ANSWER, TOWN, years
from ledger.database import service_conninfo
from ledger.entry import Signature
from ledger.events import ChildFact
from ledger.identifiers import ChildId, Subject, new_id
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from ledger.store import Append, Once, Write
from projections.inline import project
from replay.leader import SEAL_LOCK, Leader
from replay.sealing.seal import Seal

WRITERS: Final = 4
SECONDS: Final = 10.0
PACES: Final = ((100.0, "100 commands a second"), (0.0, f"{WRITERS} writers who never pause"))
_SEALED: Final = """
    SELECT e.recorded_at FROM seals s JOIN entries e USING (commune, arrival)
    WHERE s.commune = %s AND s.position > %s ORDER BY s.position
"""


def run(service_url: str) -> None:
    """Prints how long lines waited, at a pace and without one."""
    rows = [(name, *_lags(service_url, pace)) for pace, name in PACES]
    table(
        "From being recorded, before its commit, to being sealed",
        ["load", "lines a second", "median ms", "95th ms", "99th ms", "longest ms"],
        rows,
    )


def _lags(service_url: str, pace: float) -> tuple[object, ...]:
    """Lines a second, and the percentiles of what they waited, in milliseconds."""
    conninfo = service_conninfo(service_url, Settings())
    watch = _Watched(conninfo)
    leader = Leader("seal", SEAL_LOCK, conninfo, lambda: watch)
    leader.start()
    with connections(service_url, WRITERS) as pool, progress("lines wait to be sealed"), closing(watch.connection):
        store, over = PostgresStore(pool, project=project), time.perf_counter() + SECONDS
        writers = [threading.Thread(target=_write, args=(store, over, pace)) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        time.sleep(0.5)
        leader.stop()
    waited = sorted(watch.waited_ms)
    cuts = statistics.quantiles(waited, n=100)
    return round(len(waited) / SECONDS), cuts[49], cuts[94], cuts[98], waited[-1]


class _Watched:
    """The seal, with a look at what it just sealed."""

    def __init__(self, conninfo: str) -> None:
        self.connection = psycopg.connect(conninfo, autocommit=True)
        self.connection.execute("SELECT set_config('ardoise.commune', %s, false)", (TOWN,))
        [(self._size,)] = self.connection.execute("SELECT count(*) FROM seals").fetchall()
        self._seal = Seal()
        self.waited_ms: list[float] = []

    def __call__(self, connection: psycopg.Connection[Any]) -> float:
        before = self._seal.sealed
        pause = self._seal(connection)
        if self._seal.sealed > before:
            now = datetime.now(UTC)
            found = self.connection.execute(_SEALED, (TOWN, self._size)).fetchall()
            self._size += len(found)
            self.waited_ms += [(now - recorded_at).total_seconds() * 1_000 for [recorded_at] in found]
        return pause


def _write(store: PostgresStore, over: float, pace: float) -> None:
    """Meals, one command after another; `pace` commands a second for all writers together, 0 as fast as they can."""
    child = ChildId(new_id())
    facts = years(child, 5_000)
    for at in range(0, len(facts), 2):
        started = time.perf_counter()
        if started > over:
            return
        now = datetime.now(UTC)
        store.append(_append(store, child, facts[at : at + 2], now))
        if pace:
            time.sleep(max(0.0, WRITERS / pace - (time.perf_counter() - started)))


def _append(store: PostgresStore, child: ChildId, facts: Sequence[ChildFact], now: datetime) -> Append:
    signature = _signature(now)
    prepared = store.prepare(TOWN, signature, [Write(page=store.child(TOWN, child), facts=facts)])
    once = Once(client="c", subject="s", key=new_id(), fingerprint=bytes(32))
    return Append(prepared=prepared, once=once, answer=ANSWER, capacity=lambda _: None)


def _signature(now: datetime) -> Signature:
    return Signature(
        actor=Subject("s"),
        role="guardian",
        client="c",
        command=new_id(),
        correlation=new_id(),
        happened_at=now,
        recorded_at=now,
    )
