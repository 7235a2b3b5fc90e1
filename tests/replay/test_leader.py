"""Who leads says what stopped it and when it leads no more, and never keeps a service from ending."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psycopg
import pytest
from prometheus_client import Metric
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.background import Background, leader_conninfo
from ledger.settings import Settings
from replay.leader import SEAL_LOCK, Connection, Leader, Step
from tests.servers import Database


def until(what: str, is_so: Callable[[], bool]) -> None:
    """Waits until it is so."""
    give_up_at = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.01)


def way_in(database: Database) -> str:
    return leader_conninfo(database.service_url, Settings(), "test")


def test_who_no_longer_leads_is_told(database: Database) -> None:
    told: list[str] = []

    def begin() -> Step:
        told.append("begin")
        return alive

    one = Leader("test", SEAL_LOCK, way_in(database), begin, end=lambda: told.append("end"))
    standby = Leader("test", SEAL_LOCK, way_in(database), begin, end=lambda: told.append("never led"))
    one.start()
    try:
        until("it leads", lambda: one.leads)
        standby.start()
        time.sleep(0.3)
        standby.stop()
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'ardoise-test' AND datname = current_database()"
            )
        until("it leads again", lambda: told == ["begin", "end", "begin"])
    finally:
        one.stop()
    assert told == ["begin", "end", "begin", "end"]


def test_what_stops_a_step_is_logged_with_its_place_and_without_its_words(
    database: Database, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()

    def step(_: Connection) -> float:
        failed.set()
        raise KeyError("somebody's name")

    one = Leader("test", SEAL_LOCK, way_in(database), lambda: step)
    one.start()
    assert failed.wait(10)
    one.stop()
    written = "".join(capfd.readouterr()) + caplog.text
    assert "interrupted" in written
    assert "test_leader.py:" in written
    assert "somebody's name" not in written


def test_a_step_that_cannot_be_cut_short_does_not_keep_a_service_from_stopping(
    database: Database, tmp_path: Path
) -> None:
    """Its server is not to be reached any more when the process stops: the way in was taken away."""
    parts = conninfo_to_dict(way_in(database))
    way = tmp_path / "way"
    way.symlink_to(parts["host"])  # type: ignore[arg-type]
    one = Leader("test", SEAL_LOCK, make_conninfo(way_in(database), host=str(way)), lambda: slow)
    one.start()
    until("it leads", lambda: one.leads)
    way.unlink()
    one.stop()


def alive(connection: Connection) -> float:
    """A step that notices when its connection is gone."""
    connection.execute("SELECT 1")
    return 0.01


def slow(connection: Connection) -> float:
    """A statement longer than the patience of who stops."""
    connection.execute("SELECT pg_sleep(4)")
    return 0.0


class Forgetful:
    """A watch that fails once, as no database does."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def sample(self, _: Connection) -> None:
        self.told.append("sample")
        if len(self.told) == 2:
            raise KeyError("gone")

    def forget(self) -> None:
        self.told.append("forget")

    def warnings(self) -> Sequence[str]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return ()


def test_a_watch_that_fails_is_asked_again_and_its_gauges_are_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.background.SAMPLED_SECONDS", 0.01)
    watch = Forgetful()
    beside = Background(way_in(database), leaders=[], watches=[watch])
    beside.start()
    try:
        until("it is asked again", lambda: len(watch.told) > 4)
    finally:
        beside.stop()
    assert watch.told[:4] == ["sample", "sample", "forget", "sample"]
