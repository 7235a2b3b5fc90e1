"""Real PostgreSQL servers and databases for the tests."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.embedded import Server
from ledger.migrate import SERVICE_ROLE, migrate

SCRATCH = "ardoise-tests-"
ROOM_BYTES = 4 * 2**30


def as_url(conninfo: str, **instead: str) -> str:
    """The same way in, as a person writes it."""
    return f"postgresql:///?{urlencode({**conninfo_to_dict(conninfo), **instead}, quote_via=quote)}"


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of a test, and the three ways in."""

    name: str
    owner_url: str
    """The owner: migrations."""
    service_url: str
    """The service: a login that acts as ardoise_app."""
    admin_url: str
    """A superuser: what a DBA could do."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A PostgreSQL the tests may fill with databases."""

    admin_url: str
    owner: str
    service: str
    password: str

    def url(self, user: str | None, name: str) -> str:
        """How a role reaches a database; None for the superuser."""
        if user is None:
            return make_conninfo(self.admin_url, dbname=name)
        return make_conninfo(self.admin_url, dbname=name, user=user, password=self.password)

    def execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement)

    def create(self, template: str = "template0") -> Database:
        """A new database, a copy of the template."""
        name = f"ardoise_{uuid4().hex[:12]}"
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(self.owner)
            )
        )
        return Database(
            name=name,
            owner_url=self.url(self.owner, name),
            service_url=self.url(self.service, name),
            admin_url=self.url(None, name),
        )

    def drop(self, database: Database) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name)))

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[Database]:
        made = self.create(template)
        try:
            yield made
        finally:
            self.drop(made)


@contextlib.contextmanager
def cluster_with_roles(admin_url: str) -> Iterator[Cluster]:
    """Any PostgreSQL, with an owner who is no superuser and a plain login for the service."""
    tag = uuid4().hex[:8]
    cluster = Cluster(
        admin_url=admin_url, owner=f"ardoise_owner_{tag}", service=f"ardoise_service_{tag}", password=uuid4().hex
    )
    owner, service, role = (sql.Identifier(name) for name in (cluster.owner, cluster.service, SERVICE_ROLE))
    password = sql.Literal(cluster.password)
    cluster.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(owner, password))
    cluster.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(service, password))
    with cluster.database() as scratch:
        migrate(scratch.owner_url, log=lambda _: None)
    cluster.execute(sql.SQL("GRANT {} TO {}").format(role, service))
    try:
        yield cluster
    finally:
        cluster.execute(sql.SQL("DROP ROLE {}, {}").format(service, owner))


@contextlib.contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory with a short path, for a server; those of killed test runs are cleared away."""
    place = _fastest_place()
    for old in place.glob(f"{SCRATCH}*"):
        with contextlib.suppress(OSError):
            if not _alive(old):
                Server(old / "data").sweep()
                shutil.rmtree(old, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-", dir=place))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def stopped_data() -> Iterator[Path]:
    """The data directory of a migrated embedded database, stopped; whatever is left running is stopped."""
    with scratch_directory() as directory:
        server = Server(directory / "data")
        migrate(server.start().owner_url, log=lambda _: None)
        server.leave()
        yield directory / "data"
        Server(directory / "data").sweep()


def _fastest_place() -> Path:
    """Memory where there is plenty: copying a database takes 25 ms there and 350 ms on a slow disk.

    The servers run with fsync on all the same, and a killed process loses nothing that is in memory.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES:
        return memory
    return Path(tempfile.gettempdir())


def _alive(directory: Path) -> bool:
    """Whether the test run that made this directory still runs: its process id is in the name."""
    try:
        os.kill(int(directory.name.removeprefix(SCRATCH).partition("-")[0]), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def named(conninfo: str, **parts: str) -> str:
    """The same way in with other parts: user, password, dbname, host …"""
    return make_conninfo(conninfo, **parts)


def part(conninfo: str, name: str) -> str:
    """One part of a way in."""
    return str(conninfo_to_dict(conninfo)[name])
