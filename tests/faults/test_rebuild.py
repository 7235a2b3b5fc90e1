"""A rebuild while families book, and a rebuild that is killed: nothing is lost, and nobody sees half of it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from benchmarks.generated import TOWN as SCHOOLS
from benchmarks.generated import fill
from ledger.database import service_conninfo
from ledger.embedded import OWNER
from ledger.entry import Entry
from ledger.rows import Put
from ledger.settings import Settings
from projections.models import READ_MODELS
from replay.folding import Folding, Step
from replay.rebuilding.rebuild import Watching
from replay.rebuilding.rebuild import served as served_versions
from replay.rebuilding.state import alone, connect
from tests.faults.service import (
    ARDOISE,
    FAMILIES,
    TOWN,
    Load,
    Service,
    admin_url,
    complaints,
    environment,
    gauge,
    served,
)
from tests.http.world import Who, made
from tests.replay.rebuilding import ALL, count, crowd, digests, findings, live, rebuild, story_in
from tests.servers import Database, as_url
from tests.town import VALMONT

SECONDS = 60.0


def until(what: Callable[[], bool], every_seconds: float = 0.05) -> None:
    give_up_at = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < give_up_at, "it never came"
        time.sleep(every_seconds)


def of(database: Database) -> dict[str, str]:
    """The environment of an operator of this database: no key is wanted, since nothing is served."""
    urls = {"ARDOISE_DATABASE_URL": as_url(database.service_url), "ARDOISE_OWNER_URL": as_url(database.owner_url)}
    return environment(Path("nothing"), **urls)


def started(env: dict[str, str], *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [ARDOISE, "rebuild", *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[bytes]") -> bool:
    """False while it runs; it must not end by itself."""
    assert process.poll() is None, process.communicate()
    return False


def said(process: "subprocess.Popen[bytes]") -> Any:
    """The report of a rebuild that ended well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()[-2000:]
    return orjson.loads(out)


def done(connection: "psycopg.Connection[Any]") -> tuple[int, int]:
    """Chunks that are done, and chunks that there are."""
    if connection.execute("SELECT to_regclass('rebuild.chunks')").fetchone() == (None,):
        return 0, 0
    row = connection.execute("SELECT count(*) FILTER (WHERE done), count(*) FROM rebuild.chunks").fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def until_begun(database: Database, process: "subprocess.Popen[bytes]") -> None:
    """Waits until a chunk is done, and looks often: the others are done soon after."""
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        until(lambda: done(connection)[0] >= 1 or ended(process), every_seconds=0.002)


def children_of(pid: int) -> list[int]:
    """The processes a process started."""
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers_of(process: "subprocess.Popen[bytes]") -> list[int]:
    return [
        pid
        for pid in children_of(process.pid)
        if b"replay.rebuilding.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


@pytest.fixture(scope="module")
def big(module_database: Database) -> Database:
    """A town that lives, beside one with a school year of meals, whose rows were made once."""
    with story_in(module_database) as story:
        live(story)
    with psycopg.connect(service_conninfo(module_database.service_url, Settings()), autocommit=True) as service:
        fill(service, 20_000)
    report = rebuild(module_database.owner_url, ALL)
    assert report.differences > 15_000
    assert [row.table for row in report.tables if row.table == "places" and row.differences.count] == []
    return module_database


@pytest.fixture
def crowded(big: Database) -> Iterator[Database]:
    yield big
    assert [finding for town in (VALMONT, SCHOOLS) for finding in findings(big, town)] == []


@pytest.mark.parametrize("whom", ["parent", "worker"])
def test_a_rebuild_killed_half_way_is_taken_up_where_it_stopped(crowded: Database, whom: str) -> None:
    before = digests(crowded)
    lines = count(crowded, "ardoise.entries")
    process = started(of(crowded), "--all", "--processes", "2", "--json")
    until_begun(crowded, process)
    workers = workers_of(process)
    assert len(workers) == 2
    if whom == "worker":
        os.kill(workers[0], signal.SIGSTOP)  # nobody waits for the others
    os.kill(process.pid if whom == "parent" else workers[1], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if whom == "parent" else 2), err
    if whom == "worker":
        assert b"it goes on where it was" in err
    until(lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in workers))
    with psycopg.connect(crowded.admin_url) as connection:
        finished, chunks = done(connection)
    assert 0 < finished < chunks, "it was killed in the middle"
    assert digests(crowded) == before, "the old rows are served"
    report = said(started(of(crowded), "--all", "--processes", "2", "--json"))
    assert report["resumed"]
    assert 0 < report["lines_before"] < lines
    assert report["lines"] + report["lines_before"] == lines
    assert (report["swapped"], report["differences"]) == (True, 0)
    assert digests(crowded) == before


