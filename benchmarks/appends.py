"""Keeping a request with 1, 4 and 16 threads, beside the floors of the same run: bytes inserted, one row committed."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from hashlib import sha256
from itertools import count
from statistics import median, quantiles
from typing import Final

from benchmarks.bench import connections, progress, table
from benchmarks.families import TOWN, append_of, registered, request
from ledger.identifiers import ChildId, new_id
from ledger.postgres import Pool, PostgresStore
from projections.inline import project

THREADS: Final = (1, 4, 16)
SECONDS: Final = 3.0
FIRST_DAY: Final = date(2024, 1, 1)
NUMBERS: Final = count(1_000_000)

_INSERT: Final = """
    WITH town AS (SELECT set_config('ardoise.commune', %(town)s, true))
    INSERT INTO ardoise.entries SELECT %(town)s, %(stream)s, 1, 'bench', now(), %(stored)s, %(digest)s FROM town
"""


def run(service_url: str) -> None:
    """Prints one row per number of threads and kind of work."""
    rows = []
    for threads in THREADS:
        with connections(service_url, threads) as pool:
            store = PostgresStore(pool, project=project)
            for name, work in (
                ("one row committed", _row(pool)),
                ("bare INSERT of the same bytes", _bare(pool)),
                ("append of a request", _append(store)),
                ("read, prepare, append", _whole(store)),
            ):
                with progress(f"{name}, {threads} threads"):
                    rows.append((name, threads, *_measured(work, threads)))
    rows.sort(key=lambda row: row[0], reverse=True)
    table("Writing (fsync on)", ["work", "threads", "per second", "median ms", "95th ms"], rows)


def _measured(work: Callable[[], Callable[[], object]], threads: int) -> tuple[float, float, float]:
    """Each thread works until the time is over; only the work itself is timed, not what it prepares."""
    over = time.perf_counter() + SECONDS

    def worker() -> list[float]:
        taken = []
        while time.perf_counter() < over:
            attempt = work()
            started = time.perf_counter()
            attempt()
            taken.append(time.perf_counter() - started)
        return taken

    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        each = list(pool.map(lambda _: worker(), range(threads)))
    elapsed = time.perf_counter() - started
    taken = [seconds for one in each for seconds in one]
    return len(taken) / elapsed, median(taken) * 1_000, quantiles(taken, n=20)[-1] * 1_000


def _row(pool: Pool) -> Callable[[], Callable[[], object]]:
    """The least a durable write can cost: one small row, one commit."""

    def once() -> Callable[[], object]:
        values = {"town": TOWN, "stream": f"x/{TOWN}/{new_id()}", "stored": b"", "digest": bytes(32)}
        return lambda: _execute(pool, values)

    return once


def _bare(pool: Pool) -> Callable[[], Callable[[], object]]:
    """The bytes of a request, with nothing beside them: no key, no place, no read model."""
    store = PostgresStore(pool, project=project)

    def once() -> Callable[[], object]:
        child = ChildId(new_id())
        stored = append_of(store, child, [registered(child)]).prepared.entries[0].stored * 2
        values = {"town": TOWN, "stream": f"x/{TOWN}/{child}", "stored": stored, "digest": sha256(stored).digest()}
        return lambda: _execute(pool, values)

    return once


def _execute(pool: Pool, values: Mapping[str, object]) -> None:
    with pool.connection() as connection:
        connection.execute(_INSERT, values)


def _append(store: PostgresStore) -> Callable[[], Callable[[], object]]:
    """A request of a new child: two lines, one place, three rows, one key."""

    def once() -> Callable[[], object]:
        append = append_of(
            store, (child := ChildId(new_id())), [registered(child), request(next(NUMBERS), _day(child))]
        )
        return lambda: store.append(append)

    return once


def _whole(store: PostgresStore) -> Callable[[], Callable[[], object]]:
    """All that a command does but decide."""

    def once() -> Callable[[], object]:
        child = ChildId(new_id())
        return lambda: store.append(append_of(store, child, [registered(child), request(next(NUMBERS), _day(child))]))

    return once


def _day(child: ChildId) -> date:
    """A day among a hundred, so that slots are shared as in a town."""
    return FIRST_DAY + timedelta(days=int(child[:4], 16) % 100)
