"""A month billed: drafted by one process and by two, closed, its titres issued; beside what pricing alone takes.

On towns of 1,000 and 10,000 children with twenty reserved days each (ARDOISE_BENCH_CHILDREN=1000,10000,100000 for other
sizes). Each measure runs in a process of its own, so that its memory is its own.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from typing import Any, Final

import psycopg

from benchmarks.bench import fresh_database, progress, table
from benchmarks.billing_town import CONTENT, DAYS, MONTH, fill
from benchmarks.generated import TOWN
from ledger.database import open_pool, service_conninfo
from ledger.identifiers import ChildId, HouseholdId, Subject
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from projections.billing.bills import bill
from projections.billing.canonical import canonical_bill
from projections.inline import project
from replay.billing.bill import bill_month
from replay.billing.job import Job, Watching
from replay.billing.reading import Reading
from replay.billing.summing import day_prices
from replay.folding import few_collections
from replay.what_if.comparing import Asked, compare
from replay.what_if.comparing import Watching as Comparing
from replay.what_if.report import report_of
from rulebook.reader import read_rulebook

CHILDREN: Final = tuple(int(size) for size in os.environ.get("ARDOISE_BENCH_CHILDREN", "1000,10000").split(","))
NOW: Final = datetime(2024, 4, 3, 9, tzinfo=UTC)
MOST_ASKED_AGAIN: Final = 1_000
"""Children of a what-if, which holds the whole town in memory."""
SAMPLE: Final = 300
"""Households that are priced over and over where nothing else is measured."""

Told = tuple[int, float, float]
"""How many of what is counted, seconds, and the most memory a process had, in MiB."""


def run(_service_url: str) -> None:
    """Prints a table a size. Each has a database of its own."""
    for children in CHILDREN:
        with fresh_database() as service_url:
            rows: list[tuple[object, ...]] = []
            for name, processes, measure in _measures(children):
                with progress(f"{children:,} children: {name}"):
                    count, seconds, memory = _apart(measure, service_url)
                rows.append((name, processes, count, round(count / seconds), seconds, round(memory)))
                # A large town takes minutes: what is measured is told at once.
                print(f"{children:,} children: {name}: {count:,} in {seconds:.2f} s", file=sys.stderr, flush=True)
        head = ["work", "processes", "counted", "a second", "seconds", "MiB a process"]
        table(f"A month of {children:,} children, {DAYS} reserved days each", head, rows)


def _measures(children: int) -> list[tuple[str, int, Callable[[str], tuple[int, float]]]]:
    measures: list[tuple[str, int, Callable[[str], tuple[int, float]]]] = [
        ("writing and sealing the lines", 1, partial(_filled, children=children)),
        ("floor: families in memory, priced and grouped (day-prices)", 1, _priced),
        ("floor: lines read, held against their seals, decoded", 1, _read),
        ("draft (day-prices)", 1, partial(_drafted, processes=0)),
        ("draft (day-prices)", 2, partial(_drafted, processes=2)),
        ("titres of the close (titres)", 2, _titres),
    ]
    if children <= MOST_ASKED_AGAIN:
        measures.append(("what-if: asked again and billed twice (commands)", 1, _compared))
    return measures


def _apart(measure: Callable[[str], tuple[int, float]], service_url: str) -> Told:
    """A measure in a process of its own; the memory is that of the largest process it took."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_told, args=(sender, measure, service_url))
    process.start()
    sender.close()
    try:
        told: Told = receiver.recv()
    except EOFError:
        raise SystemExit("a measure ended before it told anything") from None
    process.join()
    return told


def _told(sender: Any, measure: Callable[[str], tuple[int, float]], service_url: str) -> None:
    count, seconds = measure(service_url)
    kilobytes = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    sender.send((count, seconds, kilobytes / 1024))


def _conninfo(service_url: str) -> str:
    return service_conninfo(service_url, Settings(), default_transaction_isolation="read committed")


@contextmanager
def _job(service_url: str, processes: int) -> Iterator[Job]:
    pool = open_pool(service_url, Settings(pool_size=1))
    try:
        yield Job(
            commune=TOWN,
            conninfo=_conninfo(service_url),
            store=PostgresStore(pool, project=project),
            by=Subject("regisseur-1"),
            role="billing",
            client="bench",
            clock=lambda: NOW,
            processes=processes,
        )
    finally:
        pool.close()


def _filled(service_url: str, *, children: int) -> tuple[int, float]:
    started = time.perf_counter()
    with psycopg.connect(_conninfo(service_url), autocommit=True) as connection:
        return fill(connection, children), time.perf_counter() - started


@contextmanager
def _reading(service_url: str) -> Iterator[Reading]:
    with psycopg.connect(_conninfo(service_url), autocommit=True) as connection:
        connection.execute("SELECT set_config('ardoise.commune', %s, false)", (TOWN,))
        connection.execute("SET statement_timeout = 0")
        [(size,)] = connection.execute("SELECT size FROM ardoise.trees WHERE commune = %s", (TOWN,)).fetchall()
        yield Reading(connection=connection, commune=TOWN, upto=size)


def _named() -> list[tuple[HouseholdId, list[ChildId]]]:
    """The first households of the town, with their children."""
    found: list[tuple[HouseholdId, list[ChildId]]] = []
    for number in range(SAMPLE * 8 // 5):
        if number % 8 not in (1, 3, 6):
            found.append((HouseholdId(f"home-{number:06d}"), []))
        found[-1][1].append(ChildId(f"child-{number:06d}"))
    return found


def _priced(service_url: str) -> tuple[int, float]:
    """Fold, price and group, with nothing read and nothing written."""
    with _reading(service_url) as reading:
        governed = reading.governed()
        families = list(reading.named(_named()))
    count, started = 0, time.perf_counter()
    with few_collections():
        for _ in range(3):
            for family in families:
                one = bill(family, governed.rules, MONTH, closed=governed.closed, town=governed.town)
                canonical_bill(family.household, one.lines)
                count += day_prices(one)
    return count, time.perf_counter() - started


def _read(service_url: str) -> tuple[int, float]:
    count, started = 0, time.perf_counter()
    with _reading(service_url) as reading, few_collections():
        for family in reading.named(_named()):
            count += len(family.home) + sum(len(page) for page in family.children.values())
    return count, time.perf_counter() - started


def _drafted(service_url: str, *, processes: int) -> tuple[int, float]:
    with _job(service_url, processes) as job:
        started = time.perf_counter()
        billed = bill_month(job, MONTH, fresh=True)
        return billed.summary["day_prices"], time.perf_counter() - started


def _titres(service_url: str) -> tuple[int, float]:
    """From the moment all bills are those of the close."""
    began: list[float] = []

    def say(what: str) -> None:
        if what.startswith("issuing"):
            began.append(time.perf_counter())

    with _job(service_url, 2) as job:
        billed = bill_month(replace(job, watching=Watching(say=say)), MONTH, close=True)
        assert billed.closed is not None
        return billed.closed.titres, time.perf_counter() - began[0]


def _compared(service_url: str) -> tuple[int, float]:
    """The month under a stricter deadline and another price: read, asked again, billed twice."""
    text = CONTENT.replace("nombre = 2\n", "nombre = 12\n").replace("prix = 4.95", "prix = 5.60")
    asked = Asked(commune=TOWN, other=read_rulebook(text), months=[MONTH])
    counts: dict[str, int] = {}
    with _reading(service_url) as reading:
        started = time.perf_counter()
        report_of(compare(reading.connection, asked, reading.upto, Comparing(begin=counts.__setitem__)))
        return counts["asked again"], time.perf_counter() - started