def test_what_was_written_since_the_kill_is_there_and_another_set_of_models_starts_anew(crowded: Database) -> None:
    process = started(of(crowded), "--all", "--processes", "1")
    until_begun(crowded, process)
    process.kill()
    process.communicate()
    with story_in(crowded) as story:
        crowd(story, 100, start=1_000_000)
    calendar = said(started(of(crowded), "calendar", "--check", "--json"))
    assert not calendar["resumed"]
    report = said(started(of(crowded), "--all", "--json"))
    assert not report["resumed"], "the check of another model began anew"
    process = started(of(crowded), "--all", "--processes", "1")
    until_begun(crowded, process)
    process.kill()
    process.communicate()
    with story_in(crowded) as story:
        crowd(story, 100, start=2_000_000)
    report = said(started(of(crowded), "--all", "--json"))
    assert (report["resumed"], report["caught_up"], report["differences"]) == (True, 100, 0)
    assert not said(started(of(crowded), "--all", "--fresh", "--json"))["resumed"]


def test_two_rebuilds_do_not_run_at_once(database: Database) -> None:
    with connect(database.owner_url) as first, alone(first):
        process = started(of(database), "--all")
        _, err = process.communicate(timeout=120)
        assert (process.returncode, b"another rebuild is running" in err) == (2, True), err
    assert said(started(of(database), "--all", "--json"))["swapped"]


@dataclass
class Careful(Load):
    """Families that look for what they were just acknowledged."""

    lost: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0

    def _send(self, parent: Who, key: str, body: dict[str, Any]) -> bytes | None:
        time.sleep(0.25)  # nobody books more than the year that can be looked at in one question
        begun = time.perf_counter()
        answer = super()._send(parent, key, body)
        self.slowest_seconds = max(self.slowest_seconds, time.perf_counter() - begun)
        if answer is not None and not self.stopped:
            number = orjson.loads(answer)["demandes"][0]["number"]
            self._look(parent, f"/demandes/{number}", lambda found: found["number"] == number)
            day = body["reserve"][0]["day"]
            self._look(
                parent,
                f"/children/{body['child']}/calendar?from={day}&to={day}",
                lambda found: any(box["demande"] == number for box in found["days"]),
            )
        return answer

    def _look(self, parent: Who, path: str, right: Callable[[Any], bool]) -> None:
        path, _, asked = path.partition("?")
        found = parent.send("GET", path, **dict(pair.split("=") for pair in asked.split("&") if pair))
        if found.status_code >= 500:
            self.failed.append(f"{path}: {found.status_code} {found.text}")
        elif found.status_code != 200 or not right(found.json()):
            self.lost.append(f"{path}: {found.status_code} {found.text[:200]}")


def test_families_who_book_and_look_meanwhile_lose_nothing_and_see_no_error(data: Path) -> None:
    reports = []
    with served(data) as service:
        load = Careful(service, service.settle())
        with load.running():
            load.until(60)
            for processes in ("1", "2", "2"):
                reports.append(said(started(environment(data), "--all", "--processes", processes, "--json")))
                load.until(load.acknowledged() + 30)
        assert set(load.statuses) == {201}, load.statuses
        assert (load.lost, load.failed, load.unexplained) == ([], [], [])
        differing = [row for report in reports for row in report["tables"] if any(row["differences"]["first"])]
        assert differing == []
        assert complaints(service, load.sent) == []
        assert max(report["writers_waited_ms"] for report in reports) < 2_000
        _verified(service)


