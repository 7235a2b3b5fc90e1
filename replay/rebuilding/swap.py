"""The end of a rebuild: what was written meanwhile, and the moment at which everybody sees the new tables.

Nobody may see a table that is not complete in their snapshot. So the last lines are committed in the new tables while
writers wait, then every transaction that began before is waited for, and only then are the tables exchanged.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString

import orjson
from psycopg import sql
from psycopg.errors import LockNotAvailable, QueryCanceled

from ledger.migrate import LATEST
from ledger.rows import Put
from projections.models import READ_MODELS, Table
from replay.leader import LINES_LOCK, LOCK_CLASS, REACH
from replay.rebuilding.catalogue import LIVE, NEW, refuse_another_shape
from replay.rebuilding.compare import Differences, find_unfollowed, look_again, positions_covered, suspect
from replay.rebuilding.others import wait_for_others
from replay.rebuilding.places import add_places, repair_places
from replay.rebuilding.rows import Last, Line, Reader, Told, plain
from replay.rebuilding.state import (
    PLACES,
    Connection,
    RebuildRefusedError,
    Run,
    Sealed,
    found,
    horizon,
    one,
    sealed,
    set_town,
    towns,
)

FEW_LINES: Final = 200
"""So many lines are caught up within a moment, while writers wait."""
PATIENCE_MS: Final = (250, 1_000)
"""How long a lock is waited for at first, and at most: others wait behind, and a service gives up after two seconds."""
GIVE_UP_SECONDS: Final = 600.0
PAGES_AT_ONCE: Final = 50
"""However many pages were written on, so many are in memory."""

_WRITTEN_ON: Final = """
    SELECT stream, count(*) FROM ardoise.entries WHERE commune = %s AND arrival > %s AND arrival <= %s GROUP BY stream
"""
_SEALED_SINCE: Final = """
    SELECT stream, count(*) FROM ardoise.entries
    WHERE commune = %s AND (arrival > %s AND arrival <= %s OR arrival = ANY(%s)) GROUP BY stream
"""
_PAGES: Final = """
    SELECT stream, version, stored, digest, arrival FROM ardoise.entries
    WHERE commune = %s AND stream = ANY(%s) AND arrival <= %s ORDER BY stream, version
"""
_TOWNS_IN: Final = """
    WITH RECURSIVE listed AS (
        SELECT min(commune) AS commune FROM {0}
        UNION ALL
        SELECT (SELECT min(t.commune) FROM {0} t WHERE t.commune > listed.commune) FROM listed
        WHERE listed.commune IS NOT NULL
    )
    SELECT commune FROM listed WHERE commune IS NOT NULL
