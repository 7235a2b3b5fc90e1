"""What the access log costs a read: the same requests of the same town, with the log and without, in turn."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.bench import table
from benchmarks.http import CONNECTIONS, Town, measured, process

ROUNDS: Final = 3
READS: Final = ("GET /me", "GET calendar of a month")
Measure = tuple[float, float, float]


def run(service_url: str) -> None:
    """Prints two rows per kind of read."""
    with (
        tempfile.TemporaryDirectory(prefix="ardoise-bench-access-") as directory,
        process("unlogged", service_url, directory) as without,
        process("ledger", service_url, directory) as with_log,
    ):
        asks = Town(without, Path(directory)).asks()
        rows = [
            row
            for name in READS
            for row in _compared(name, lambda port, name=name: measured(port, asks[name]), without, with_log)
        ]
    head = ["request", "log", "per second", "of without", "median ms", "95th ms"]
    table(f"The access log, one process, {CONNECTIONS} connections (fsync on)", head, rows)


def _compared(name: str, ask: Callable[[int], Measure], without: int, with_log: int) -> list[tuple[object, ...]]:
    """The middle round of each by its rate; in turn, so that both meet the same neighbours on the machine."""
    rounds = [(ask(without), ask(with_log)) for _ in range(ROUNDS)]
    plain, logged = (sorted(column)[ROUNDS // 2] for column in zip(*rounds, strict=True))
    return [
        (name, "without", plain[0], "1.00", *plain[1:]),
        (name, "with", logged[0], f"{logged[0] / plain[0]:.2f}", *logged[1:]),
    ]
