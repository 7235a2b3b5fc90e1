"""A read that was answered has its line, whatever is killed; those that come together share one commit."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.access import MOST_GATHERING, Line, Recorder, UnwrittenError, open_access_pool
from ledger.embedded import Server
from ledger.identifiers import Commune
from ledger.settings import Settings
from tests.faults.service import TOWN, Crowd, admin_url, nobody_left, postmaster, served
from tests.servers import Database


@dataclass
class Readers(Crowd):
    """Families that look at their file again and again."""

    answered: list[str] = field(default_factory=list)
    """The trace of every look that was answered."""

    def acknowledged(self) -> int:
        return len(self.answered)

    def ask(self, family: int) -> None:
        with self.service.client() as http:
            parent = self.service.who(http, "guardian", f"parent-{family}")
            while not self.stopped:
                trace = uuid4().hex
                try:
                    said = parent.send("GET", "/me", headers={"X-Request-Id": trace})
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                self.statuses[said.status_code] += 1
                if said.status_code == 200:
                    self.answered.append(trace)


def kept(data: Path) -> list[str]:
    """The correlation of every line of the town."""
    with psycopg.connect(admin_url(data)) as connection:
        rows = connection.execute("SELECT correlation FROM access.reads WHERE commune = %s", (TOWN,)).fetchall()
    return [correlation for (correlation,) in rows]


def test_every_answered_read_has_its_line_when_the_service_is_killed(data: Path) -> None:
    answered: list[str] = []
    for round_ in range(3):
        with served(data) as service:
            if round_ == 0:
                service.settle()
            readers = Readers(service)
            with readers.running():
                readers.until(100)
                service.stop(signal.SIGKILL)
            answered += readers.answered
    with served(data):
        lines = kept(data)
    assert set(answered) <= set(lines)
    assert len(lines) == len(set(lines)), "no line is kept twice"


def test_every_answered_read_has_its_line_when_the_database_is_killed(data: Path) -> None:
    with served(data) as service:
        service.settle()
        readers, database = Readers(service), Server(data)
        with readers.running():
            for round_ in range(1, 3):
                readers.until(100 * round_)
                os.kill(postmaster(data), signal.SIGKILL)
                nobody_left(data)
                time.sleep(0.2)
                database.start()
                database.leave()
            readers.until(300)
        lines = kept(data)
    assert set(readers.answered) <= set(lines)
    assert len(lines) == len(set(lines))
    assert set(readers.statuses) <= {200, 503}


# One commit for those who come together ------------------------------------------------------------------------------


def line(commune: str = "valmont") -> Line:
    return Line(
        commune=Commune(commune),
        line=uuid4(),
        read_at=datetime.now(UTC),
        actor="agent-1",
        role="agent",
        client="portal",
        operation="GET /children/{child}",
        purpose="family_management",
        about=("child-1", "child-2"),
        correlation=uuid4().hex,
    )


def commits(database: Database) -> tuple[int, int]:
    """How many lines there are, and how many transactions wrote them."""
    with psycopg.connect(database.admin_url) as admin:
        row = admin.execute("SELECT count(*), count(DISTINCT xmin::text) FROM access.reads").fetchone()
    assert row is not None
    return row


def run(database: Database, story, *, patience_seconds: float = 30.0) -> None:
    async def told() -> None:
        pool = await open_access_pool(database.service_url, Settings(queue_seconds=patience_seconds))
        try:
            await story(Recorder(pool), pool)
        finally:
            await pool.close()

    asyncio.run(told())


def test_lines_that_come_while_one_is_written_share_the_next_commit(database: Database) -> None:
    async def story(recorder: Recorder, pool) -> None:
        async with pool.connection():
            first = asyncio.create_task(recorder.write(line()))
            await asyncio.sleep(0.05)
            others = [asyncio.create_task(recorder.write(line(town))) for town in ("valmont", "villars") * 20]
            await asyncio.sleep(0.05)
            assert not any(task.done() for task in [first, *others]), "nobody goes on before the commit"
        await asyncio.gather(first, *others)

    run(database, story)
    assert commits(database) == (41, 2)


def test_somebody_who_leaves_takes_nobody_s_line_away(database: Database) -> None:
    async def story(recorder: Recorder, pool) -> None:
        async with pool.connection():
            tasks = [asyncio.create_task(recorder.write(line())) for _ in range(3)]
            await asyncio.sleep(0.05)
            tasks[0].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert answers[1:] == [None, None]

    run(database, story)
    assert commits(database) == (3, 1)


def test_a_log_that_cannot_be_reached_refuses_all_who_wait_and_serves_the_next(database: Database) -> None:
    async def story(recorder: Recorder, pool) -> None:
        async with pool.connection():
            answers = await asyncio.gather(*(recorder.write(line()) for _ in range(3)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [UnwrittenError] * 3
        await recorder.write(line())

    run(database, story, patience_seconds=0.2)
    assert commits(database) == (1, 1)


def test_the_line_of_those_who_wait_is_bounded(database: Database) -> None:
    async def story(recorder: Recorder, pool) -> None:
        async with pool.connection():
            first = asyncio.create_task(recorder.write(line()))
            await asyncio.sleep(0.05)
            waiting = [asyncio.create_task(recorder.write(line())) for _ in range(MOST_GATHERING)]
            await asyncio.sleep(0.1)
            with pytest.raises(UnwrittenError, match="too many"):
                await recorder.write(line())
        await asyncio.gather(first, *waiting)

    run(database, story)
    assert commits(database) == (MOST_GATHERING + 1, 2)
