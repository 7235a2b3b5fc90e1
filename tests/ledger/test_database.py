"""The service starts on a database that can keep a ledger, and on no other: one line says which rule it breaks."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import PoolTimeout, TooManyRequests

from ledger import database as doors
from ledger.database import StartRefusedError, check_database, database_of, open_async_pool, open_pool, where
from ledger.embedded import Server
from ledger.migrate import LATEST, SERVICE_ROLE
from ledger.settings import Settings
from tests.servers import Cluster, Database, scratch_directory, stopped_data

ANYONE = Settings()


def refusal(conninfo: str) -> str:
    """The one line a refused start says."""
    with pytest.raises(StartRefusedError) as refused:
        check_database(conninfo)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def as_admin(database: Database, statement: str) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A migrated embedded database, stopped, that tests start in ways of their own."""
    with stopped_data() as made:
        yield made


def test_a_migrated_database_is_good_enough(database: Database):
    report = check_database(database.service_url)
    assert report.schema == LATEST
    assert report.warnings == ()
    assert int(report.version.split(".")[0]) >= 15
    assert report.place == where(database.service_url)


def test_nobody_listens():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        sentence = refusal(f"postgresql://me:hunter2@127.0.0.1:{port}/town")
    assert sentence == f"no PostgreSQL answers at 127.0.0.1:{port}/town: Connection refused."


def test_the_host_does_not_exist():
    assert refusal("postgresql://me:hunter2@db.invalid/town").startswith("no PostgreSQL answers at db.invalid/town: ")


def test_the_socket_does_not_exist(tmp_path: Path):
    assert "No such file or directory" in refusal(f"postgresql://me@/town?host={tmp_path}")


def test_the_database_does_not_exist(cluster: Cluster):
    nowhere = make_conninfo(cluster.admin_url, dbname="nowhere")
    assert refusal(nowhere).endswith('refuses the connection: database "nowhere" does not exist.')


def test_the_password_is_wrong(data: Path):
    server = Server(data)
    running = server.start()
    try:
        with psycopg.connect(running.admin_url, autocommit=True) as connection:
            connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
            connection.execute(sql.SQL("GRANT {} TO locked").format(sql.Identifier(SERVICE_ROLE)))
            rules = server.place.cluster / "pg_hba.conf"
            rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
            connection.execute("SELECT pg_reload_conf()")
        place = where(running.service_url)
        url = make_conninfo(running.service_url, user="locked")
        assert refusal(url) == f"PostgreSQL at {place} asks for a password and ARDOISE_DATABASE_URL gives none."
        url = make_conninfo(url, password="hunter2")
        assert refusal(url) == f"PostgreSQL at {place} refuses the password of ARDOISE_DATABASE_URL."
        assert check_database(make_conninfo(running.service_url, user="locked", password="right")).warnings == ()
    finally:
        server.leave()


def test_the_version_is_too_old(database: Database, monkeypatch: pytest.MonkeyPatch):
    # No server that old can be had here: the bound is raised above the one that runs.
    monkeypatch.setattr(doors, "OLDEST_VERSION", 99)
    assert refusal(database.service_url).endswith("Ardoise needs PostgreSQL 99 or later.")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_what_was_acknowledged_could_be_lost(data: Path, name: str):
    server = Server(data, settings={name: "off"})
    try:
        running = server.start()
        assert refusal(running.service_url) == (
            f"{where(running.service_url)} runs with {name} = off and could lose an acknowledged request: turn it on."
        )
    finally:
        server.leave()


def test_what_was_acknowledged_could_be_lost_in_this_database_only(database: Database):
    as_admin(database, f"ALTER DATABASE {database.name} SET synchronous_commit = off")
    assert "synchronous_commit = off" in refusal(database.service_url)


def test_a_standby_cannot_be_written_to(data: Path):
    server = Server(data)
    (data / "postgres" / "standby.signal").touch()
    try:
        assert "is a standby" in refusal(server.start().service_url)
    finally:
        server.leave()
        (data / "postgres" / "standby.signal").unlink()


