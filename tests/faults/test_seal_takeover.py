"""A leader of the seal that is killed in the middle of its work is replaced at once, and the tree is right."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from replay.sealing.seal import frontier
from tests.faults.service import ARDOISE, Service, environment, url_of
from tests.replay.lines import TOWN, committed, leader, reference_root, sealed
from tests.servers import Database

BACKLOG = 150_000
PROMISED_SECONDS = 2.0
SECONDS = 10.0
"""What is waited for: a machine that runs other tests may be slow, not three times in a row."""
log = logging.getLogger(__name__)


@contextmanager
def sealing(database: Database, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`ardoise seal` in a process of its own."""
    ours = environment(log.parent, ARDOISE_DATABASE_URL=url_of(database), ARDOISE_DEVELOPMENT="1")
    with log.open("ab") as written:
        process = subprocess.Popen([ARDOISE, "seal"], env=ours, stdout=written, stderr=written)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(what: str, database: Database, question: str, seconds: float = 30.0) -> float:
    """Waits until it is so in the database; how long that took."""
    began = time.monotonic()
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        while connection.execute(question.encode()).fetchone() != (True,):
            assert time.monotonic() - began < seconds, what
            time.sleep(0.01)
    return time.monotonic() - began


LEADS = """
    SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 1634886756 AND objid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
STANDS_BY = (
    "SELECT count(*) = 2 FROM pg_stat_activity WHERE application_name = 'ardoise-seal' AND datname = current_database()"
)


def fill(database: Database) -> None:
    for start in range(1, BACKLOG, 30_000):
        committed(database, "a", *range(start, start + 30_000))


def is_whole(database: Database, size: int) -> None:
    lines = sealed(database)
    assert [line.version for line in lines] == [line.position for line in lines] == list(range(1, size + 1))
    with leader(database) as connection:
        assert frontier(connection, TOWN, size).root() == reference_root([line.stored for line in lines])


def test_a_leader_killed_in_the_middle_of_a_backlog_is_replaced(database: Database, tmp_path: Path) -> None:
    with sealing(database, tmp_path / "one.log") as one:
        until("it leads", database, LEADS)
        with sealing(database, tmp_path / "two.log"):
            until("the other stands by", database, STANDS_BY)
            os.kill(one.pid, signal.SIGSTOP)
            fill(database)
            os.kill(one.pid, signal.SIGCONT)
            until("it has begun", database, "SELECT size > 0 FROM ardoise.trees")
            os.kill(one.pid, signal.SIGKILL)
            one.wait()
            with psycopg.connect(database.admin_url) as connection:
                [(size,)] = connection.execute("SELECT size FROM ardoise.trees").fetchall()
            assert 0 < size < BACKLOG, "killed in the middle"
            seconds = until("the other seals", database, f"SELECT size > {size} FROM ardoise.trees", SECONDS)
            log.info("replaced in %.2f s", seconds)
            until("all is sealed", database, f"SELECT size = {BACKLOG} FROM ardoise.trees")
            is_whole(database, BACKLOG)
            committed(database, "a", BACKLOG + 1)
            until("it goes on", database, f"SELECT size = {BACKLOG + 1} FROM ardoise.trees")


def test_a_leader_that_is_killed_is_replaced_within_two_seconds(database: Database, tmp_path: Path) -> None:
    """From the kill to the first line its successor sealed; the best of three, so that no other test is measured."""
    took: list[float] = []
    with ExitStack() as running:
        leads = running.enter_context(sealing(database, tmp_path / "0.log"))
        until("it leads", database, LEADS)
        for number in (1, 2, 3):
            stands_by = running.enter_context(sealing(database, tmp_path / f"{number}.log"))
            until("the other stands by", database, STANDS_BY)
            began = time.monotonic()
            leads.kill()
            committed(database, "a", number)
            until("the other seals", database, f"SELECT size = {number} FROM ardoise.trees", SECONDS)
            took.append(time.monotonic() - began)
            leads = stands_by
    assert min(took) < PROMISED_SECONDS, took


def test_a_service_that_leads_is_replaced_and_says_how_far_behind_the_seal_is(
    database: Database, tmp_path: Path
) -> None:
    served = {"ARDOISE_DATABASE_URL": url_of(database), "ARDOISE_DEVELOPMENT": "1"}
    service = Service.start(tmp_path / "data", **served)
    try:
        committed(database, "a", 1)
        until("it seals", database, "SELECT size = 1 FROM ardoise.trees")
        with service.client() as http:
            metrics = http.get("/metrics").text
            assert 'ardoise_leads{work="seal"} 1.0' in metrics
            assert "ardoise_sealed_entries_total 1.0" in metrics
            assert "seal_behind" not in http.get("/readyz").json()["warnings"]
        with sealing(database, tmp_path / "two.log"):
            until("the other stands by", database, STANDS_BY)
            service.stop(signal.SIGKILL)
            committed(database, "a", 2)
            until("the other seals", database, "SELECT size = 2 FROM ardoise.trees", SECONDS)
            is_whole(database, 2)
    finally:
        service.stop(signal.SIGKILL)


def test_a_seal_asked_to_stop_leaves_at_once(database: Database, tmp_path: Path) -> None:
    with sealing(database, tmp_path / "one.log") as one:
        until("it leads", database, LEADS)
        one.terminate()
        assert one.wait(5) == 0


def test_a_lag_that_nobody_works_off_is_a_warning(database: Database, tmp_path: Path) -> None:
    served = {"ARDOISE_DATABASE_URL": url_of(database), "ARDOISE_DEVELOPMENT": "1"}
    with psycopg.connect(database.admin_url, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(1634886756, 2)")
        service = Service.start(tmp_path / "data", **served)
        try:
            committed(database, "a", 1)
            with psycopg.connect(database.admin_url) as admin:
                admin.execute("ALTER TABLE ardoise.entries DISABLE TRIGGER USER")
                admin.execute("UPDATE ardoise.entries SET recorded_at = recorded_at - interval '1 minute'")
                admin.execute("ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_never_changed")
                admin.execute("ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_announced")
            began = time.monotonic()
            with service.client() as http:
                while "seal_behind" not in http.get("/readyz").json()["warnings"]:
                    assert time.monotonic() - began < 10
                    time.sleep(0.1)
                metrics = http.get("/metrics").text
                assert 'ardoise_leads{work="seal"} 0.0' in metrics
                assert "ardoise_seal_lag_entries 1.0" in metrics
                holder.execute("SELECT pg_advisory_unlock_all()")
                while "seal_behind" in http.get("/readyz").json()["warnings"]:
                    assert time.monotonic() - began < 20
                    time.sleep(0.1)
                assert "ardoise_seal_lag_seconds 0.0" in http.get("/metrics").text
        finally:
            service.stop(signal.SIGKILL)
