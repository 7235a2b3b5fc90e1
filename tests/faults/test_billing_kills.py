"""The job of the month killed at every point, by itself, by its processes and beside the doors: each titre once."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import orjson
import psycopg
import pytest
from psycopg.rows import TupleRow

from ledger.events import TitreIssued
from projections.billing.drafts import ask
from replay.billing.bill import Billed, bill_month
from replay.billing.issue import BILLING
from tests.billing_jobs import MONTH, TOWN, close_only, fill, issued, job_on, rows, wrong
from tests.faults.service import ARDOISE, Service, environment, gauge
from tests.servers import Cluster, Database, as_url

CHILDREN = 400
HOUSEHOLDS = 250
SECONDS = 60.0


@pytest.fixture(scope="module")
def month(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A month that nobody billed, to be copied."""
    with cluster.database(template.name) as made:
        fill(made, CHILDREN)
        yield made


@pytest.fixture(scope="module")
def twin(cluster: Cluster, month: Database) -> Iterator[list[TitreIssued]]:
    """The titres of the same month closed by somebody whom nothing disturbed."""
    with cluster.database(month.name) as made, job_on(made, now=datetime.now(UTC)) as job:
        assert bill_month(job, MONTH, close=True).refused is None
        yield issued(made)


@pytest.fixture
def town(cluster: Cluster, month: Database) -> Iterator[Database]:
    """A month that nobody billed."""
    with cluster.database(month.name) as made:
        yield made


def env_of(database: Database, directory: Path) -> dict[str, str]:
    return environment(
        directory,
        ARDOISE_DATABASE_URL=as_url(database.service_url),
        ARDOISE_OWNER_URL=as_url(database.owner_url),
        ARDOISE_DEVELOPMENT="1",
        ARDOISE_ORIGIN="tests.example",
    )


