"""Read models made again from the facts, beside those that are served, and exchanged in one transaction.

Every process of the service goes on meanwhile: it reads and writes the old rows until the new ones take their place.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from projections.models import READ_MODELS, Table
from replay.rebuilding.catalogue import NEW, empty_copy, finish, refuse_what_cannot_be_copied
from replay.rebuilding.compare import PLACES_TABLE, Differences, digest, find_suspects, rows_in
from replay.rebuilding.places import sum_places
from replay.rebuilding.state import (
    LONG_WAIT_SECONDS,
    NAMES,
    PLACES,
    Connection,
    RebuildRefusedError,
    Run,
    alone,
    begin,
    connect,
    drop,
    found,
    remaining,
)
from replay.rebuilding.swap import Swapped, approach, end
from replay.rebuilding.work import build, reader_of

Say = Callable[[str], None]
SILENT: Final[Say] = lambda _: None  # noqa: E731 - a constant


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching:
    """Who wants to know how far it is: `lines` is told lines done and lines there are, `say` what is done now."""

    lines: Callable[[int, int], None] = lambda _done, _all: None
    say: Say = SILENT


@dataclass(frozen=True, kw_only=True, slots=True)
class TableReport:
    """One table: how many rows it has now, the SHA-256 of them, and what differed before."""

    model: str
    table: str
    rows: int
    digest: str
    differences: Differences


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a rebuild did."""

    wanted: Mapping[str, int]
    tables: Sequence[TableReport]
    lines: int
    """Lines folded by this run; those of a run that was stopped before were done already."""
    lines_before: int
    caught_up: int
    folding_seconds: float
    seconds: float
    digests_upto: int
    """The digests are of the rows up to this arrival; `arrival` is that of the last line in the tables."""
    arrival: int
    writers_waited_ms: float
    processes: int
    resumed: bool
    swapped: bool

    @property
    def entries_per_second(self) -> float:
        """Lines folded and copied, a second."""
        return self.lines / self.folding_seconds if self.folding_seconds else 0.0

    @property
    def differences(self) -> int:
        """Rows that were not as the facts say."""
        return sum(table.differences.count for table in self.tables)