def test_the_encoding_cannot_hold_french(cluster: Cluster, database: Database):
    cluster.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'").format(
            sql.Identifier(f"{database.name}_ascii")
        )
    )
    try:
        ascii_url = make_conninfo(database.service_url, dbname=f"{database.name}_ascii")
        assert "is encoded in SQL_ASCII" in refusal(ascii_url)
    finally:
        cluster.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(f"{database.name}_ascii")))


def test_the_role_of_the_service_does_not_exist():
    with scratch_directory() as directory:
        server = Server(directory / "data")
        running = server.start()
        try:
            for url in (running.service_url, running.owner_url):
                assert f"the role {SERVICE_ROLE} does not exist" in refusal(url)
                assert refusal(url).endswith("run `ardoise migrate`.")
        finally:
            server.leave()


def test_the_login_may_not_act_as_the_service(database: Database):
    login = psycopg.conninfo.conninfo_to_dict(database.owner_url)["user"]
    assert refusal(database.owner_url) == (
        f"{login} may not act as {SERVICE_ROLE}: give the service a login of its own, that is neither the owner nor"
        f" an auditor, and run GRANT {SERVICE_ROLE} TO that login as the owner."
    )


def test_the_schema_is_missing(bare_database: Database):
    assert refusal(bare_database.service_url).endswith("has no schema yet: run `ardoise migrate`.")


def test_the_schema_is_older(database: Database):
    as_admin(database, f"DELETE FROM ardoise.schema_migrations WHERE number = {LATEST}")
    assert f"is at schema {LATEST - 1}, this code needs {LATEST}: run `ardoise migrate`." in refusal(
        database.service_url
    )


def test_the_schema_is_newer(database: Database):
    as_admin(database, f"INSERT INTO ardoise.schema_migrations VALUES ({LATEST + 1}, 'tomorrow', '')")
    assert refusal(database.service_url).endswith(
        f"is at schema {LATEST + 1} and this code at {LATEST}: run a newer version of Ardoise."
    )


@pytest.mark.parametrize(
    ("grant", "verb"),
    [
        ("GRANT UPDATE ON ardoise.entries TO ardoise_app", "UPDATE"),
        ("GRANT UPDATE (stored) ON ardoise.entries TO ardoise_app", "UPDATE"),
        ("GRANT DELETE ON ardoise.entries TO ardoise_app", "DELETE"),
        ("GRANT TRUNCATE ON ardoise.entries TO PUBLIC", "TRUNCATE"),
        ("GRANT ALL ON ardoise.entries TO ardoise_app", "UPDATE, DELETE, TRUNCATE"),
        ("ALTER TABLE ardoise.entries OWNER TO ardoise_app", "UPDATE, DELETE, TRUNCATE, own"),
    ],
)
def test_the_service_could_rewrite_the_past(database: Database, grant: str, verb: str):
    as_admin(database, grant)
    assert refusal(database.service_url) == (
        f"the role {SERVICE_ROLE} may {verb} ardoise.entries: revoke it, entries are for ever."
    )


@pytest.mark.parametrize("state", ["DISABLE", "ENABLE", "ENABLE REPLICA"])
def test_the_triggers_that_guard_the_past_must_always_run(database: Database, state: str):
    as_admin(database, f"ALTER TABLE ardoise.entries {state} TRIGGER entries_are_never_emptied")
    assert "ENABLE ALWAYS TRIGGER entries_are_never_emptied" in refusal(database.service_url)


def test_a_login_above_the_rules_is_told(database: Database):
    (warning,) = check_database(database.admin_url).warnings
    assert "owns the ledger or is above its rules" in warning


def test_no_refusal_prints_a_password(cluster: Cluster, bare_database: Database):
    for url in (
        "postgresql://me:hunter2@127.0.0.1:1/town",
        make_conninfo(cluster.admin_url, user="stranger", password="hunter2"),
        make_conninfo(bare_database.service_url, options="-c nonsense=hunter2x"),
    ):
        with pytest.raises(StartRefusedError) as refused:
            check_database(url)
        assert "hunter2@" not in str(refused.value)
        assert ":hunter2" not in str(refused.value)


