"""A run worked to its end: its slices, the digest of its bills, and what they come to."""

from typing import Final

import psycopg
from psycopg.rows import TupleRow

from projections.billing.canonical import digest_of
from projections.billing.drafts import Summary
from replay.billing.job import Job
from replay.billing.runs import Run, progress_of
from replay.billing.summing import Sums
from replay.billing.work import compute
from replay.leader import Connection

FETCHED: Final = 500
_SUMMARIES: Final = "SELECT summary FROM draft_slices WHERE commune = %(commune)s AND month = %(month)s"
_BILLS: Final = """
    SELECT bill FROM draft_bills WHERE commune = %(commune)s AND month = %(month)s AND lines > 0 ORDER BY household
"""


def worked(connection: Connection, job: Job, run: Run) -> int:
    """Works every slice out that is not done; how many households were done before."""
    before, households = done, _ = progress_of(connection, run)
    job.watching.say(f"working {run.month} out")
    job.watching.done(before, households)

    def more(count: int) -> None:
        nonlocal done
        done += count
        job.watching.done(done, households)

    compute(connection, job.conninfo, run, job.processes, more)
    return before


def digest_in(connection: Connection, run: Run) -> str:
    """The digest of the bills of a run."""
    with connection.transaction(), psycopg.ServerCursor[TupleRow](connection, "bills") as cursor:
        cursor.itersize = FETCHED
        return digest_of(stored for (stored,) in cursor.execute(_BILLS, run.values(), binary=True))


def summed(connection: Connection, run: Run) -> Summary:
    """What the bills of a run come to."""
    sums = Sums()
    sums.add(summary for (summary,) in connection.execute(_SUMMARIES, run.values()))
    return sums.summary()
