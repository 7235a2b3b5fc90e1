"""One run of the work on a month: begun at a position, cut in slices, taken up by whoever comes after a kill.

What is written here are working papers. A slice that is done stays done as long as nothing it was worked out from got a
line; a run that took over is the only one whose slices count.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from time import sleep
from typing import Any, Final
from uuid import uuid4

import orjson
import psycopg
from psycopg.rows import TupleRow

from ledger.entry import AlteredLineError
from ledger.identifiers import Commune, Month
from ledger.streams import regie_page, town_page
from projections.billing.drafts import CODE, held
from replay.leader import Connection, WorkError

TOWN_CLASS: Final = 1_634_886_757
"""The first half of the advisory locks of towns that are billed; the second half is made of the name of the town."""
HOUSEHOLDS_A_SLICE: Final = 40
"""What is lost at most by each process that is killed, and what waits together to be kept."""
WAIT_SECONDS: Final = 0.25


class BillingError(WorkError):
    """The month cannot be worked out; the sentence quotes nobody and says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Some work on a month, as its processes are told of it."""

    commune: Commune
    month: Month
    position: int
    name: str

    def values(self, **more: object) -> dict[str, Any]:
        """What its statements are about."""
        return {**asdict(self), **more}


@contextmanager
def connected(conninfo: str, commune: Commune) -> Iterator[Connection]:
    """A connection that works for one town, and whose statements take as long as they must."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """
            SELECT set_config('ardoise.commune', %s, false),
                   set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),
                   set_config('idle_in_transaction_session_timeout', '0', false),
                   set_config('default_transaction_isolation', 'read committed', false),
                   set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false),
                   set_config('jit', 'off', false)
            """,
            (commune,),
        )
        yield connection


@contextmanager
def alone(connection: Connection, commune: Commune, *, waits: Callable[[], None] | None) -> Iterator[bool]:
    """The only one to work on the bills of a town, or False when somebody else does.

    With `waits`, which is called once when there is somebody else, it waits for its turn.
    """
    values, told = (TOWN_CLASS, commune), False
    while not _taken(connection, values):
        if waits is None:
            yield False
            return
        if not told:
            waits()
        told = True
        sleep(WAIT_SECONDS)
    try:
        yield True
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", values)


def _taken(connection: Connection, values: tuple[int, str]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", values).fetchone()
    return row == (True,)


def begin(
    connection: Connection,
    commune: Commune,
    month: Month,
    position: int,
    *,
    after: Month | None,
    by: str,
    at: datetime,
    fresh: bool,
) -> Run:
    """A run at a position. Unless it is `fresh`, it goes on with what a run before it did that still holds.

    Raises AlteredLineError when a line is not there, or when one that says whose a child is was altered.
    """
    run = Run(commune=commune, month=month, position=position, name=str(uuid4()))
    with connection.transaction():
        known, code, digest = connection.execute(_BEFORE, run.values()).fetchone() or (None, None, None)
        connection.execute(_TAKE_OVER, run.values(by=by, at=at, after=after, code=CODE))
        since = -1 if fresh or known is None or code != CODE or known > position else int(known)
        if since >= 0 and (_touched(connection, run, digest) or _governed_anew(connection, run, since)):
            since = -1
        if since < 0:
            for statement in _EMPTY:
                connection.execute(statement, run.values())
        _refuse_gaps(connection, run, since)
        _families(connection, run, since)
        if since < 0:
            connection.execute(_SLICES, run.values(size=HOUSEHOLDS_A_SLICE))
        else:
            connection.execute(_TOUCHED, run.values(since=since))
            connection.execute(_OURS, run.values())
        connection.execute(_HOUSEHOLDS, run.values())
    return run


def _touched(connection: Connection, run: Run, digest: str | None) -> bool:
    """Whether somebody changed the bills of a draft since it was ready: then none of them is kept."""
    asked = held(run.commune, run.month)
    return digest is not None and connection.execute(asked.sql, asked.values).fetchall()[0][0] != digest


def _governed_anew(connection: Connection, run: Run, since: int) -> bool:
    """Whether the town's page or the régie's got a line: then every bill may be another one."""
    streams = [town_page(run.commune), regie_page(run.commune)]
    return connection.execute(_GOVERNED, run.values(since=since, streams=streams)).fetchone() == (True,)


def _refuse_gaps(connection: Connection, run: Run, since: int) -> None:
    """Every position has its seal, and every seal its line: one that is gone would not be billed, and not be missed."""
    first = max(since, 0)
    seals, stream, line = connection.execute(_GAPS, run.values(since=first)).fetchone() or (0, None, None)
    if stream is not None:
        raise AlteredLineError(stream, line)
    if seals != run.position - first:
        raise BillingError(f"seals of {run.commune} are gone: run `ardoise verify {run.commune}`.")


def _families(connection: Connection, run: Run, since: int) -> None:
    altered = connection.execute(_FAMILIES_ALTERED, run.values(since=since)).fetchone()
    if altered is not None:
        raise AlteredLineError(*altered)
    connection.execute(_FAMILIES, run.values(since=since))


def progress_of(connection: psycopg.Connection[TupleRow], run: Run) -> tuple[int, int]:
    """How many households are done, and how many there are."""
    [(done, households)] = connection.execute(_PROGRESS, run.values()).fetchall()
    return int(done), int(households)


def end(connection: Connection, run: Run, digest: str, summary: Mapping[str, Any], at: datetime) -> None:
    """The draft is ready, unless another was asked for meanwhile."""
    text = orjson.dumps(summary).decode()
    connection.execute(_END, run.values(digest=digest, summary=text, at=at))


def refuse(connection: Connection, commune: Commune, month: Month, sentence: str, at: datetime) -> None:
    """A draft that was asked for, or begun, cannot be made."""
    connection.execute(_REFUSE, {"commune": commune, "month": month, "error": sentence, "at": at})


def clear(connection: Connection, commune: Commune, month: Month) -> None:
    """Nothing is left of the working papers of a month."""
    with connection.transaction():
        for statement in (*_EMPTY, _FORGET):
            connection.execute(statement, {"commune": commune, "month": month})


_BEFORE: Final = """
    SELECT d.position, d.code, d.digest FROM drafts d
    WHERE d.commune = %(commune)s AND d.month = %(month)s
      AND EXISTS (SELECT FROM draft_slices s WHERE s.commune = d.commune AND s.month = d.month)
    FOR UPDATE
