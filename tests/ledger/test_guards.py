"""What PostgreSQL refuses by itself, whatever our code does: changes to entries, other towns, hostile names."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from ledger.database import service_conninfo
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from replay.sealing.seal import seal_once
from tests.ledger.examples import CHILD, entries
from tests.ledger.long_pages import TOWN, keep, long_page
from tests.servers import Database
from tests.stores import KEYS, OnPostgres, on_postgres

OTHER = "une-autre-ville"
TABLES = ("entries", "seals", "tree_nodes", "snapshots", "answers", "places", *KEYS)
CHANGES = (
    "UPDATE ardoise.entries SET stored = ''",
    "UPDATE ardoise.entries SET version = version + 100",
    "DELETE FROM ardoise.entries",
    "TRUNCATE ardoise.entries",
    "TRUNCATE ardoise.entries CASCADE",
    "UPDATE ardoise.seals SET position = position + 100",
    "DELETE FROM ardoise.seals",
    "TRUNCATE ardoise.seals",
)


@pytest.fixture(scope="module")
def kept(module_database: Database) -> Iterator[OnPostgres]:
    """A town with some entries."""
    with on_postgres(module_database, connections=20) as found:
        keep(found.store, long_page(5), child=CHILD)
        with psycopg.connect(service_conninfo(module_database.service_url, Settings()), autocommit=True) as seals:
            seal_once(seals)
        yield found


@pytest.fixture
def app(module_database: Database, kept: OnPostgres) -> Iterator[psycopg.Connection]:
    """The service, on a connection of its own, in no town yet."""
    with psycopg.connect(service_conninfo(module_database.service_url, Settings()), autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(module_database: Database, kept: OnPostgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def superuser(module_database: Database, kept: OnPostgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def auditor(superuser: psycopg.Connection) -> psycopg.Connection:
    superuser.execute("SET ROLE ardoise_auditor")
    return superuser


def settle_in(connection: psycopg.Connection, town: str) -> None:
    connection.execute("SELECT set_config('ardoise.commune', %s, false)", (town,))


def count(connection: psycopg.Connection, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM ardoise.{}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


# Entries are never changed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES)
def test_the_service_has_no_right_to_change_an_entry(app, change):
    settle_in(app, TOWN)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(change)


@pytest.mark.parametrize("change", CHANGES)
def test_the_auditor_has_no_right_to_change_an_entry(auditor, change):
    settle_in(auditor, TOWN)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        auditor.execute(change)


@pytest.mark.parametrize("change", CHANGES)
def test_the_owner_is_refused_by_a_trigger(owner, change):
    settle_in(owner, TOWN)
    with pytest.raises(psycopg.errors.RestrictViolation, match="never changed"):
        owner.execute(change)


@pytest.mark.parametrize("change", CHANGES)
def test_a_superuser_who_plays_the_replica_is_refused_by_the_same_trigger(superuser, change):
    superuser.execute("SET session_replication_role = replica")
    with pytest.raises(psycopg.errors.RestrictViolation, match="never changed"):
        superuser.execute(change)


def test_after_all_that_the_page_is_whole(kept):
    assert [line.version for line in kept.lines(f"child/{TOWN}/{CHILD}")] == [1, 2, 3, 4, 5]


def test_after_all_that_every_line_has_its_position(superuser):
    rows = superuser.execute("SELECT position FROM ardoise.seals WHERE commune = %s ORDER BY position", (TOWN,))
    assert [position for (position,) in rows] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("table", ["answers", "snapshots", "places"])
def test_the_service_never_deletes_what_it_answered_or_counted(app, table):
    settle_in(app, TOWN)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(sql.SQL("DELETE FROM ardoise.{}").format(sql.Identifier(table)))


def test_the_service_never_changes_an_answer(app):
    settle_in(app, TOWN)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("UPDATE ardoise.answers SET status = 200")


def test_the_service_can_neither_drop_nor_alter_nor_disarm(app):
    settle_in(app, TOWN)
    for statement in (
        "DROP TABLE ardoise.entries",
        "ALTER TABLE ardoise.entries DISABLE TRIGGER ALL",
        "ALTER TABLE ardoise.entries DISABLE ROW LEVEL SECURITY",
        "SET session_replication_role = replica",
        "CREATE TABLE ardoise.mine (n integer)",
        "CREATE SEQUENCE demande_numbers.mine",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


# One town never sees another -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_outside_a_town_nothing_is_visible(app, owner, auditor, table):
    for connection in (app, owner, auditor):
        assert count(connection, table) == 0


def test_in_its_town_everybody_sees_the_entries(app, owner, auditor):
    for connection in (app, owner, auditor):
        settle_in(connection, TOWN)
        assert count(connection, "entries") == 5


@pytest.mark.parametrize("table", TABLES)
def test_in_another_town_nothing_is_visible_not_even_to_the_owner(app, owner, auditor, table):
    for connection in (app, owner, auditor):
        settle_in(connection, OTHER)
        assert count(connection, table) == 0


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_the_ledger_is_under_forced_row_security(superuser, table):
    found = superuser.execute(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", (f"ardoise.{table}",)
    ).fetchone()
    assert found == (True, True)


def test_no_table_with_a_town_was_forgotten(superuser):
    rows = superuser.execute("""
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'commune'
        WHERE c.relnamespace = 'ardoise'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    """).fetchall()
    assert {name for (name,) in rows} == {"trees", "announced_towns"}, "names of towns, for the seal to know them all"


def test_the_service_writes_no_entry_of_another_town(app):
    entry = entries()[3]
    settle_in(app, OTHER)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        app.execute(
            "INSERT INTO ardoise.entries VALUES (%s, %s, 1, 'child_registered.v1', now(), %s, %s)",
            (TOWN, f"child/{TOWN}/new", entry.stored, entry.digest),
        )


def test_no_entry_stands_on_a_page_of_another_town(app):
    entry = entries()[3]
    settle_in(app, OTHER)
    with pytest.raises(psycopg.errors.CheckViolation):
        app.execute(
            "INSERT INTO ardoise.entries VALUES (%s, %s, 1, 'child_registered.v1', now(), %s, %s)",
            (OTHER, f"child/{TOWN}/new", entry.stored, entry.digest),
        )


def test_the_town_of_one_command_is_not_the_town_of_the_next(kept):
    with kept.pool.connection() as connection:
        connection.execute("SELECT * FROM ardoise.read_page(%s, %s, 0, 10)", (TOWN, f"child/{TOWN}/{CHILD}"))
        assert count(connection, "entries") == 0


# Numbers -------------------------------------------------------------------------------------------------------------

HOSTILE = (
    "",
    "Villars",
    "a b",
    "villars;",
    'v"; DROP SCHEMA ardoise; --',
    "é",
    "-villars",
    "x" * 49,
    "a\nb",
    "villars\n",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_town_gets_no_number(app, name):
    with pytest.raises(psycopg.errors.RaiseException, match="not the name of a town"):
        app.execute("SELECT ardoise.next_demande_number(%s)", (name,))


def test_the_longest_name_of_a_town_has_numbers_of_its_own(kept):
    long = "x" * 47
    assert [kept.store.next_number(f"{long}{end}") for end in "ab"] == [1, 1]


def test_numbers_are_unique_from_the_first_under_sixteen_threads(kept):
    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(lambda _: kept.store.next_number("ville-neuve"), range(160)))
    assert sorted(numbers) == list(range(1, 161))


def test_the_service_cannot_set_the_numbers_back(app):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT ardoise.raise_demande_number(%s, 1)", (TOWN,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT setval('demande_numbers.ville', 1)")


# The append ----------------------------------------------------------------------------------------------------------


def test_an_append_takes_no_lock_that_another_writer_would_wait_for(kept, superuser):
    with kept.pool.connection() as connection, connection.transaction():
        _append_in(connection, "c-open")
        locks = superuser.execute(
            "SELECT DISTINCT mode FROM pg_locks WHERE pid = %s AND relation IS NOT NULL", (connection.info.backend_pid,)
        ).fetchall()
        assert {mode for (mode,) in locks} <= {"AccessShareLock", "RowExclusiveLock"}
        keep(kept.store, long_page(1), child="c-meanwhile")
        assert kept.store.child(TOWN, "c-meanwhile").version == 1
        assert kept.store.child(TOWN, "c-open").version == 0
    assert kept.store.child(TOWN, "c-open").version == 1


def test_the_append_holds_no_statement_that_locks_a_table_or_notifies(superuser):
    rows = superuser.execute("""
        SELECT proname FROM pg_proc WHERE pronamespace IN ('ardoise'::regnamespace, 'vault'::regnamespace)
            AND proname <> 'try_key'  -- no part of an append: one account at a time tries a Clé Enfance
            AND (prosrc ~* '\\mLOCK\\s+TABLE' OR prosrc ~* '\\m(pg_)?notify\\M'
                 OR prosrc ~* 'pg_advisory(?!_xact_lock_shared)')
    """).fetchall()
    assert rows == [], "a lock that everybody shares is waited for by nobody"


def _append_in(connection: psycopg.Connection, child: str) -> None:
    """One append of the store, on a connection whose transaction stays open."""

    class OneConnection:
        """A pool that always lends the same connection."""

        def connection(self):
            return contextlib.nullcontext(connection)

    keep(PostgresStore(OneConnection()), long_page(1), child=child)  # type: ignore[arg-type]


def test_nobody_else_executes_the_functions_of_the_ledger(superuser):
    rows = superuser.execute("""
        SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE p.pronamespace IN ('ardoise'::regnamespace, 'vault'::regnamespace) AND a.grantee = 0
    """).fetchall()
    assert rows == []
