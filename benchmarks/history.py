"""The whole history at once: sealed, made again, followed, verified.

On a town of a million lines (ARDOISE_BENCH_LINES for another size). Each measure runs in a process of its own, so that
its memory is its own.
"""

import os
import resource
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from typing import Any, Final

import orjson
import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.bench import progress, table
from benchmarks.generated import TOWN, fill
from ledger.database import service_conninfo
from ledger.embedded import OWNER
from ledger.settings import Settings
from replay.following.follower import follow_once
from replay.rebuilding.rebuild import rebuild
from replay.rebuilding.state import NAMES
from replay.sealing.seal import seal_once
from replay.verifying.verify import Verification

LINES: Final = int(os.environ.get("ARDOISE_BENCH_LINES", "1000000"))
_READ: Final = 'SELECT stored FROM entries WHERE commune = %s ORDER BY stream COLLATE "C", version'

Measured = tuple[int, float, float]
"""Lines, seconds, and the most memory a process had, in MiB."""


def run(service_url: str) -> None:
    """Prints a row a measure, beside the floor: the same lines read, decoded and thrown away."""
    with progress(f"writing {LINES:,} lines"):
        lines, seconds, memory = _apart(_filled, service_url)
    rows: list[tuple[object, ...]] = [_row("writing the lines (no read model)", 1, lines, seconds, memory)]
    for name, processes, measure in MEASURES:
        with progress(name):
            rows.append(_row(name, processes, *_apart(measure, service_url)))
    table(
        f"The history of {lines:,} lines",
        ["work", "processes", "lines a second", "seconds", "MiB a process"],
        rows,
    )


def _row(name: str, processes: int, lines: int, seconds: float, memory: float) -> tuple[object, ...]:
    return name, processes, round(lines / seconds), seconds, round(memory)


def _apart(measure: Callable[[str], tuple[int, float]], service_url: str) -> Measured:
    """A measure in a process of its own; the memory is that of the largest process it took."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_told, args=(sender, measure, service_url))
    process.start()
    sender.close()
    try:
        told: Measured = receiver.recv()
    except EOFError:
        raise SystemExit("a measure ended before it told anything") from None
    process.join()
    return told


def _told(sender: Any, measure: Callable[[str], tuple[int, float]], service_url: str) -> None:
    lines, seconds = measure(service_url)
    kilobytes = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    sender.send((lines, seconds, kilobytes / 1024))


def _connected(service_url: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(service_conninfo(service_url, Settings()), autocommit=True)
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    connection.execute("SELECT set_config('ardoise.commune', %s, false)", (TOWN,))
    return connection


def _filled(service_url: str) -> tuple[int, float]:
    started = time.perf_counter()
    with _connected(service_url) as connection:
        return fill(connection, LINES), time.perf_counter() - started


def _floor(service_url: str) -> tuple[int, float]:
    started, lines = time.perf_counter(), 0
    with _connected(service_url) as connection, connection.transaction():
        cursor = psycopg.ServerCursor(connection, "floor")
        cursor.itersize = 5_000
        cursor.execute(_READ, (TOWN,), binary=True)
        for [stored] in cursor:
            lines += orjson.loads(stored)["version"] > 0
    return lines, time.perf_counter() - started


def _sealed(service_url: str) -> tuple[int, float]:
    started = time.perf_counter()
    with _connected(service_url) as connection:
        grown = seal_once(connection)
    return grown[TOWN].lines, time.perf_counter() - started


def _followed(service_url: str) -> tuple[int, float]:
    started = time.perf_counter()
    with _connected(service_url) as connection:
        return follow_once(connection), time.perf_counter() - started


def _rebuilt(service_url: str, *, processes: int) -> tuple[int, float]:
    """Every read model: from the facts to the exchange, indexes, digests and comparison included."""
    report = rebuild(make_conninfo(service_url, user=OWNER), NAMES, processes=processes, fresh=True)
    return report.lines, report.seconds


def _verified(service_url: str, *, processes: int, rows: bool) -> tuple[int, float]:
    started = time.perf_counter()
    conninfo = service_conninfo(service_url, Settings())
    one = Verification(commune=TOWN, conninfo=conninfo, processes=processes, rows=rows)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        findings = list(one.run(connection))
    assert not findings, findings[:3]
    return one.lines, time.perf_counter() - started


MEASURES: Final = (
    ("floor: lines read and decoded", 1, _floor),
    ("seal, all at once", 1, _sealed),
    ("follow from nothing", 1, _followed),
    ("rebuild of all read models", 1, partial(_rebuilt, processes=1)),
    ("rebuild of all read models", 2, partial(_rebuilt, processes=2)),
    ("verify --chains", 1, partial(_verified, processes=1, rows=False)),
    ("verify --chains", 2, partial(_verified, processes=2, rows=False)),
    ("verify", 1, partial(_verified, processes=1, rows=True)),
    ("verify", 2, partial(_verified, processes=2, rows=True)),
)
