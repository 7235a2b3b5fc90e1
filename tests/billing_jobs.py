"""A town with a month to bill, on a real database: drafted, closed and looked at as the terminal does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, dict_row

from api.background import leader_conninfo
from benchmarks.billing_town import ACTIVITY, CONTENT, MONTH, UNIT
from benchmarks.billing_town import fill as fill_month
from benchmarks.generated import TOWN
from commands.close_month import CloseMonth, DraftFound
from commands.execute import Request, execute
from commands.outcome import Accepted
from ledger.codec import Codec
from ledger.database import open_pool, service_conninfo
from ledger.entry import GENESIS, Entry
from ledger.events import AttendanceRecorded, Fact, Presence, TitreIssued
from ledger.identifiers import ChildId, Stream, Subject
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from ledger.store import Answer
from ledger.streams import child_page
from projections.inline import project
from replay.billing.bill import Billed
from replay.billing.job import Job, Watching
from replay.verifying.verify import Verification
from tests.billed import Said
from tests.servers import Database
from tests.spec import once, signed

NOW = datetime(2024, 4, 3, 9, tzinfo=UTC)
"""The month is over."""


def fill(database: Database, children: int, *, content: str = CONTENT) -> None:
    """A month of so many children, sealed, under a rulebook."""
    with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
        fill_month(connection, children, content=content)


@contextmanager
def job_on(database: Database, *, processes: int = 0, now: datetime = NOW) -> Iterator[Job]:
    """Somebody who bills the town."""
    pool = open_pool(database.service_url, Settings(pool_size=1))
    try:
        yield Job(
            commune=TOWN,
            conninfo=leader_conninfo(database.service_url, Settings(), "test"),
            store=PostgresStore(pool, project=project),
            by=Subject("regisseur-1"),
            role="billing",
            client="spec",
            clock=lambda: now,
            processes=processes,
        )
    finally:
        pool.close()


def stopping(job: Job, households: int) -> Job:
    """The same, stopped as by a signal once so many households are done."""

    def done(count: int, _all: int) -> None:
        if count >= households:
            raise KeyboardInterrupt

    return replace(job, watching=Watching(done=done))


def say(job: Job, stream: Stream, *facts: Fact) -> None:
    """Facts written as they are, on a page."""
    request = Request(commune=job.commune, command=Said(stream, *facts), signature=signed(job.clock()))
    result, _ = execute(job.store, request, once=once(), respond=lambda _: ANSWERED)
    assert isinstance(result.outcome, Accepted)


def attendance(presence: Presence, on: date) -> AttendanceRecorded:
    """Somebody wrote down who came."""
    return AttendanceRecorded(activity=ACTIVITY, unit=UNIT, day=on, presence=presence)


def page_of(number: int) -> Stream:
    """The page of a child of the town."""
    return child_page(TOWN, ChildId(f"child-{number:06d}"))


def rows(database: Database, question: str, *values: Any) -> list[dict[str, Any]]:
    """What a superuser sees."""
    with psycopg.connect(database.admin_url, row_factory=dict_row) as connection:
        return connection.execute(question, values).fetchall()


def issued(database: Database) -> list[TitreIssued]:
    """The titres of the ledger, in the order of their numbers."""
    found = rows(database, "SELECT stored FROM ardoise.entries WHERE type = 'titre_issued.v1'")
    facts = [CODEC.read(row["stored"]).fact for row in found]
    return sorted((fact for fact in facts if isinstance(fact, TitreIssued)), key=lambda each: each.titre)


def wrong(database: Database, *, rows: bool = False) -> list[Any]:
    """What `ardoise verify --chains` has to say; with `rows`, what it says without."""
    with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
        return list(Verification(commune=TOWN, rows=rows).run(connection))


def close_only(job: Job, billed: Billed, digest: str | None = None) -> None:
    """What a close comes to when whoever asked for it is killed at once."""
    draft = DraftFound(
        position=billed.position,
        after=None,
        titres=billed.summary["bills"],
        total_cents=billed.summary["total_cents"],
        digest=digest or billed.digest,
        missing=0,
    )
    command = CloseMonth(month=MONTH, position=billed.position, draft=draft)
    request = Request(commune=TOWN, command=command, signature=signed(job.clock()))
    result, _ = execute(job.store, request, once=once(), respond=lambda _: ANSWERED)
    assert isinstance(result.outcome, Accepted)


def next_line(job: Job, stream: Stream, fact: Fact) -> Entry:
    """The next line of a page, for who brings it by hand."""
    page = job.store.pages([stream])[stream]
    head = page.head if page.version else GENESIS
    return CODEC.write(fact, stream=stream, version=page.version + 1, previous=head, signature=signed(job.clock()))


def bring(connection: psycopg.Connection[Any], entry: Entry) -> None:
    """A line in the transaction that is open."""
    connection.execute(
        "INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            entry.commune,
            entry.stream,
            entry.version,
            CODEC.name(entry.fact),
            entry.signature.recorded_at,
            entry.stored,
            entry.digest,
        ),
    )


def alter(database: Database, stream: Stream, version: int, before: bytes, after: bytes) -> None:
    """Somebody above the rules changes the bytes of a line."""
    with unguarded(database, "entries") as connection:
        changed = connection.execute(
            "UPDATE ardoise.entries SET stored = replace(convert_from(stored, 'UTF8'), %s, %s)::bytea"
            " WHERE stream = %s AND version = %s AND position(%s::bytea IN stored) > 0",
            (before.decode(), after.decode(), stream, version, before),
        )
        assert changed.rowcount == 1


@contextmanager
def unguarded(database: Database, table: LiteralString) -> Iterator[psycopg.Connection[TupleRow]]:
    """Somebody above the rules, on a table whose guards are out of the way."""
    guards = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'A'"
    with psycopg.connect(database.admin_url) as connection:
        named = [name for (name,) in connection.execute(guards, (f"ardoise.{table}",)).fetchall()]
        change = sql.SQL("ALTER TABLE {} {} TRIGGER {}")
        place = sql.Identifier("ardoise", table)
        for name in named:
            connection.execute(change.format(place, sql.SQL("DISABLE"), sql.Identifier(name)))
        yield connection
        for name in named:
            connection.execute(change.format(place, sql.SQL("ENABLE ALWAYS"), sql.Identifier(name)))


CODEC = Codec()
ANSWERED = Answer(status=200)
__all__ = ["MONTH", "TOWN"]
