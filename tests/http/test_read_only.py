"""A database that only reads is one the service waits for: commands lose nothing, and no request is sent meanwhile."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import structlog
from psycopg import sql

from ledger.database import StartRefusedError, check_database
from tests.http.world import World, made, refused, world_on
from tests.servers import Database


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with world_on(database, tmp_path) as town:
        town.adopt()
        yield town
    structlog.reset_defaults()


def only_reads(database: Database, value: str) -> None:
    """As where a proxy leads to a server that was demoted: every connection is made anew, and finds it so."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("SET default_transaction_read_only = off")
        name = sql.Identifier(database.name)
        admin.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(name, sql.SQL(value)))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def until(ask: Callable[[], httpx.Response], status: int) -> httpx.Response:
    deadline = time.monotonic() + 20
    while (answer := ask()).status_code != status and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def test_a_database_that_only_reads_is_not_ready_and_its_commands_come_back_later(
    world: World, database: Database
) -> None:
    household = world.household("parent-1")
    only_reads(database, "on")
    made(until(lambda: world.agent.get("/activities"), 200), 200)
    assert "aucune écriture" in refused(world.http.get("/readyz"), "not_ready", 503)["detail"]
    for answer in [world.agent.post("/households") for _ in range(10)]:
        refused(answer, "database_unavailable", 503)
        assert answer.headers["retry-after"] == "2"
    made(world.agent.get("/activities"), 200)
    family = world.agent.get(f"/households/{household}")
    refused(family, "database_unavailable", 503)  # Nobody reads of a family without its being written.

    only_reads(database, "off")
    assert until(lambda: world.http.get("/readyz"), 200).json()["status"] == "ready"
    made(until(lambda: world.agent.post("/households"), 201))
    made(world.agent.get(f"/households/{household}"), 200)


def test_the_service_does_not_start_on_a_database_that_only_reads(database: Database) -> None:
    only_reads(database, "on")
    with pytest.raises(StartRefusedError, match="default_transaction_read_only"):
        check_database(database.service_url)
