"""What a rebuild knows of itself, kept in the database: which models, up to which line, which pages are done.

Everything is in the schema `rebuild`, which the owner makes for a run and drops with its end: a process that was killed
leaves it, and the next one goes on from there.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString, NamedTuple

import orjson
import psycopg
from psycopg.rows import TupleRow

from ledger.identifiers import Commune
from ledger.migrate import LATEST
from projections.models import READ_MODELS, Table
from replay.leader import LINES_LOCK, LOCK_CLASS, REACH, REBUILD_LOCK

Connection = psycopg.Connection[TupleRow]

PLACES: Final = "places"
"""What is counted by the append and not made of rows of entries: counted again, and put right in place."""
NAMES: Final = (*READ_MODELS, PLACES)
CHUNK_LINES: Final = (100, 10_000)
"""The least and the most lines of a chunk: what a killed process has to do again. A longer page is one of its own."""
CHUNKS: Final = 64
"""Into how many a ledger is cut where that makes chunks of a reasonable size: so many processes may share the work."""
LONG_WAIT_SECONDS: Final = 600.0

SESSION: Final = (
    "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c timezone=UTC"
    " -c datestyle=ISO -c search_path=ardoise,pg_temp -c jit=off"
)


class RebuildRefusedError(RuntimeError):
    """Nothing was swapped; the sentence, in one line, says why and what to do."""


class Sealed(NamedTuple):
    """The lines that are sealed: those up to an arrival, but for some that were late."""

    upto: int = 0
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A rebuild under way. `horizon`: every line up to this arrival is in the chunks; `caught`: and in the tables.

    `sealed`: the lines of which what follows the seal is made, among them.
    """

    wanted: Mapping[str, int]
    horizon: int
    caught: int
    sealed: Sealed
    ready: bool
    """Whether the chunks are done and the tables have their indexes."""
    resumed: bool = False

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that are built."""
        return tuple(table for name in self.wanted if name != PLACES for table in READ_MODELS[name].tables)

    @property
    def past(self) -> bool:
        """Whether what follows the seal is among them."""
        return any(name != PLACES and READ_MODELS[name].behind == "seal" for name in self.wanted)

    @property
    def places(self) -> bool:
        """Whether the places are counted again."""
        return PLACES in self.wanted


_SCHEMA: Final[LiteralString] = """
    CREATE SCHEMA rebuild;
    CREATE TABLE rebuild.run (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        wanted jsonb NOT NULL,
        schema integer NOT NULL,
        horizon bigint NOT NULL,
        caught bigint NOT NULL,
        sealed bigint NOT NULL,
        missing bigint[] NOT NULL,
        ready boolean NOT NULL DEFAULT false,
        started_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE rebuild.chunks (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        commune text NOT NULL,
        first text NOT NULL,
        last text NOT NULL,
        lines bigint NOT NULL,
        done boolean NOT NULL DEFAULT false
    );
    CREATE TABLE rebuild.counted (
        commune text NOT NULL, activity text NOT NULL, unit text NOT NULL, day date NOT NULL, pool text NOT NULL,
        taken integer NOT NULL
    );
    CREATE TABLE rebuild.capacities (
        commune text NOT NULL, activity text NOT NULL, unit text NOT NULL, day date NOT NULL, pool text NOT NULL,
        capacity integer, PRIMARY KEY (commune, activity, unit, day, pool)
    );
    CREATE TABLE rebuild.places (LIKE rebuild.counted, PRIMARY KEY (commune, activity, unit, day, pool));
    CREATE TABLE rebuild.unfollowed (commune text, stream text, PRIMARY KEY (commune, stream));
    CREATE TABLE rebuild.suspects (relation text NOT NULL, key jsonb NOT NULL, PRIMARY KEY (relation, key));
"""
_CHUNKS: Final = """
    INSERT INTO rebuild.chunks (commune, first, last, lines)
    SELECT %(commune)s, min(stream), max(stream), sum(lines) FROM (
        SELECT stream, lines, (sum(lines) OVER (ORDER BY stream) - lines) / %(size)s AS chunk
        FROM (SELECT stream, count(*)::bigint AS lines FROM ardoise.entries WHERE commune = %(commune)s
              GROUP BY stream) pages
    ) numbered GROUP BY chunk::bigint
"""
_HOLDERS: Final = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def connect(owner_url: str, application: str = "ardoise-rebuild") -> Connection:
    """A connection of the owner's, which waits as long as it must and writes values in one form."""
    return psycopg.connect(owner_url, autocommit=True, application_name=application, options=SESSION)


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """The only rebuild of this database. Raises RebuildRefusedError."""
    if connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, REBUILD_LOCK)).fetchone() != (True,):
        raise RebuildRefusedError("another rebuild is running on this database: wait for its end.")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCK_CLASS, REBUILD_LOCK))