"""
_TAKE_OVER: Final = """
    INSERT INTO drafts AS d (commune, month, state, asked_at, asked_by, run, position, after_month, code)
    VALUES (%(commune)s, %(month)s, 'running', %(at)s, %(by)s, %(name)s, %(position)s, %(after)s, %(code)s)
    ON CONFLICT (commune, month) DO UPDATE SET
        state = 'running', run = excluded.run, position = excluded.position, after_month = excluded.after_month,
        code = excluded.code, digest = NULL, summary = NULL, error = NULL, ended_at = NULL
"""
_EMPTY: Final = (
    "DELETE FROM draft_slices WHERE commune = %(commune)s AND month = %(month)s",
    "DELETE FROM draft_bills WHERE commune = %(commune)s AND month = %(month)s",
    "DELETE FROM draft_families WHERE commune = %(commune)s AND month = %(month)s",
)
_FORGET: Final = "DELETE FROM drafts WHERE commune = %(commune)s AND month = %(month)s"
_GOVERNED: Final = """
    SELECT EXISTS (
        SELECT FROM entries e JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
        WHERE e.commune = %(commune)s AND e.stream = ANY (%(streams)s) AND s.position > %(since)s)
"""
_GAPS: Final = """
    WITH lines AS (
        SELECT s.position, e.arrival FROM seals s LEFT JOIN entries e ON e.commune = s.commune AND e.arrival = s.arrival
        WHERE s.commune = %(commune)s AND s.position > %(since)s AND s.position <= %(position)s
    ), counted AS (
        SELECT count(*) AS seals, min(position) FILTER (WHERE arrival IS NULL) AS gone FROM lines
    )
    SELECT c.seals, s.stream, s.line FROM counted c
    LEFT JOIN seals s ON s.commune = %(commune)s AND s.position = c.gone
"""
_FAMILY_LINES: Final = """
    FROM (
        SELECT k.stream, k.version, k.stored, k.digest, k.arrival FROM entries k
        WHERE k.commune = %(commune)s AND k.type IN ('child_registered.v1', 'child_joined_household.v1') OFFSET 0
    ) e CROSS JOIN LATERAL (
        SELECT k.leaf, k.position FROM seals k WHERE k.commune = %(commune)s AND k.arrival = e.arrival OFFSET 0
    ) s
    WHERE s.position > %(since)s AND s.position <= %(position)s
