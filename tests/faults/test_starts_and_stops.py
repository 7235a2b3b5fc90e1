"""A start that cannot be is one clear line and exit code 1; a stop finishes what runs."""

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.faults.service import ARDOISE, Load, Service, admin_url, complaints, environment, free_port, refused, url_of
from tests.servers import Database


def test_nobody_listens_at_the_address_given(tmp_path: Path) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{free_port()}/town"
    line = refused(tmp_path, ARDOISE_DATABASE_URL=url, ARDOISE_DEVELOPMENT="1")
    assert "no PostgreSQL answers at 127.0.0.1:" in line


def test_the_file_of_keys_is_not_there(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    named = {"ARDOISE_ISSUERS": "https://id.example", "ARDOISE_JWKS": str(keys)}
    assert "ARDOISE_JWKS cannot be used" in refused(tmp_path / "data", **named)
    keys.write_text('{"keys": []}')
    assert "holds no key that can be read" in refused(tmp_path / "data", **named)


def test_a_town_that_is_not_there_is_not_verified(tmp_path: Path) -> None:
    assert "there is no ledger in" in refused(tmp_path / "none", "verify", "nulle-part")
    assert not (tmp_path / "none").exists()
    subprocess.run([ARDOISE, "seal", "--once"], env=environment(tmp_path), capture_output=True, check=True, timeout=60)
    assert "there is no line of nulle-part" in refused(tmp_path, "verify", "nulle-part")
    assert "named by its slug" in refused(tmp_path, "verify", "Nulle Part")


def test_an_auditor_verifies_without_a_right_to_write(tmp_path: Path, database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE ardoise_auditor PASSWORD 'hunter2'")
    url = url_of(database, user="ardoise_auditor", password="hunter2")
    line = refused(tmp_path, "verify", "nulle-part", ARDOISE_DATABASE_URL=url, ARDOISE_DEVELOPMENT="1")
    assert "there is no line of nulle-part" in line, "it could read, and there was nothing"


def test_the_login_is_unknown(tmp_path: Path, database: Database) -> None:
    url = url_of(database, user="stranger", password="hunter2")
    assert 'role "stranger" does not exist' in refused(tmp_path, ARDOISE_DATABASE_URL=url, ARDOISE_DEVELOPMENT="1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("INSERT INTO ardoise.schema_migrations VALUES (99, 'later', '')", "run a newer version of Ardoise"),
        ("DELETE FROM ardoise.schema_migrations WHERE number > 1", "run `ardoise migrate`"),
        ("DROP SCHEMA ardoise CASCADE", "run `ardoise migrate`"),
    ],
)
def test_the_schema_is_of_another_version(tmp_path: Path, database: Database, change: str, said: str) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(change.encode())
    assert said in refused(tmp_path, ARDOISE_DATABASE_URL=url_of(database), ARDOISE_DEVELOPMENT="1")


def test_nobody_is_trusted_to_sign_tokens(tmp_path: Path, database: Database) -> None:
    assert "ARDOISE_ISSUERS" in refused(tmp_path, ARDOISE_DATABASE_URL=url_of(database))


@pytest.mark.parametrize(
    ("name", "value"), [("ARDOISE_PORT", "many"), ("ARDOISE_POOL_SIZE", "0"), ("ARDOISE_DATABASE_URL", "mysql://x")]
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, name: str, value: str) -> None:
    assert name in refused(tmp_path, "serve", **{name: value})


def test_the_port_is_taken_and_a_second_service_on_the_same_data_runs_beside_the_first(data: Path) -> None:
    first = Service.start(data)
    try:
        port = first.url.rpartition(":")[2]
        assert "could not start" in refused(data, "serve", "--port", port)
        second = Service.start(data)
        load = Load(second, first.settle())
        with load.running():
            load.until(20)
        assert second.stop() == 0
        assert complaints(first, load.sent) == []
    finally:
        assert first.stop() == 0


def test_a_stop_under_load_finishes_what_runs(data: Path) -> None:
    service = Service.start(data)
    load = Load(service, service.settle())
    with load.running():
        load.until(60)
        assert service.stop() == 0
    assert load.unexplained == []
    assert set(load.statuses) <= {201, 503}
    service = Service.start(data)
    try:
        assert complaints(service, load.sent) == []
    finally:
        assert service.stop() == 0


def test_a_command_that_waits_when_the_stop_comes_is_answered(data: Path) -> None:
    service = Service.start(data)
    children = service.settle()
    load = Load(service, children)
    with load.running():
        load.until(8)
    [first, *_] = load.sent
    day = first.body["reserve"][0]["day"]
    with service.client() as http, ThreadPoolExecutor(1) as thread, psycopg.connect(admin_url(data)) as connection:
        connection.execute("SELECT 1 FROM ardoise.places WHERE day = %s FOR UPDATE", (day,))
        parent = service.who(http, "guardian", f"parent-{first.family}")
        asked = thread.submit(
            parent.post,
            "/demandes",
            {"child": first.body["child"], "activity": "accueil", "cancel": [{"day": day, "unit": "repas"}]},
        )
        time.sleep(0.3)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with pytest.raises(httpx.TransportError):
            service.get("/livez")
        connection.rollback()
        assert asked.result().status_code == 201
    assert service.process.wait(30) == 0
