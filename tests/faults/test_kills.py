"""Whatever is killed, what was acknowledged is there, exactly once."""

import os
import signal
import time
from pathlib import Path

import psycopg

from ledger.embedded import Server
from tests.faults.service import Load, Sent, admin_url, complaints, nobody_left, postmaster, served


def test_a_service_killed_under_load_loses_nothing_and_repeats_nothing(data: Path) -> None:
    sent: list[Sent] = []
    children: list[str] = []
    for _ in range(3):
        with served(data) as service:
            children = children or service.settle()
            load = Load(service, children, first_day=len(sent) + 1)
            with load.running():
                load.until(60)
                service.stop(signal.SIGKILL)
            sent += load.sent
            assert load.unexplained == []
    with served(data) as service:
        assert complaints(service, sent) == []


def test_a_database_killed_under_load_loses_nothing_and_the_service_recovers_by_itself(data: Path) -> None:
    with served(data) as service:
        load = Load(service, service.settle())
        database = Server(data)
        with load.running():
            for round_ in range(1, 4):
                load.until(60 * round_)
                os.kill(postmaster(data), signal.SIGKILL)
                nobody_left(data)
                time.sleep(0.3)
                database.start()
                database.leave()
            load.until(240)
        assert load.unexplained == []
        assert load.statuses[503] > 0, "families were told to come back meanwhile"
        assert set(load.statuses) <= {201, 503}
        assert complaints(service, load.sent) == []


def test_a_database_restarted_by_hand_is_found_again(data: Path) -> None:
    with served(data) as service:
        load = Load(service, service.settle())
        with load.running():
            load.until(40)
            before = postmaster(data)
            os.kill(before, signal.SIGINT)
            nobody_left(data)
            database = Server(data)
            database.start()
            database.leave()
            assert postmaster(data) != before
            load.until(80)
        assert load.unexplained == []
        assert complaints(service, load.sent) == []


def test_connections_that_died_cost_one_refused_request_and_not_one_each(data: Path) -> None:
    with served(data) as service:
        child = service.settle()[0]
        with psycopg.connect(admin_url(data), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ardoise-%'"
            )
        with service.client() as http:
            agent = service.who(http, "agent", "agent-1")
            assert agent.get(f"/children/{child}").status_code == 503
            time.sleep(1)
            assert [agent.get(f"/children/{child}").status_code for _ in range(20)] == [200] * 20
            assert [agent.post("/households").status_code for _ in range(20)] == [201] * 20


def test_the_checks_see_a_loss_when_commits_are_not_waited_for(data: Path) -> None:
    """The positive control: the same kill, on a database that acknowledges before it has written."""
    with served(data) as service:
        children = service.settle()
        with psycopg.connect(admin_url(data), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            connection.execute("ALTER DATABASE ardoise SET synchronous_commit = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ardoise-%'"
            )
        load = Load(service, children)
        with load.running():
            load.until(60)
            os.kill(postmaster(data), signal.SIGKILL)
            nobody_left(data)
    database = Server(data)
    database.start()
    with psycopg.connect(admin_url(data)) as connection:
        connection.execute("ALTER DATABASE ardoise RESET ALL")
    database.leave()
    with served(data) as service:
        found = complaints(service, load.sent)
    assert any("lost" in complaint for complaint in found), found


HARMS = {
    "UPDATE ardoise.places SET taken = taken + 1": "places do not add up",
    "DELETE FROM ardoise.calendar_days": "'calendar': 0",
    "DELETE FROM ardoise.answers WHERE key IN (SELECT key FROM ardoise.answers WHERE body LIKE '%reserve%' LIMIT 1)": (
        "answered 409"
    ),
    "UPDATE ardoise.entries SET digest = sha256('x') WHERE version = 3 AND stream LIKE 'child/%'": "digest",
    "DELETE FROM ardoise.entries WHERE version = 4": "broken",
}
"""What a superuser may do, and what must be complained of."""


def test_the_checks_see_what_a_superuser_does(data: Path) -> None:
    with served(data) as service:
        load = Load(service, service.settle())
        with load.running():
            load.until(20)
        assert complaints(service, load.sent) == []
        for harm, said in HARMS.items():
            with psycopg.connect(admin_url(data)) as connection:
                connection.execute("ALTER TABLE ardoise.entries DISABLE TRIGGER USER")
                connection.execute(harm.encode())
            assert any(said in complaint for complaint in complaints(service, load.sent)), harm
