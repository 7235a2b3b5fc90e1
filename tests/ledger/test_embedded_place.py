"""Where the embedded PostgreSQL may live, and what it lets out: nothing."""

import os
import shutil
import stat
from pathlib import Path

import psycopg
import pytest

from ledger.account import EmbeddedError
from ledger.embedded import Server


@pytest.mark.parametrize("name", ["deep/" * 40 + "data", "with spaces, a 'quote' and a \"second\"", "é" * 30])
def test_any_path_will_do(data: Path, name: str):
    place = data / name
    server = Server(place)
    try:
        running = server.start()
        assert len(os.fsencode(running.socket_directory / ".s.PGSQL.5432")) <= 103
        with psycopg.connect(running.owner_url) as connection:
            assert connection.execute("SELECT current_user::text").fetchone() == ("ardoise_owner",)
    finally:
        server.leave()
    assert not (place / "postgres" / "postmaster.pid").exists()
    assert not (running.socket_directory / ".s.PGSQL.5432").exists()


def test_a_socket_directory_somebody_else_prepared_is_not_used(data: Path):
    place = data / ("deep/" * 40)
    server = Server(place)
    trap = server.start().socket_directory
    server.leave()
    trap.mkdir()
    trap.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="short and private enough"):
            Server(place).start()
    finally:
        shutil.rmtree(trap)


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="cannot be used: Not a directory"):
        Server(tmp_path / "file" / "data").start()


def test_a_server_that_does_not_start_quotes_its_log(data: Path):
    with pytest.raises(EmbeddedError, match=r"does not start: .*FATAL.*postgres\.log"):
        Server(data, settings={"shared_buffers": "9000TB"}).start()


def test_the_log_never_holds_what_a_family_wrote(data: Path):
    server = Server(data)
    with psycopg.connect(server.start().owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE families (name text PRIMARY KEY, born date)")
        connection.execute("INSERT INTO families VALUES (%s)", ["Zéphyrine"])
        for statement, parameters in (
            ("INSERT INTO families VALUES (%s)", ["Zéphyrine"]),
            ("INSERT INTO families VALUES ('Zéphyrine')", None),
            ("SELECT %s::text::date", ["Zéphyrine"]),
            ("SELECT 'Zéphyrine'::date", None),
            ("DO $$ BEGIN RAISE WARNING 'Zéphyrine'; RAISE EXCEPTION 'Zéphyrine'; END $$", None),
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement.encode(), parameters)
    server.leave()
    log = server.place.log.read_bytes()
    assert b"database system is ready" in log
    assert b"phyrine" not in log
    assert stat.S_IMODE(server.place.log.stat().st_mode) == 0o600