SESSION = """
    SELECT current_user::text, current_setting('search_path'), current_setting('lock_timeout'),
           current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),
           current_setting('TimeZone'), current_setting('application_name'),
           current_setting('default_transaction_read_only')
"""


def test_the_connections_of_commands_act_as_the_service_and_do_not_wait_for_ever(database: Database):
    with open_pool(database.admin_url, ANYONE) as pool, pool.connection() as connection:
        assert connection.autocommit
        expected = (SERVICE_ROLE, "ardoise,pg_temp", "2s", "10s", "10s", "UTC", "ardoise-commands", "off")
        assert connection.execute(SESSION).fetchone() == expected
        connection.execute("RESET ROLE")
        connection.execute("RESET ALL")
        assert connection.execute(SESSION).fetchone() == expected


def test_the_connections_of_queries_cannot_write(database: Database):
    async def ask() -> None:
        pool = await open_async_pool(database.service_url, ANYONE)
        async with pool, pool.connection() as connection:
            row = await (await connection.execute(SESSION)).fetchone()
            assert row == (SERVICE_ROLE, "ardoise,pg_temp", "2s", "10s", "10s", "UTC", "ardoise-queries", "on")
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await connection.execute("INSERT INTO places VALUES ('v', 'a', 'u', '2024-03-27', '')")

    asyncio.run(ask())


def test_what_a_url_asks_for_is_kept(database: Database):
    url = make_conninfo(database.service_url, options="-c work_mem=5MB", application_name="town-a")
    with open_pool(url, ANYONE) as pool, pool.connection() as connection:
        row = connection.execute("SELECT current_setting('work_mem'), current_user::text").fetchone()
        assert row == ("5MB", SERVICE_ROLE)
        assert connection.execute("SELECT current_setting('application_name')").fetchone() == ("town-a",)


def test_nobody_waits_for_a_connection_for_ever(database: Database):
    settings = Settings(pool_size=1, queue_size=1, queue_seconds=0.1)
    with (
        open_pool(database.service_url, settings) as pool,
        pool.connection(),
        pytest.raises(PoolTimeout),
        pool.connection(),
    ):
        pass


def test_the_queue_for_a_connection_has_an_end(database: Database):
    settings = Settings(pool_size=1, queue_size=1)
    with open_pool(database.service_url, settings) as pool, ThreadPoolExecutor(1) as others:
        with pool.connection():
            waiting = others.submit(pool.getconn)
            while pool.get_stats()["requests_waiting"] == 0:
                assert not waiting.done()
            with pytest.raises(TooManyRequests), pool.connection():
                pass
        pool.putconn(waiting.result(timeout=10))


def test_a_lock_is_not_waited_for_for_ever(database: Database):
    settings = Settings(pool_size=1, lock_timeout_ms=50)
    with psycopg.connect(database.owner_url) as other, open_pool(database.service_url, settings) as pool:
        other.execute("LOCK TABLE ardoise.places IN ACCESS EXCLUSIVE MODE")
        with pool.connection() as connection, pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("SELECT FROM places")


def test_a_configured_database_is_the_one_used():
    settings = Settings(database_url="postgresql://service@db/town", owner_url="postgresql://owner@db/town")
    with database_of(settings) as urls:
        assert (urls.service_url, urls.owner_url) == (settings.database_url, settings.owner_url)


def test_nothing_configured_is_the_embedded_one(data: Path):
    with database_of(Settings(data=data)) as urls:
        assert check_database(urls.service_url).schema == LATEST
        with psycopg.connect(urls.owner_url) as connection:
            assert connection.execute("SELECT current_user::text").fetchone() == ("ardoise_owner",)


def test_a_place_names_neither_user_nor_password():
    assert where("postgresql://me:hunter2@db.example:6543/town") == "db.example:6543/town"
    assert where("postgresql://me:hunter2@db.example/") == "db.example/me"