def _verified(service: Service) -> None:
    def followed() -> bool:
        with psycopg.connect(admin_url(service.data)) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM ardoise.entries), (SELECT sum(position) FROM ardoise.followed),"
                " (SELECT count(*) FROM ardoise.parked)"
            ).fetchone()
        return row is not None and row[0] == row[1] and row[2] == 0

    until(followed)
    ran = subprocess.run(
        [ARDOISE, "verify", TOWN],
        env=environment(service.data),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, "no difference" in ran.stdout) == (0, True), ran.stdout + ran.stderr
    report = said(started(environment(service.data), "past", "--check", "--json"))
    assert report["differences"] == 0, report
    assert sum(row["rows"] for row in report["tables"]) > FAMILIES
    assert service.get("/readyz").json().get("warnings", []) == []


def warnings(service: Service) -> list[str]:
    return list(service.get("/readyz").json().get("warnings", []))


def test_a_read_model_with_another_version_is_served_and_warned_of_until_it_is_rebuilt(data: Path) -> None:
    with served(data) as service:
        service.settle()
        with psycopg.connect(admin_url(data), autocommit=True) as superuser:
            superuser.execute("INSERT INTO ardoise.read_models VALUES ('families', 7, now())")
        until(lambda: warnings(service) == ["read_model_old"])
        ran = subprocess.run(
            [ARDOISE, "rebuild", "--status", "--json"],
            env=environment(data),
            capture_output=True,
            check=True,
            timeout=60,
        )
        status = {row["model"]: row for row in orjson.loads(ran.stdout)["read_models"]}
        assert status["families"] == {"model": "families", "served": 7, "wanted": 1, "old": True}
        assert [name for name, row in status.items() if row["old"]] == ["families"]
        said(started(environment(data), "families", "--json"))
        until(lambda: warnings(service) == [])


def test_the_old_rows_are_served_by_another_process_until_the_new_ones_are_ready(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new version says `paper` where the old one says who asked."""
    take = Folding.take

    def taken(folding: Folding, entry: Entry) -> Step:
        step = take(folding, entry)
        changes = [
            replace(change, row={**change.row, "origin": "paper"})
            if isinstance(change, Put) and change.table == "demandes"
            else change
            for change in step.changes
        ]
        return step._replace(changes=tuple(changes))

    seen: list[str] = []

    def origin() -> str:
        with service.client() as http:
            [demande] = service.who(http, "agent", "agent-1").get("/demandes", child=child).json()["demandes"]
        return str(demande["origin"])

    with served(data, ARDOISE_DRIFT_PERCENT="50") as service:
        child = service.settle()[0]
        with service.client() as http:
            day = (date.today() + timedelta(days=40)).isoformat()  # noqa: DTZ011 - any day ahead
            made(service.who(http, "guardian", "parent-0").ask(child, "accueil", day, unit="repas"))
        old = origin()
        monkeypatch.setitem(READ_MODELS, "demandes", replace(READ_MODELS["demandes"], version=2))
        monkeypatch.setattr(Folding, "take", taken)
        owner = admin_url(data).replace("postgres@", f"{OWNER}@")
        report = rebuild(owner, ["demandes"], watching=Watching(say=lambda _: seen.append(origin())))
        assert set(seen) == {old} != {"paper"}
        assert len(seen) > 3
        assert report.differences == 1
        assert origin() == "paper"
        with psycopg.connect(owner) as connection:
            assert served_versions(connection)["demandes"] == 2
        until(lambda: warnings(service) == ["read_model_old"])
        # At least half of what the drift watch looks at is its round of all pages.
        with psycopg.connect(owner) as connection:
            pages = connection.execute("SELECT count(DISTINCT stream) FROM ardoise.entries").fetchone() or (0,)
        rounds = (gauge(service, "ardoise_drift_checked_total") or 0.0) + 3 * pages[0]
        until(lambda: (gauge(service, "ardoise_drift_checked_total") or 0.0) >= rounds)
        assert gauge(service, "ardoise_drift_rows") == 0.0, "they are of another version, and nobody altered them"
        assert warnings(service) == ["read_model_old"]