def closing(database: Database, directory: Path, processes: int = 1) -> "subprocess.Popen[bytes]":
    """`ardoise bill --close`, in a process of its own."""
    words = ("bill", MONTH, "--commune", TOWN, "--close", "--yes", "--json", "--processes", str(processes))
    return subprocess.Popen(
        [ARDOISE, *words],
        env=env_of(database, directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def until(what: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None) -> None:
    give_up_at = time.monotonic() + SECONDS
    while not what():
        if process is not None and process.poll() is not None:
            said = process.communicate()
            raise AssertionError(f"it ended before: {said}")
        assert time.monotonic() < give_up_at, "it never came"
        time.sleep(0.005)


def count(connection: psycopg.Connection[TupleRow], question: LiteralString) -> int:
    [(number,)] = connection.execute(question).fetchall()
    connection.commit()
    return int(number)


def done(process: "subprocess.Popen[bytes]") -> dict[str, object]:
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, (process.returncode, out, err)
    said: dict[str, object] = orjson.loads(out)
    return said


@contextlib.contextmanager
def held_at(database: Database, place: int) -> Iterator[Callable[[], bool]]:
    """The titres after so many wait: whoever issues them stops there. Says whether the others are all issued."""
    with psycopg.connect(database.admin_url) as holder, psycopg.connect(database.admin_url) as looks:
        key = f"titres {MONTH} {place} 50"
        holder.execute(
            "INSERT INTO ardoise.answers (commune, client, subject, key, fingerprint, command, status, headers, body,"
            " answered_at) VALUES (%s, %s, %s, %s, '', '', 0, '{}', '', now())",
            (TOWN, BILLING, BILLING, key),
        )
        yield lambda: count(looks, "SELECT count(*) FROM ardoise.titres") == place
        holder.rollback()


SLICES = "SELECT count(*) FROM ardoise.draft_slices WHERE done"


def test_a_job_killed_at_many_points_ends_as_one_that_nothing_disturbed(
    town: Database, twin: list[TitreIssued], tmp_path: Path
) -> None:
    with psycopg.connect(town.admin_url) as looks:
        points: list[Callable[[], bool]] = [
            lambda: count(looks, SLICES) >= 1,
            lambda: count(looks, "SELECT count(*) FROM ardoise.drafts WHERE state = 'ready'") == 1,
            lambda: count(looks, "SELECT count(*) FROM ardoise.closed_months") == 1,
        ]
        for point in points:
            process = closing(town, tmp_path)
            until(point, process)
            process.kill()
            process.communicate()
    with held_at(town, 150) as reached:
        process = closing(town, tmp_path)
        until(reached, process)
        process.kill()
        process.communicate()
    said = done(closing(town, tmp_path, processes=2))
    assert said["state"] == "closed"
    assert issued(town) == twin
    assert [each.titre[-6:] for each in twin] == [f"{number:06d}" for number in range(1, HOUSEHOLDS + 1)]
    assert wrong(town) == []
    assert rows(town, "SELECT count(*) AS left FROM ardoise.draft_bills") == [{"left": 0}]


def workers_of(pid: int) -> list[int]:
    """The processes that work for another."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"replay.billing.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_process_of_the_job_that_is_killed_stops_it_in_one_line_and_it_goes_on(
    town: Database, twin: list[TitreIssued], tmp_path: Path
) -> None:
    process = closing(town, tmp_path, processes=2)
    until(lambda: len(workers_of(process.pid)) == 2, process)
    victim, other = workers_of(process.pid)
    os.kill(victim, signal.SIGKILL)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert err.decode().count("\n") == 1
    assert "a process of the work was stopped: run it again" in err.decode()
    until(lambda: not Path(f"/proc/{other}").exists())
    done(closing(town, tmp_path, processes=2))
    assert issued(town) == twin


def test_processes_end_with_the_job_that_is_killed(town: Database, tmp_path: Path) -> None:
    process = closing(town, tmp_path, processes=2)
    until(lambda: len(workers_of(process.pid)) == 2, process)
    workers = workers_of(process.pid)
    process.kill()
    process.communicate()
    until(lambda: not any(Path(f"/proc/{each}").exists() for each in workers))


@contextlib.contextmanager
def serving(database: Database, directory: Path) -> Iterator[Service]:
    more = {name: value for name, value in env_of(database, directory).items() if name.startswith("ARDOISE_")}
    more.pop("ARDOISE_DATA")
    service = Service.start(directory / "data", **more)
    try:
        yield service
    finally:
        service.stop(signal.SIGKILL)


def asked_for(database: Database) -> None:
    with job_on(database) as job, psycopg.connect(database.admin_url) as connection:
        connection.execute("SET search_path = ardoise")
        question = ask(TOWN, MONTH, by=job.by, at=datetime.now(UTC))
        connection.execute(question.sql, question.values)


def close_on_the_draft(database: Database) -> None:
    """As somebody does who has looked at the draft."""
    [draft] = rows(database, "SELECT position, digest, summary FROM ardoise.drafts")
    with job_on(database, now=datetime.now(UTC)) as job:
        close_only(job, Billed(commune=TOWN, month=MONTH, closed=None, **draft))


def test_a_service_that_is_killed_is_followed_by_one_that_ends_its_draft_and_its_titres(
    town: Database, twin: list[TitreIssued], tmp_path: Path
) -> None:
    with psycopg.connect(town.admin_url) as looks:
        asked_for(town)
        with serving(town, tmp_path):
            until(lambda: count(looks, SLICES) >= 1)
        assert rows(town, "SELECT state FROM ardoise.drafts") == [{"state": "running"}]
        with held_at(town, 100) as reached, serving(town, tmp_path):
            until(lambda: count(looks, "SELECT count(*) FROM ardoise.drafts WHERE state = 'ready'") == 1)
            close_on_the_draft(town)
            until(reached)
        with serving(town, tmp_path) as service:
            until(lambda: count(looks, "SELECT count(*) FROM ardoise.titres") == HOUSEHOLDS)
            until(lambda: gauge(service, "ardoise_billing_waiting") == 0.0)
    assert issued(town) == twin
    assert wrong(town) == []


def test_the_terminal_and_a_service_close_the_same_month_at_once(
    town: Database, twin: list[TitreIssued], tmp_path: Path
) -> None:
    asked_for(town)
    with serving(town, tmp_path):
        first, second = closing(town, tmp_path), closing(town, tmp_path)
        said = [done(first), done(second)]
    assert said[0]["closed"] == said[1]["closed"]
    assert issued(town) == twin
    assert wrong(town) == []
