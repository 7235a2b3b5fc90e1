"""A database is brought to the code's schema once, whole, whoever asks and however many ask at once."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from ledger.database import check_database
from ledger.migrate import FOLDER, LATEST, MigrationRefusedError, migrate, migrations
from tests.servers import Cluster, Database

AT_ONCE = 20
NAMES = [str(migration) for migration in migrations()]


def silent(_: str) -> None:
    """Nobody listens."""


def history(database: Database) -> list[tuple[int, str, str]]:
    with psycopg.connect(database.owner_url) as connection:
        question = "SELECT number, name, digest FROM ardoise.schema_migrations ORDER BY number"
        return connection.execute(question).fetchall()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the code's migrations that a test may edit."""
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


def write(folder: Path, number: int, sql: str) -> None:
    (folder / f"{number:04d}_more.sql").write_text(sql)


def test_a_bare_database_gets_every_migration_in_order_and_a_second_run_does_nothing(bare_database: Database):
    said: list[str] = []
    assert migrate(bare_database.owner_url, log=said.append) == NAMES
    assert said == [f"applying {name}" for name in NAMES]
    assert history(bare_database) == [(m.number, m.name, m.digest) for m in migrations()]
    assert migrate(bare_database.owner_url, log=said.append) == []
    assert check_database(bare_database.service_url).schema == LATEST


def test_twenty_threads_at_once_apply_each_file_once_and_again_apply_nothing(bare_database: Database):
    together = Barrier(AT_ONCE)

    def one(_: int) -> list[str]:
        together.wait()
        return migrate(bare_database.owner_url, log=silent)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for expected in (NAMES, []):
            assert sorted(name for names in pool.map(one, range(AT_ONCE)) for name in names) == sorted(expected)
    assert len(history(bare_database)) == LATEST


def test_processes_at_once_apply_each_file_once(bare_database: Database):
    program = "import sys; from ledger.migrate import migrate; print(*migrate(sys.argv[1], log=lambda _: None))"
    command = [sys.executable, "-c", program, bare_database.owner_url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert sorted(" ".join(outputs).split()) == NAMES


def test_databases_of_one_cluster_at_once_do_not_trip_over_its_roles(cluster: Cluster, folder: Path):
    # Each transaction creates, changes and grants the same roles: PostgreSQL refuses all but one of them at a time.
    role = cluster.owner.replace("owner", "racers")
    write(
        folder,
        LATEST + 1,
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF;
        END $$;
        ALTER ROLE {role} SET work_mem = '4MB';
        SELECT pg_sleep(0.05);
        """,
    )
    databases = [cluster.create() for _ in range(6)]
    together = Barrier(len(databases))

    def one(database: Database) -> list[str]:
        together.wait()
        return migrate(database.owner_url, log=silent, folder=folder)

    try:
        with ThreadPoolExecutor(len(databases)) as pool:
            for names in pool.map(one, databases):
                assert names == [*NAMES, f"{LATEST + 1:04d}_more"]
    finally:
        for database in databases:
            cluster.drop(database)
        with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
            connection.execute(f"DROP ROLE IF EXISTS {role}".encode())


def test_a_waiting_migration_says_what_it_waits_for(bare_database: Database):
    said: list[str] = []
    with ThreadPoolExecutor(1) as pool, psycopg.connect(bare_database.owner_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [0x6172646F697365])
        waiting = pool.submit(migrate, bare_database.owner_url, log=said.append)
        while not said:
            assert not waiting.done()
        assert said == ["another migration is running on this database: waiting for it"]
        other.execute("SELECT pg_advisory_unlock_all()")
        assert waiting.result(timeout=60) == NAMES


def test_a_file_edited_after_it_was_applied_is_refused(database: Database, folder: Path):
    edited = next(folder.glob("0001_*.sql"))
    edited.write_bytes(edited.read_bytes() + b"\n")
    with pytest.raises(MigrationRefusedError, match=f"{edited.stem} was edited after it was applied"):
        migrate(database.owner_url, log=silent, folder=folder)


def test_a_database_newer_than_the_code_is_refused(database: Database, folder: Path):
    write(folder, LATEST + 1, "CREATE TABLE ardoise.tomorrow ()")
    assert migrate(database.owner_url, log=silent, folder=folder) == [f"{LATEST + 1:04d}_more"]
    with pytest.raises(MigrationRefusedError, match=f"at schema {LATEST + 1} and this code at {LATEST}"):
        migrate(database.owner_url, log=silent)


def test_a_migration_that_fails_leaves_nothing_of_itself(database: Database, folder: Path):
    write(folder, LATEST + 1, "CREATE TABLE ardoise.half (); SELECT 1 / 0;")
    before = history(database)
    with pytest.raises(MigrationRefusedError, match="division by zero"):
        migrate(database.owner_url, log=silent, folder=folder)
    assert history(database) == before
    with psycopg.connect(database.owner_url) as connection:
        assert connection.execute("SELECT to_regclass('ardoise.half')").fetchone() == (None,)


def test_numbers_have_no_hole_and_names_have_a_shape(folder: Path):
    write(folder, LATEST + 2, "SELECT 1")
    with pytest.raises(MigrationRefusedError, match="without a hole"):
        migrations(folder)
    (folder / "notes.sql").write_text("SELECT 1")
    with pytest.raises(MigrationRefusedError, match=r"notes\.sql is not a migration's name"):
        migrations(folder)


def test_a_database_out_of_reach_is_one_line(bare_database: Database):
    with pytest.raises(MigrationRefusedError) as refusal:
        migrate(psycopg.conninfo.make_conninfo(bare_database.owner_url, dbname="nowhere"), log=silent)
    assert "\n" not in str(refusal.value)


def test_the_owner_is_no_superuser(bare_database: Database):
    with psycopg.connect(bare_database.owner_url) as connection:
        rights = "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(rights).fetchone() == (False, True, False)
    assert migrate(bare_database.owner_url, log=silent) == NAMES
