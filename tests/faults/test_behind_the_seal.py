"""While the service runs: rows that somebody changed are found, pages that cannot be followed are set aside."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from ledger.codec import Codec
from ledger.events import AttendanceRecorded
from tests.faults.service import ARDOISE, TOWN, Load, Service, admin_url, environment, gauge
from tests.http.world import made

SECONDS = 60.0
LATER = (date.today() + timedelta(days=200)).isoformat()  # noqa: DTZ011 - any day ahead


@pytest.fixture
def service(data: Path) -> Iterator[Service]:
    running = Service.start(data, ARDOISE_DRIFT_PERCENT="50")
    try:
        yield running
    finally:
        running.stop(signal.SIGKILL)


def superuser(service: Service) -> "psycopg.Connection[Any]":
    """Somebody who may do anything."""
    return psycopg.connect(admin_url(service.data), autocommit=True)


@contextlib.contextmanager
def unguarded(connection: "psycopg.Connection[Any]") -> Iterator[None]:
    """The lines may be changed for a moment."""
    guard = "TRIGGER entries_are_never_changed"
    connection.execute(f"ALTER TABLE ardoise.entries DISABLE {guard}")
    try:
        yield
    finally:
        connection.execute(f"ALTER TABLE ardoise.entries ENABLE ALWAYS {guard}")


def until(what: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < give_up_at, "it never came"
        time.sleep(0.1)


def warnings(service: Service) -> list[str]:
    said = service.get("/readyz")
    assert said.status_code == 200, "the service is ready all the same"
    found: list[str] = said.json().get("warnings", [])
    return found


def asked(service: Service, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """What a command of the terminal answered: its status, and a row a line."""
    ran = subprocess.run(
        [ARDOISE, *arguments], env=environment(service.data), capture_output=True, text=True, timeout=60, check=False
    )
    assert "ardoise: " not in ran.stderr, ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, [orjson.loads(line) for line in ran.stdout.splitlines()]


def followed(service: Service) -> bool:
    with psycopg.connect(admin_url(service.data)) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM ardoise.entries), (SELECT sum(size) FROM ardoise.trees),"
            " (SELECT sum(position) FROM ardoise.followed)"
        ).fetchone()
    return row is not None and row[0] == row[1] == row[2]


def booked(service: Service, children: list[str], demandes: int, first_day: int = 1) -> Load:
    load = Load(service, children, first_day)
    with load.running():
        load.until(demandes)
    return load


def test_a_changed_row_is_found_shown_and_said_no_more_once_it_is_right_again(service: Service) -> None:
    children = service.settle()
    booked(service, children, 20)
    until(lambda: followed(service))
    until(lambda: (gauge(service, "ardoise_drift_checked_total") or 0) > 0)
    assert gauge(service, "ardoise_drift_rows") == 0
    assert warnings(service) == []
    assert asked(service, "drift", "--json") == (0, [])
    with superuser(service) as connection:
        [number] = connection.execute("SELECT min(number) FROM ardoise.demandes").fetchone() or (0,)
        connection.execute("UPDATE ardoise.demandes SET status = 'retiree' WHERE number = %s", (number,))
        until(lambda: "rows_drifted" in warnings(service))
        assert gauge(service, "ardoise_drift_rows") == 1
        status, [row] = asked(service, "drift", TOWN, "--json")
        assert (status, row["what"], row["place"]) == (1, "row_differs", f"demandes {number}")
        connection.execute("UPDATE ardoise.demandes SET status = 'traitee_positivement' WHERE number = %s", (number,))
        until(lambda: warnings(service) == [])
    assert gauge(service, "ardoise_drift_rows") == 0
    assert asked(service, "drift", "--json") == (0, [])


def test_places_that_are_counted_wrong_are_found_when_nothing_is_on_its_way(service: Service) -> None:
    children = service.settle()
    booked(service, children, 10)
    with superuser(service) as connection:
        connection.execute("UPDATE ardoise.places SET taken = taken + 1")
    until(lambda: "rows_drifted" in warnings(service))
    _, rows = asked(service, "drift", "--json")
    assert {row["what"] for row in rows} == {"places_differ"}


def test_a_page_that_cannot_be_followed_is_set_aside_while_others_go_on_and_comes_back(service: Service) -> None:
    children = service.settle()
    booked(service, children, 20)
    until(lambda: followed(service))
    page = f"child/{TOWN}/{children[0]}"
    with superuser(service) as connection:
        # A line of a newer code, written by hand: what the service finds once the next line of the page is sealed.
        [version, stored] = connection.execute(
            "SELECT version, stored FROM ardoise.entries WHERE stream = %s ORDER BY version DESC LIMIT 1", (page,)
        ).fetchone() or (0, b"")
        said = orjson.loads(stored) | {"type": "of_tomorrow.v1", "version": version + 1}
        connection.execute(
            "INSERT INTO ardoise.entries SELECT commune, stream, version + 1, 'of_tomorrow.v1', recorded_at, %s,"
            " sha256(%s) FROM ardoise.entries WHERE stream = %s AND version = %s",
            (orjson.dumps(said), orjson.dumps(said), page, version),
        )
        until(lambda: "pages_parked" in warnings(service))
        until(lambda: followed(service))
        assert gauge(service, "ardoise_parked_pages") == 1
        assert gauge(service, "ardoise_follower_lag_entries") == 0
        status, [row] = asked(service, "parked", "--json")
        assert (status, row["stream"], row["line"], row["error"]) == (1, page, version + 1, "UnknownFactError")
        with service.client() as http:
            body = {"child": children[1], "activity": "accueil", "reserve": [{"day": LATER, "unit": "repas"}]}
            made(service.who(http, "guardian", "parent-1").post("/demandes", body))
        until(lambda: followed(service))
        of_the_other = "SELECT count(*) FROM ardoise.demande_versions WHERE first_day = %s"
        assert connection.execute(of_the_other, (LATER,)).fetchone() == (2,), "asked, and agreed to by the rule"
        status, [row] = asked(service, "parked", "--retry", "--json")
        assert status == 1
        assert row["tries"] > 1
        entry = _attendance(connection, page, version)
        with unguarded(connection):
            connection.execute(
                "UPDATE ardoise.entries SET stored = s, digest = sha256(s) FROM (SELECT %s::bytea AS s) AS new"
                " WHERE stream = %s AND version = %s",
                (entry, page, version + 1),
            )
        # Sealed as it was written by hand; no trigger lets a seal be changed either.
        connection.execute("ALTER TABLE ardoise.seals DISABLE TRIGGER seals_are_never_changed")
        connection.execute(
            "UPDATE ardoise.seals SET leaf = sha256('\\x00'::bytea || %s) WHERE stream = %s AND line = %s",
            (entry, page, version + 1),
        )
        connection.execute("ALTER TABLE ardoise.seals ENABLE ALWAYS TRIGGER seals_are_never_changed")
        assert asked(service, "parked", "--retry", "--json") == (0, [])
        until(lambda: "pages_parked" not in warnings(service))


def _attendance(connection: psycopg.Connection[Any], page: str, version: int) -> bytes:
    """The next line of a page as this code writes them."""
    [stored, day] = connection.execute(
        "SELECT stored, (SELECT min(day) FROM ardoise.calendar_days WHERE child = split_part(%s, '/', 3))"
        " FROM ardoise.entries WHERE stream = %s AND version = %s",
        (page, page, version),
    ).fetchone() or (b"", None)
    before = Codec().read(stored)
    fact = AttendanceRecorded(activity="accueil", unit="repas", day=day, presence="present")  # type: ignore[arg-type]
    return (
        Codec()
        .write(fact, stream=before.stream, version=version + 1, previous=before.digest, signature=before.signature)
        .stored
    )


def test_a_follower_that_is_killed_again_and_again_skips_nothing_and_repeats_nothing(data: Path) -> None:
    service = Service.start(data)
    children = service.settle()
    for kill in range(3):
        booked(service, children, 40, first_day=1 + 300 * kill)
        service.stop(signal.SIGKILL)
        service = Service.start(data)
    try:
        until(lambda: followed(service))
        with psycopg.connect(admin_url(data)) as connection:
            rows = connection.execute(
                "SELECT (SELECT count(*) FROM ardoise.demande_versions WHERE known_until = 'infinity'),"
                " (SELECT count(*) FROM ardoise.demandes), (SELECT sum(delta) FROM ardoise.place_changes),"
                " (SELECT sum(taken) FROM ardoise.places)"
            ).fetchone()
        assert rows is not None
        assert rows[0] == rows[1] >= 120
        assert rows[2] == rows[3]
    finally:
        service.stop(signal.SIGKILL)
