"""What benchmarks share: a real database of their own, a way to time, a table to print."""

import contextlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ledger.database import database_of, open_pool
from ledger.migrate import migrate
from ledger.postgres import Pool
from ledger.settings import Settings


def say(line: str = "") -> None:
    """A line for the person who waits."""
    print(line, flush=True)


@contextlib.contextmanager
def fresh_database() -> Iterator[str]:
    """An embedded PostgreSQL with fsync on, migrated, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="ardoise-bench-"))
    try:
        with database_of(Settings(data=directory)) as urls:
            migrate(urls.owner_url, log=lambda _: None)
            yield urls.service_url
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def connections(service_url: str, size: int) -> Iterator[Pool]:
    """So many connections of the service."""
    pool = open_pool(service_url, Settings(pool_size=size, queue_seconds=30.0))
    try:
        yield pool
    finally:
        pool.close()


def median_ms(attempt: Callable[[], object], *, times: int) -> float:
    """The middle of so many runs, in milliseconds; the first one is not counted."""
    attempt()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        attempt()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1_000


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table, numbers on the right."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    say(f"\n{title}")
    for row in cells:
        first, *others = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say("  " + "  ".join([first, *others]))


def _cell(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    """Says what is being measured, since it takes more than a second."""
    if sys.stderr.isatty():
        print(f"… {what}", end="\r", file=sys.stderr, flush=True)
    yield
    if sys.stderr.isatty():
        print(" " * (len(what) + 2), end="\r", file=sys.stderr, flush=True)
