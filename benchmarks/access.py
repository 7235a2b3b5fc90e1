"""What the access log costs a read: the same requests of the same town, with the log and without, in turn."""

import asyncio
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from benchmarks.bench import table
from benchmarks.http import CONNECTIONS, SECONDS, Ask, Town, crowd, process

ROUNDS: Final = 3
READS: Final = ("GET /me", "GET calendar of a month")
Measure = tuple[float, float, float]
"""Requests a second, the median in milliseconds, and what the process works for one request, in milliseconds."""


def run(service_url: str) -> None:
    """Prints two rows per kind of read."""
    with (
        tempfile.TemporaryDirectory(prefix="ardoise-bench-access-") as directory,
        process("unlogged", service_url, directory) as without,
        process("ledger", service_url, directory) as with_log,
    ):
        asks = Town(without, Path(directory)).asks()
        rows = [row for name in READS for row in _compared(name, asks[name], without, with_log)]
    head = ["request", "log", "per second", "median ms", "work ms", "more work ms"]
    table(f"The access log, one process, {CONNECTIONS} connections (fsync on)", head, rows)


def _compared(name: str, ask: Ask, without: int, with_log: int) -> list[tuple[object, ...]]:
    """The middle of several rounds, in turn, so that both meet the same neighbours on the machine."""
    rounds = [(_measured(without, ask), _measured(with_log, ask)) for _ in range(ROUNDS)]
    plain, logged = ([median(values) for values in zip(*column, strict=True)] for column in zip(*rounds, strict=True))
    return [(name, "without", *plain, ""), (name, "with", *logged, f"{logged[2] - plain[2]:.2f}")]


def _measured(port: int, ask: Ask) -> Measure:
    asyncio.run(crowd(port, ask, SECONDS / 4))
    before = _worked(port)
    statuses, taken, elapsed = asyncio.run(crowd(port, ask, SECONDS))
    assert set(statuses) == {200}, set(statuses)
    return len(taken) / elapsed, median(taken) * 1_000, (_worked(port) - before) / len(taken) * 1_000


def _worked(port: int) -> float:
    seconds: float = httpx.get(f"http://127.0.0.1:{port}/cpu").json()["seconds"]
    return seconds