def one(connection: Connection, question: LiteralString, *values: object) -> Any:
    """The only value of the only row of an answer."""
    row = connection.execute(question, values).fetchone()
    return None if row is None else row[0]


def set_town(connection: Connection, commune: str) -> None:
    """Which town is read, in this transaction: the policies hold the owner too."""
    connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))


def towns(connection: Connection) -> list[Commune]:
    """Every town that ever had a line."""
    return sorted(
        Commune(name) for (name,) in connection.execute("SELECT DISTINCT commune FROM ardoise.announced_towns")
    )


def horizon(connection: Connection) -> int:
    """An arrival up to which every line that will ever come can be read from now on. Makes no writer wait.

    Whoever draws a number holds the lock of lines until after their commit: those who hold it when the last number is
    read are waited for, and nobody else can bring a line below it.
    """
    reached = one(connection, REACH)
    awaited = _holders(connection)
    give_up_at = time.monotonic() + LONG_WAIT_SECONDS
    while awaited := awaited & _holders(connection):
        if time.monotonic() > give_up_at:
            raise RebuildRefusedError("a transaction that writes lines has been open for ten minutes: end it first.")
        time.sleep(0.01)
    return int(reached)


def _holders(connection: Connection) -> set[str]:
    return {name for (name,) in connection.execute(_HOLDERS, (LOCK_CLASS, LINES_LOCK))}


def found(connection: Connection, wanted: Mapping[str, int]) -> Run | None:
    """The rebuild of the same models and versions that somebody began and did not end."""
    if one(connection, "SELECT to_regclass('rebuild.run')") is None:
        return None
    question = "SELECT wanted, schema, horizon, caught, ready, sealed, missing FROM rebuild.run"
    row = connection.execute(question).fetchone()
    if row is None or row[:2] != (dict(wanted), LATEST):
        return None
    sealed_ = Sealed(row[5], tuple(row[6]))
    return Run(wanted=wanted, horizon=row[2], caught=row[3], ready=row[4], sealed=sealed_, resumed=True)


def drop(connection: Connection) -> None:
    """Forgets a rebuild, finished or not."""
    connection.execute("DROP SCHEMA IF EXISTS rebuild CASCADE")


def begin(connection: Connection, wanted: Mapping[str, int], make_tables: Sequence[psycopg.sql.Composed]) -> Run:
    """A rebuild from the beginning: empty tables, and the pages in chunks of about the same number of lines."""
    reached = horizon(connection)
    with connection.transaction():
        drop(connection)
        connection.execute(_SCHEMA)
        for statement in make_tables:
            connection.execute(statement)
        least, most = CHUNK_LINES
        size = min(max(reached // CHUNKS, least), most)
        for commune in towns(connection):
            set_town(connection, commune)
            connection.execute(_CHUNKS, {"commune": commune, "size": size})
        seal = sealed(connection)
        said = (orjson.dumps(dict(wanted)).decode(), LATEST, reached, reached, seal.upto, list(seal.missing))
        connection.execute(
            "INSERT INTO rebuild.run (wanted, schema, horizon, caught, sealed, missing)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            said,
        )
    return Run(wanted=wanted, horizon=reached, caught=reached, sealed=seal, ready=False)


def sealed(connection: Connection) -> Sealed:
    """How far the seal has come."""
    row = connection.execute("SELECT arrival, missing FROM ardoise.settled").fetchone()
    return Sealed() if row is None else Sealed(row[0], tuple(row[1]))


def remaining(connection: Connection) -> tuple[int, int]:
    """How many lines the chunks have, and how many of them are done."""
    row = connection.execute(
        "SELECT coalesce(sum(lines), 0)::bigint, coalesce(sum(lines) FILTER (WHERE done), 0)::bigint"
        " FROM rebuild.chunks"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