def rebuild(
    owner_url: str,
    models: Iterable[str],
    *,
    processes: int = 1,
    fresh: bool = False,
    check: bool = False,
    watching: Watching | None = None,
) -> Report:
    """Makes the rows of these read models again for every town, and exchanges them unless it is a check.

    A rebuild of the same models and versions that was stopped is gone on with, unless `fresh`. Raises
    RebuildRefusedError or UnreadableLineError: then nothing was exchanged.
    """
    watching = watching or Watching()
    begun = time.perf_counter()
    wanted = versions(models)
    with ExitStack() as opened:
        main = opened.enter_context(closing(connect(owner_url)))
        opened.enter_context(alone(main))
        helper = opened.enter_context(closing(connect(owner_url)))
        run = _begun(main, wanted, fresh=fresh)
        lines, before, seconds = _folded(main, owner_url, run, processes, watching)
        _finish(owner_url, main, run, processes, watching.say)
        done = _compared_and_ended(owner_url, (main, helper), run, processes, swap=not check, say=watching.say)
        if check:
            drop(main)
    return Report(
        wanted=wanted,
        tables=done.tables,
        lines=lines - before,
        lines_before=before,
        caught_up=done.caught_up,
        folding_seconds=seconds,
        seconds=time.perf_counter() - begun,
        digests_upto=done.digests_upto,
        arrival=done.arrival,
        writers_waited_ms=done.writers_waited_ms,
        processes=processes,
        resumed=run.resumed,
        swapped=not check,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ended:
    """What is known once the new tables were compared, and exchanged unless it was a check."""

    tables: Sequence[TableReport]
    caught_up: int
    digests_upto: int
    arrival: int
    writers_waited_ms: float


def _compared_and_ended(
    owner_url: str, connections: tuple[Connection, Connection], run: Run, processes: int, *, swap: bool, say: Say
) -> _Ended:
    _, helper = connections
    say("catching up")
    reader = reader_of(run)
    run, came = approach(helper, run, reader, compared=False)
    digests_upto = run.caught
    say("comparing")
    digests, counts = _digests(owner_url, run, processes)
    known = find_suspects(helper, run)
    say("exchanging" if swap else "ending")
    ended = end(connections, run, reader, known, swap=swap, say=say)
    return _Ended(
        tables=_tables(run, digests, counts, ended),
        caught_up=came + ended.lines,
        digests_upto=digests_upto,
        arrival=ended.arrival,
        writers_waited_ms=ended.writers_waited_ms,
    )


def versions(models: Iterable[str]) -> dict[str, int]:
    """The read models that are asked for, in the order of the house, with the versions of this code."""
    asked = set(models)
    unknown = sorted(asked - set(NAMES))
    if unknown:
        raise RebuildRefusedError(f"no read model is called {unknown[0]}: choose among {', '.join(NAMES)}.")
    return {name: READ_MODELS[name].version if name != PLACES else 1 for name in NAMES if name in asked}


def served(connection: Connection) -> dict[str, int]:
    """The version of the rows of each read model that are served now."""
    known = connection.execute("SELECT model, version FROM ardoise.read_models").fetchall()
    return dict.fromkeys(READ_MODELS, 1) | {name: version for name, version in known if name in READ_MODELS}


def _begun(main: Connection, wanted: Mapping[str, int], *, fresh: bool) -> Run:
    tables = [table.name for name in wanted if name != PLACES for table in READ_MODELS[name].tables]
    for name in tables:
        refuse_what_cannot_be_copied(main, name)
    run = None if fresh else found(main, wanted)
    return run or begin(main, wanted, [empty_copy(name) for name in tables])


def _folded(main: Connection, owner_url: str, run: Run, processes: int, watching: Watching) -> tuple[int, int, float]:
    """How many lines there are, how many were done before, and how long the others took."""
    lines, before = remaining(main)
    done = before
    watching.say(f"folding{', from where it was stopped' if run.resumed else ''}")
    watching.lines(done, lines)

    def more(count: int) -> None:
        nonlocal done
        done += count
        watching.lines(done, lines)

    begun = time.perf_counter()
    give_up_at = time.monotonic() + LONG_WAIT_SECONDS
    while remaining(main) != (lines, lines):
        build(owner_url, run, processes, more)
        if time.monotonic() > give_up_at:
            raise RebuildRefusedError("a process of another rebuild holds some pages: end it first.")
    return lines, before, time.perf_counter() - begun


def _finish(owner_url: str, main: Connection, run: Run, processes: int, say: Say) -> None:
    if run.ready:
        return
    say("indexing")
    if run.places:
        with main.transaction():
            sum_places(main)
    _on_each(owner_url, run.tables, processes, _finished)
    main.execute("UPDATE rebuild.run SET ready = true")


def _finished(connection: Connection, table: Table) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        finish(connection, table.name)
    connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(NEW, table.name)))


def _digests(owner_url: str, run: Run, processes: int) -> tuple[dict[str, str], dict[str, int]]:
    tables = (*run.tables, PLACES_TABLE) if run.places else run.tables
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}

    def one(connection: Connection, table: Table) -> None:
        counts[table.name], digests[table.name] = rows_in(connection, table), digest(connection, NEW, table)

    _on_each(owner_url, tables, processes, one)
    return digests, counts


def _on_each(
    owner_url: str, tables: Sequence[Table], processes: int, what: Callable[[Connection, Table], None]
) -> None:
    """Does something with each table, several at a time."""

    def one(table: Table) -> None:
        with connect(owner_url) as connection:
            what(connection, table)

    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(one, tables))


def _tables(run: Run, digests: Mapping[str, str], counts: Mapping[str, int], ended: Swapped) -> list[TableReport]:
    of_models = [(name, table) for name in run.wanted if name != PLACES for table in READ_MODELS[name].tables]
    if run.places:
        of_models.append((PLACES, PLACES_TABLE))
    return [
        TableReport(
            model=name,
            table=table.name,
            rows=counts[table.name],
            digest=digests[table.name],
            differences=ended.differences.get(table.name, Differences()),
        )
        for name, table in of_models
    ]
