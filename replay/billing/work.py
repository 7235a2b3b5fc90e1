"""The bulk of a draft: processes that take slices of households, read their pages, and keep their bills.

A slice is one transaction: killed in the middle of one, a process leaves nothing of it.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Final

import orjson

from ledger.entry import AlteredLineError
from projections.billing.bills import Bill, bill
from projections.billing.canonical import canonical_bill
from replay.billing.reading import Governed, Reading
from replay.billing.runs import BillingError, Run, connected
from replay.billing.summing import Sums, day_prices
from replay.folding import few_collections
from replay.leader import Connection, WorkError
from replay.workers import said_by

Progress = Callable[[int], None]
"""Told how many more households were done."""
_TOLD: Final = (AlteredLineError.__name__, BillingError.__name__)
"""What a process says that its parent may say again word for word."""
_TAKE: Final = """
    SELECT number, after, upto, households FROM draft_slices
    WHERE commune = %(commune)s AND month = %(month)s AND run = %(name)s AND NOT done
    ORDER BY number FOR UPDATE SKIP LOCKED LIMIT 1
"""
_LEFT: Final = """
    SELECT (SELECT count(*) FROM draft_slices WHERE commune = %(commune)s AND month = %(month)s AND NOT done),
           EXISTS (SELECT FROM drafts WHERE commune = %(commune)s AND month = %(month)s AND run = %(name)s)
"""
_BEFORE: Final = """
    DELETE FROM draft_bills WHERE commune = %(commune)s AND month = %(month)s
      AND household > %(after)s AND household <= coalesce(%(upto)s::text, chr(1114111))
"""
_KEEP: Final = """
    INSERT INTO draft_bills
        (commune, month, household, total_cents, lines, day_prices, missing, bill, missing_days)
    SELECT %(commune)s, %(month)s, * FROM unnest(
        %(households)s::text[], %(totals)s::bigint[], %(lines)s::integer[], %(day_prices)s::integer[],
        %(missing)s::integer[], %(bills)s::bytea[], %(missing_days)s::text[]::jsonb[])
"""
_DONE: Final = """
    UPDATE draft_slices SET done = true, summary = %(summary)s::jsonb
    WHERE commune = %(commune)s AND month = %(month)s AND number = %(number)s
"""


def work(connection: Connection, run: Run, progress: Progress) -> None:
    """Takes slices until none is left. Raises AlteredLineError."""
    reading = Reading(connection=connection, commune=run.commune, upto=run.position)
    governed = reading.governed()
    # Of a month that is closed again, the close that is replaced is among the lines.
    governed = governed._replace(closed=tuple(each for each in governed.closed if each.month < run.month))
    with few_collections():
        while _slice(connection, run, reading, governed, progress):
            pass


def compute(connection: Connection, conninfo: str, run: Run, processes: int, progress: Progress) -> None:
    """Works every slice out, the only one that is left without a process for it.

    Raises AlteredLineError, BillingError or WorkError: what is done stays done.
    """
    left, _ = _left(connection, run)
    if processes == 0 or left == 1:
        with connected(conninfo, run.commune) as own:
            work(own, run, progress)
    elif left:
        asked = {"conninfo": conninfo, **asdict(run)}
        with closing(said_by("replay.billing.worker", asked, min(processes, left))) as workers:
            for said in workers:
                if said.get("error") in _TOLD:
                    raise BillingError(said["failed"])
                if "failed" in said:
                    raise WorkError(f"a process of the billing stopped: {said['failed']}")
                progress(said["households"])
    if _left(connection, run) != (0, True):
        raise WorkError("another process took the billing over: run it again.")


def _left(connection: Connection, run: Run) -> tuple[int, bool]:
    """How many slices are not done, and whether they are still this run's to do."""
    [(left, ours)] = connection.execute(_LEFT, run.values()).fetchall()
    return int(left), bool(ours)


def _slice(connection: Connection, run: Run, reading: Reading, governed: Governed, progress: Progress) -> bool:
    with connection.transaction():
        taken = connection.execute(_TAKE, run.values()).fetchone()
        if taken is None:
            return False
        number, after, upto, households = taken
        sums = Sums()
        bills: list[Bill] = []
        for family in reading.families(run.month, after, upto):
            one = bill(family, governed.rules, run.month, closed=governed.closed, town=governed.town)
            sums.take(one)
            if one.lines or one.missing:
                bills.append(one)
        connection.execute(_BEFORE, run.values(after=after, upto=upto))
        if bills:
            _keep(connection, run, bills)
        summary = orjson.dumps(sums.summary()).decode()
        connection.execute(_DONE, run.values(number=number, summary=summary))
    progress(households)
    return True


def _keep(connection: Connection, run: Run, bills: Sequence[Bill]) -> None:
    connection.execute(
        _KEEP,
        run.values(
            households=[each.household for each in bills],
            totals=[each.total_cents for each in bills],
            lines=[len(each.lines) for each in bills],
            day_prices=[day_prices(each) for each in bills],
            missing=[len(each.missing) for each in bills],
            bills=[canonical_bill(each.household, each.lines) for each in bills],
            missing_days=[orjson.dumps([asdict(day) for day in each.missing]).decode() for each in bills],
        ),
    )