"""
_FORCED: Final = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'ardoise'::regnamespace AND relname = ANY(%s) AND relforcerowsecurity
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swapped:
    """How it ended: what differed, up to which arrival, and how long those who write had to wait."""

    differences: Mapping[str, Differences]
    arrival: int
    lines: int
    """How many lines were caught up."""
    writers_waited_ms: float
    tries: int


class _TryAgain(Exception):  # noqa: N818 - not an error: somebody is in the way for now
    pass


def catch_up(
    connection: Connection, run: Run, reader: Reader, upto: int, seal: Sealed, *, compared: bool
) -> tuple[Run, int]:
    """Folds anew the pages with lines after those in the tables, in one transaction; how many lines were new."""
    new = 0
    with connection.transaction():
        for commune in towns(connection):
            set_town(connection, commune)
            written: dict[str, int] = dict(connection.execute(_WRITTEN_ON, (commune, run.caught, upto)).fetchall())
            if run.past:
                since = (commune, run.sealed.upto, seal.upto, list(run.sealed.missing))
                for stream, lines_sealed in connection.execute(_SEALED_SINCE, since):
                    written[stream] = max(lines_sealed, written.get(stream, 0))
            new += sum(written.values())
            streams = list(written)
            for start in range(0, len(streams), PAGES_AT_ONCE):
                some = streams[start : start + PAGES_AT_ONCE]
                lines: Iterable[Line] = connection.execute(_PAGES, (commune, some, upto), binary=True)
                _replace(connection, run, (told for _, told in reader.pages(lines, seal, after=run.caught)), compared)
        values = (upto, seal.upto, list(seal.missing))
        connection.execute("UPDATE rebuild.run SET caught = %s, sealed = %s, missing = %s", values)
    return replace(run, caught=upto, sealed=seal), new


def _replace(connection: Connection, run: Run, pages: Iterator[Told], compared: bool) -> None:
    last: Last = {}
    for told in pages:
        for name, page in told.last.items():
            last.setdefault(name, {}).update(page)
        if run.places:
            add_places(connection, told)
    for table in run.tables:
        changes = last.get(table.name, {})
        if not changes:
            continue
        new, keys = sql.Identifier(NEW, table.name), [_key(table, change.row) for change in changes.values()]
        columns = sql.SQL(", ").join(map(sql.Identifier, table.key))
        connection.execute(
            sql.SQL("DELETE FROM {new} WHERE ({key}) IN (SELECT {key} FROM jsonb_populate_recordset(NULL::{new}, %s))")
            .format(new=new, key=columns),
            (_json(keys),),
        )  # fmt: skip
        connection.execute(
            sql.SQL("INSERT INTO {new} SELECT * FROM jsonb_populate_recordset(NULL::{new}, %s)").format(new=new),
            (_json([plain(change.row) for change in changes.values() if isinstance(change, Put)]),),
        )
        if compared:
            suspect(connection, table, keys)


def _key(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in table.key}


def _json(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows, option=orjson.OPT_UTC_Z).decode()


def approach(connection: Connection, run: Run, reader: Reader, *, compared: bool) -> tuple[Run, int]:
    """Catches up while writes go on, until few lines remain; how many came."""
    came = 0
    for _ in range(20):
        reached = horizon(connection)
        run, new = catch_up(connection, run, reader, reached, sealed(connection), compared=compared)
        came += new
        if new <= FEW_LINES:
            break
    return run, came


def end(
    connections: tuple[Connection, Connection],
    run: Run,
    reader: Reader,
    known: Mapping[str, Differences],
    *,
    swap: bool,
    say: Callable[[str], None],
) -> Swapped:
    """The last lines, the last look at what differs, and the exchange unless it is only a check.

    Tried again and again, for ten minutes at most: whoever reads or writes never waits long behind us. Raises
    RebuildRefusedError.
    """
    main, helper = connections
    for table in run.tables:
        refuse_another_shape(main, table.name)
    give_up_at, tries, came = time.monotonic() + GIVE_UP_SECONDS, 0, 0
    while True:
        tries += 1
        run, new = approach(helper, run, reader, compared=True)
        came += new
        wait_for_others(main, helper, seconds=5.0)
        patience_ms = min(PATIENCE_MS[0] * tries, PATIENCE_MS[1])
        begun = time.perf_counter()
        try:
            with main.transaction():
                run, new, differences = _moment(main, helper, run, reader, swap=swap, patience_ms=patience_ms)
        except (_TryAgain, LockNotAvailable, QueryCanceled):
            run = found(helper, run.wanted) or run
            if time.monotonic() > give_up_at:
                raise RebuildRefusedError(
                    "somebody has held a transaction open for ten minutes: end it, then run this again."
                ) from None
            say(f"somebody reads the old tables: trying again ({tries})")
            time.sleep(min(0.5 * tries, 5.0))
            continue
        waited = (time.perf_counter() - begun) * 1_000
        return Swapped(
            differences={**differences, **known},
            arrival=run.caught,
            lines=came + new,
            writers_waited_ms=waited,
            tries=tries,
        )


def _moment(
    main: Connection, helper: Connection, run: Run, reader: Reader, *, swap: bool, patience_ms: int
) -> tuple[Run, int, dict[str, Differences]]:
    """What happens while nobody writes."""
    main.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(patience_ms)))
    main.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_CLASS, LINES_LOCK))
    if swap and run.past:
        # Whoever follows the seal stands still: it remembers how far it came, and must not come further than we do.
        _lock(main, [table.name for table in READ_MODELS["past"].tables], patience_ms, "EXCLUSIVE")
    reached = one(helper, REACH)
    with helper.transaction():
        # One snapshot: the positions up to which the seal has come, and the lines they are of.
        helper.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        seal = sealed(helper)
        sizes = positions_covered(helper, seal)
    run, new = catch_up(helper, run, reader, int(reached), seal, compared=True)
    if run.past:
        find_unfollowed(helper, seal, sizes)
    if not swap:
        return run, new, look_again(main, run) | repair_places(main, run, mend=False)
    if not wait_for_others(main, helper, seconds=patience_ms / 1_000):
        raise _TryAgain
    _lock(main, [table.name for table in run.tables], patience_ms, "ACCESS EXCLUSIVE")
    differences = look_again(main, run) | repair_places(main, run, mend=True)
    _exchange(main, run, sizes)
    return run, new, differences


def _lock(main: Connection, tables: Sequence[str], patience_ms: int, mode: LiteralString) -> None:
    """The old tables for us alone: all of them within a moment, or none."""
    if not tables:
        return
    names = sql.SQL(", ").join(sql.Identifier(LIVE, table) for table in tables)
    main.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(patience_ms)))
    main.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(names, sql.SQL(mode)))
    main.execute("SET LOCAL statement_timeout = 0")


def _exchange(main: Connection, run: Run, sizes: Mapping[str, int]) -> None:
    """The new tables take the place and the name of the old ones, which go."""
    if one(main, "SELECT max(number) FROM ardoise.schema_migrations") != LATEST:
        raise RebuildRefusedError("the schema was changed during the rebuild: run it again with the code of today.")
    known = towns(main)
    forced = {name for (name,) in main.execute(_FORCED, ([table.name for table in run.tables],))}
    for table in run.tables:
        live, new = sql.Identifier(LIVE, table.name), sql.Identifier(NEW, table.name)
        main.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(live))
        strangers = [name for (name,) in main.execute(sql.SQL(_TOWNS_IN).format(live)) if name not in known]
        if strangers:
            # Never heard of: its lines were not read, and dropping its rows would lose them.
            raise RebuildRefusedError(f"ardoise.{table.name} has rows of {strangers[0]}, a town that brought no line.")
        if table.name in forced:
            main.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(new))
        main.execute(sql.SQL("DROP TABLE {}").format(live))
        main.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(new, sql.Identifier(LIVE)))
    for name, version in run.wanted.items():
        if name != PLACES:
            main.execute(
                "INSERT INTO ardoise.read_models (model, version, built_at) VALUES (%s, %s, now())"
                " ON CONFLICT (model) DO UPDATE SET version = excluded.version, built_at = excluded.built_at",
                (name, version),
            )
    for name in run.wanted:
        if name != PLACES and READ_MODELS[name].behind == "seal":
            _follow_on(main, name, sizes)
    main.execute("DROP SCHEMA rebuild CASCADE")


def _follow_on(main: Connection, model: str, sizes: Mapping[str, int]) -> None:
    """Whoever follows the seal goes on after the lines that were sealed: those are in the new tables, and no other."""
    for commune, size in sizes.items():
        set_town(main, commune)
        main.execute(
            "INSERT INTO ardoise.followed (model, commune, position) VALUES (%s, %s, %s)"
            " ON CONFLICT (model, commune) DO UPDATE SET position = excluded.position",
            (model, commune, size),
        )
        main.execute("DELETE FROM ardoise.parked WHERE model = %s AND commune = %s", (model, commune))
