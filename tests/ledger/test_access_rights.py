"""What PostgreSQL refuses of the access log by itself: changes, other towns, a purge that comes too soon."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from api.access import Line, statements
from ledger.database import service_conninfo
from ledger.identifiers import Commune
from ledger.settings import Settings
from projections.reads import reads
from tests.servers import Database

TOWN, OTHER = Commune("valmont"), Commune("autreville")
NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=800)
TABLES = ("reads", "seen")


def line(commune: Commune = TOWN, *about: str, at: datetime = OLD) -> Line:
    return Line(
        commune=commune,
        line=uuid4(),
        read_at=at,
        actor="agent-1",
        role="agent",
        client="portal",
        operation="GET /children/{child}",
        purpose="family_management",
        about=about or ("child-1",),
        correlation=uuid4().hex,
    )


def keep(connection: psycopg.Connection, *lines: Line) -> None:
    with connection.transaction():
        for statement, values in statements(lines):
            connection.execute(statement, values)


def settle_in(connection: psycopg.Connection, town: str) -> None:
    connection.execute("SELECT set_config('ardoise.commune', %s, false)", (town,))


def purge(connection: psycopg.Connection, before: datetime, most: int = 2_000, town: str = TOWN) -> int:
    row = connection.execute("SELECT access.purge(%s, %s, %s)", (town, before, most)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def app(database: Database) -> Iterator[psycopg.Connection]:
    """The service, on a connection of its own, with a line of each of two towns."""
    with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
        keep(connection, line(), line(OTHER))
        yield connection


@pytest.fixture
def admin(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def auditor(app: psycopg.Connection, database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("SET ROLE ardoise_auditor")
        yield connection


def counted(connection: psycopg.Connection, table: str = "reads") -> int:
    row = connection.execute(f"SELECT count(*) FROM access.{table}").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE access.{} SET line = line", "DELETE FROM access.{}", "TRUNCATE access.{}"])
def test_neither_the_service_nor_the_auditor_may_change_a_line(app, auditor, table: str, change: str):
    for connection in (app, auditor):
        settle_in(connection, TOWN)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.format(table))


def test_the_auditor_reads_the_log_and_adds_a_line_through_one_function_alone(app, auditor):
    settle_in(auditor, TOWN)
    assert counted(auditor) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        keep(auditor, line())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        purge(auditor, OLD + timedelta(days=1))
    note = "SELECT access.note(%s, %s, 'dpo', 'ardoise who-read', 'audit', %s, 'trace')"
    auditor.execute(note, (TOWN, uuid4(), ["child-1", "child-1"]))
    settle_in(auditor, TOWN)
    found = auditor.execute("SELECT role, client, about FROM access.reads WHERE actor = 'dpo'").fetchall()
    assert found == [("auditor", "ardoise-cli", ["child-1", "child-1"])]
    assert counted(auditor, "seen") == 2


def test_the_service_writes_as_itself_and_not_through_the_auditor_s_function(app):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT access.note(%s, %s, 'x', 'x', 'x', %s, 'x')", (TOWN, uuid4(), ["x"]))


@pytest.mark.parametrize("table", TABLES)
def test_a_town_sees_its_own_lines_and_without_a_town_nobody_sees_any(app, database: Database, table: str):
    for town in (TOWN, OTHER):
        settle_in(app, town)
        rows = app.execute(f"SELECT DISTINCT commune FROM access.{table}").fetchall()
        assert rows == [(town,)]
    for url in (database.service_url, database.owner_url):
        with psycopg.connect(url, autocommit=True) as nowhere:
            if url == database.service_url:
                nowhere.execute("SET ROLE ardoise_app")
            assert counted(nowhere, table) == 0


def test_a_line_of_another_town_cannot_be_written(app):
    settle_in(app, TOWN)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        app.execute("INSERT INTO access.seen VALUES (%s, 'x', now(), %s)", (OTHER, uuid4()))


def test_a_line_that_is_sent_again_is_kept_once(app):
    twice = line(TOWN, "child-1", "child-2")
    keep(app, twice)
    keep(app, twice)
    settle_in(app, TOWN)
    assert (counted(app), counted(app, "seen")) == (2, 3)


def test_a_purge_takes_the_old_lines_of_one_town_with_whom_they_are_about(app, admin):
    keep(app, line(TOWN, "a", "b", "c"), line(TOWN, "a", at=NOW), line(OTHER, "a"))
    assert purge(app, OLD + timedelta(days=1)) == 2
    assert purge(app, OLD + timedelta(days=1)) == 0
    left = admin.execute("SELECT commune, about FROM access.reads ORDER BY commune, about").fetchall()
    assert left == [(OTHER, ["a"]), (OTHER, ["child-1"]), (TOWN, ["a"])]
    seen = admin.execute("SELECT commune, person FROM access.seen ORDER BY commune, person").fetchall()
    assert seen == [(OTHER, "a"), (OTHER, "child-1"), (TOWN, "a")]


def test_a_purge_goes_by_steps_the_oldest_first(app, admin):
    keep(app, *(line(at=OLD - timedelta(days=day)) for day in range(1, 5)))
    assert purge(app, OLD + timedelta(days=1), 2) == 2
    rows = admin.execute("SELECT read_at FROM access.reads WHERE commune = %s ORDER BY read_at", (TOWN,)).fetchall()
    assert rows == [(OLD - timedelta(days=2),), (OLD - timedelta(days=1),), (OLD,)]


@pytest.mark.parametrize("days", [-1, 0, 30, 180])
def test_no_purge_within_six_months_whoever_asks(app, admin, days: int):
    keep(app, line(at=NOW - timedelta(days=days + 1)))
    for connection in (app, admin):
        with pytest.raises(psycopg.errors.RestrictViolation, match="six months"):
            purge(connection, NOW - timedelta(days=days))
    assert counted(admin) == 3


def test_the_functions_of_the_log_are_nobody_else_s_and_look_nowhere_else(admin):
    rows = admin.execute(
        "SELECT p.proname, p.prosecdef, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE')"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'access' ORDER BY 1"
    ).fetchall()
    assert rows == [(name, True, ["search_path=pg_catalog, pg_temp"], False) for name in ("note", "purge")]


def test_whoever_asks_about_a_family_walks_its_own_lines_and_not_the_town_s(app, admin):
    admin.execute(
        "INSERT INTO access.reads SELECT %s, '2020-01-01'::timestamptz + i * interval '1 minute',"
        " md5(i::text)::uuid, 'agent-1', 'agent', 'portal', 'GET /me', 'audit', ARRAY['child-' || i %% 2000], ''"
        " FROM generate_series(1, 40000) i",
        (TOWN,),
    )
    admin.execute(
        "INSERT INTO access.seen SELECT commune, about[1], read_at, line FROM access.reads ON CONFLICT DO NOTHING"
    )
    admin.execute("ANALYZE access.reads, access.seen")
    settle_in(app, TOWN)
    question = reads(TOWN, ["child-7", "child-8"], limit=51)
    told = psycopg.ClientCursor(app).execute("EXPLAIN (ANALYZE) " + question.sql, question.values).fetchall()
    plan = "\n".join(row for (row,) in told)
    assert "Index" in plan
    assert "seen_pkey" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert len(app.execute(question.sql, question.values).fetchall()) == 40