"""
"""Line by line along the index, here as below: what the database believes of its tables may be a month old."""
_FAMILIES_ALTERED: Final = (
    "SELECT e.stream, e.version"
    + _FAMILY_LINES
    + " AND (sha256(e.stored) <> e.digest OR sha256('\\x00'::bytea || e.stored) <> s.leaf) ORDER BY 1, 2 LIMIT 1"
)
_FAMILIES: Final = (
    """
    INSERT INTO draft_families (commune, month, household, child)
    SELECT DISTINCT %(commune)s, %(month)s, convert_from(e.stored, 'UTF8')::jsonb #>> '{fact,household}',
                    split_part(e.stream, '/', 3)
"""
    + _FAMILY_LINES
    + "ON CONFLICT DO NOTHING"
)
_SLICES: Final = """
    WITH numbered AS (
        SELECT household, (row_number() OVER (ORDER BY household) - 1) / %(size)s AS slice
        FROM (SELECT DISTINCT household FROM draft_families
              WHERE commune = %(commune)s AND month = %(month)s) homes
    ), slices AS (
        SELECT slice, max(household) AS last, count(*) AS households FROM numbered GROUP BY slice
    )
    INSERT INTO draft_slices (commune, month, number, after, upto, households, run)
    SELECT %(commune)s, %(month)s, slice, coalesce(lag(last) OVER (ORDER BY slice), ''),
           CASE WHEN lead(slice) OVER (ORDER BY slice) IS NOT NULL THEN last END, households, %(name)s
    FROM slices
"""
_TOUCHED: Final = """
    WITH lines AS MATERIALIZED (
        SELECT DISTINCT split_part(s.stream, '/', 1) AS kind, split_part(s.stream, '/', 3) AS named FROM seals s
        WHERE s.commune = %(commune)s AND s.position > %(since)s AND s.position <= %(position)s
    ), touched AS MATERIALIZED (
        SELECT named AS household FROM lines WHERE kind IN ('household', 'payer')
        UNION ALL
        SELECT f.household FROM lines CROSS JOIN LATERAL (
            SELECT k.household FROM draft_families k
            WHERE k.commune = %(commune)s AND k.month = %(month)s AND k.child = lines.named OFFSET 0
        ) f WHERE lines.kind = 'child'
    ), slices AS MATERIALIZED (
        -- The first name after another one is that one and the smallest letter.
        SELECT array_agg((after || chr(1)) COLLATE "C" ORDER BY number) AS firsts FROM draft_slices
        WHERE commune = %(commune)s AND month = %(month)s
    ), found AS MATERIALIZED (
        SELECT DISTINCT width_bucket(t.household COLLATE "C", s.firsts) - 1 AS number FROM touched t, slices s
    )
    UPDATE draft_slices SET done = false, summary = NULL
    WHERE commune = %(commune)s AND month = %(month)s AND number IN (SELECT number FROM found)
"""
_OURS: Final = """
    UPDATE draft_slices s SET run = %(name)s, households = (
        SELECT count(DISTINCT f.household) FROM draft_families f
        WHERE f.commune = %(commune)s AND f.month = %(month)s
          AND f.household > s.after AND f.household <= coalesce(s.upto, chr(1114111)))
    WHERE s.commune = %(commune)s AND s.month = %(month)s AND NOT s.done
"""
_HOUSEHOLDS: Final = """
    UPDATE drafts SET households = (
        SELECT coalesce(sum(households), 0) FROM draft_slices WHERE commune = %(commune)s AND month = %(month)s)
    WHERE commune = %(commune)s AND month = %(month)s
"""
_PROGRESS: Final = """
    SELECT coalesce(sum(households) FILTER (WHERE done), 0), coalesce(sum(households), 0) FROM draft_slices
    WHERE commune = %(commune)s AND month = %(month)s
"""
_END: Final = """
    UPDATE drafts SET state = CASE WHEN state = 'running' THEN 'ready' ELSE state END, digest = %(digest)s,
        summary = %(summary)s::jsonb, error = NULL, ended_at = %(at)s
    WHERE commune = %(commune)s AND month = %(month)s AND run = %(name)s
"""
_REFUSE: Final = """
    UPDATE drafts SET state = 'failed', error = %(error)s, ended_at = %(at)s
    WHERE commune = %(commune)s AND month = %(month)s AND state IN ('asked', 'running', 'ready')
"""
