"""The embedded PostgreSQL survives what a laptop does to it, and tells nobody what families wrote."""

import os
import signal
import stat
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from ledger.embedded import Embedded, Server

USER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
from pathlib import Path
from ledger.embedded import Server
server = Server(Path(sys.argv[1]))
print(server.start().admin_url, flush=True)
sys.stdin.read()
server.leave()
"""


def user_of(data: Path) -> "subprocess.Popen[str]":
    """Another process that uses the server until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", USER, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    return process


def done(process: "subprocess.Popen[str]") -> int:
    process.communicate(timeout=60)
    return process.returncode


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    done(process)


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def runs(data: Path) -> bool:
    return (data / "postgres" / "postmaster.pid").exists()


def write(running: Embedded, value: int) -> None:
    with psycopg.connect(running.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def values(running: Embedded) -> list[int]:
    with psycopg.connect(running.owner_url) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM kept ORDER BY value")]


def test_a_second_start_finds_what_the_first_one_kept(data: Path):
    for start in range(2):
        server = Server(data)
        write(server.start(), start)
        server.leave()
        assert not runs(data)
    server = Server(data)
    assert values(server.start()) == [0, 1]
    server.leave()


def test_it_is_a_durable_postgresql_18_on_a_private_socket(data: Path):
    server = Server(data)
    running = server.start()
    with psycopg.connect(running.admin_url) as connection:
        for name, value in {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }.items():
            assert connection.execute("SELECT current_setting(%s)", [name]).fetchone() == (value,)
        assert connection.info.server_version // 10_000 == 18
    assert stat.S_IMODE(running.socket_directory.stat().st_mode) == 0o700
    server.leave()


def test_the_owner_it_makes_is_no_superuser(data: Path):
    server = Server(data)
    with psycopg.connect(server.start().owner_url) as connection:
        question = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(question).fetchone() == (False, True, False)
    server.leave()


def test_two_processes_share_one_server_and_the_last_one_stops_it(data: Path):
    first, second = user_of(data), user_of(data)
    shared = postmaster(data)
    assert done(first) == 0
    assert postmaster(data) == shared
    assert done(second) == 0
    assert not runs(data)


def test_many_starts_at_the_same_moment_make_one_server(empty: Path):
    data = empty
    with ThreadPoolExecutor(6) as pool:
        processes = list(pool.map(user_of, [data] * 6))
    pid = postmaster(data)
    assert [done(process) for process in processes[1:]] == [0] * 5
    assert postmaster(data) == pid
    assert done(processes[0]) == 0
    assert not runs(data)


def test_a_killed_user_leaves_a_server_the_next_one_joins_and_stops(data: Path):
    killed = user_of(data)
    pid = postmaster(data)
    kill(killed)
    assert postmaster(data) == pid
    server = Server(data)
    write(server.start(), 1)
    assert postmaster(data) == pid
    server.leave()
    assert not runs(data)


def test_a_killed_postmaster_is_replaced_once_its_last_process_is_gone(data: Path):
    server = Server(data)
    running = server.start()
    write(running, 1)
    with psycopg.connect(running.owner_url, autocommit=True) as busy:
        os.kill(postmaster(data), signal.SIGKILL)
        again = Server(data)
        assert values(again.start()) == [1]
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")
    again.leave()
    server.leave()
    assert not runs(data)


def test_everybody_killed_at_once_loses_nothing_acknowledged(data: Path):
    server = Server(data)
    write(server.start(), 1)
    other = user_of(data)
    os.kill(postmaster(data), signal.SIGKILL)
    kill(other)
    server.leave()
    server = Server(data)
    assert values(server.start()) == [1]
    server.leave()


def test_a_pid_file_whose_number_belongs_to_a_stranger_is_stale(data: Path):
    server = Server(data)
    write(server.start(), 1)
    left = (data / "postgres" / "postmaster.pid").read_text().splitlines()
    server.leave()
    (data / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left[1:]]) + "\n")
    server = Server(data)
    assert values(server.start()) == [1]
    assert postmaster(data) != os.getpid()
    server.leave()


@pytest.mark.parametrize("rest", ["", "\n", "not a number\n", "4242\n/half/written"])
def test_a_broken_pid_file_is_stale(data: Path, rest: str):
    server = Server(data)
    server.start()
    server.leave()
    (data / "postgres" / "postmaster.pid").write_text(rest)
    server = Server(data)
    server.start()
    server.leave()
    assert not runs(data)


def test_a_kill_while_the_cluster_is_made_leaves_nothing_in_the_way(empty: Path):
    data = empty
    (data / "postgres.new" / "base").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = Server(data)
    write(server.start(), 1)
    server.leave()
    assert not (data / "postgres.new").exists()


def test_an_interrupt_of_the_terminal_leaves_the_server_to_us(data: Path):
    process = user_of(data)
    pid = postmaster(data)
    os.killpg(process.pid, signal.SIGINT)
    done(process)
    time.sleep(0.2)
    os.kill(pid, 0)
    server = Server(data)
    server.start()
    assert postmaster(data) == pid
    server.leave()


def test_nothing_warns(data: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert done(user_of(data)) == 0
