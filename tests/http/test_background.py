"""What runs beside the doors begins with the service, is seen, and leaves nothing behind when it stops."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.http.world import made, world_on
from tests.servers import Database

OURS = ("ardoise-seal", "ardoise-follower", "ardoise-drift", "ardoise-checkpoints", "ardoise-watch")

LEFT = """
    SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name = ANY (%s)
"""


def wait_for(what: str, is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    """Until it is so."""
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.05)


def running() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & set(OURS)


def test_a_service_that_stops_leaves_neither_a_thread_nor_a_connection(database: Database, tmp_path: Path) -> None:
    before = running()
    with world_on(database, tmp_path):
        assert set(OURS) <= running()
    assert running() == before
    give_up_at = time.monotonic() + 5
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        while (left := admin.execute(LEFT, (list(OURS),)).fetchall()) and time.monotonic() < give_up_at:
            time.sleep(0.05)
    assert left == []


def test_a_service_that_cannot_sign_when_it_stops_says_why_and_closes_everything(
    database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        with world_on(database, tmp_path) as world:
            world.adopt()
            made(world.agent.post("/households"))
            wait_for("sealed", lambda: admin.execute("SELECT arrival FROM ardoise.settled").fetchone() == (2,))
            admin.execute("SELECT setval('ardoise.arrivals', 1)")
        anybody = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
        wait_for("closed", lambda: admin.execute(anybody, (admin.info.backend_pid,)).fetchall() == [])
    written = "".join(capfd.readouterr()) + caplog.text  # wherever logs go by now
    assert any("unsigned" in line and "ardoise.arrivals is at 1" in line for line in written.splitlines())


def test_what_was_written_over_http_is_sealed_and_counted(database: Database, tmp_path: Path) -> None:
    with world_on(database, tmp_path) as world:
        world.adopt()
        made(world.agent.post("/households"))
        give_up_at = time.monotonic() + 20
        while "ardoise_sealed_entries_total 2.0" not in (metrics := world.http.get("/metrics").text):
            assert time.monotonic() < give_up_at, metrics
            time.sleep(0.05)
        assert 'ardoise_leads{work="seal"} 1.0' in metrics
        assert made(world.http.get("/readyz"), 200)["status"] == "ready"
    with psycopg.connect(database.admin_url) as admin:
        rows = admin.execute("SELECT position, arrival FROM ardoise.seals ORDER BY position").fetchall()
    assert rows == [(1, 1), (2, 2)]
