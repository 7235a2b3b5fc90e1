"""Brings a database to the schema of this code: numbered SQL files, each applied once, whole, by the owner.

Any number of processes may start it at the same moment: one works, the others wait and find nothing to do.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import errors, sql

FOLDER: Final = Path(__file__).parent / "migrations"
FILE_NAME: Final = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
LOCK_KEY: Final = 0x6172646F697365
"""The advisory lock of migrations: "ardoise" in ASCII."""
LOCK_SECONDS: Final = 600.0
DDL_LOCK_TIMEOUT_MS: Final = 30_000
ATTEMPTS: Final = 10
"""Roles belong to the cluster, the lock to one database: two databases may create the same role at once."""

SERVICE_ROLE: Final = "ardoise_app"

_RECORD: Final[LiteralString] = """
    CREATE SCHEMA IF NOT EXISTS ardoise;
    CREATE TABLE IF NOT EXISTS ardoise.schema_migrations (
        number     integer     PRIMARY KEY CHECK (number > 0),
        name       text        NOT NULL,
        digest     text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
"""
_CLUSTER_RACES: Final = (
    errors.DuplicateObject,
    errors.UniqueViolation,
    errors.InternalError_,
    errors.SerializationFailure,
    errors.DeadlockDetected,
)
"""What PostgreSQL says when two databases change the same role; InternalError_ is "tuple concurrently updated"."""


class MigrationRefusedError(RuntimeError):
    """The database cannot be brought to this code's schema; the sentence says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return hashlib.sha256(self.sql).hexdigest()

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}"


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Every migration of the code, in order and without a hole."""
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        name = FILE_NAME.fullmatch(file.name)
        if name is None:
            raise MigrationRefusedError(f"{file.name} is not a migration's name: write 0001_what_it_does.sql.")
        found.append(Migration(number=int(name[1]), name=name[2], sql=file.read_bytes()))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationRefusedError(f"the migrations in {folder.name} are not numbered 1, 2, 3 … without a hole.")
    return found


LATEST: Final = max((migration.number for migration in migrations()), default=0)
"""The schema this code was written for."""


def migrate(owner_url: str, *, log: Callable[[str], None], folder: Path = FOLDER) -> list[str]:
    """Applies what is missing and returns its names, in order. Raises MigrationRefusedError."""
    wanted = migrations(folder)
    try:
        with (
            psycopg.connect(owner_url, autocommit=True, application_name="ardoise-migrate") as connection,
            _alone(connection, log),
        ):
            return _bring_up(connection, wanted, log)
    except psycopg.Error as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MigrationRefusedError(f"the migration stopped: {reason}") from error


def applied(connection: psycopg.Connection) -> dict[int, tuple[str, str]]:
    """What the database remembers: number → (name, digest); empty before the first migration."""
    exists = connection.execute("SELECT to_regclass('ardoise.schema_migrations') IS NOT NULL").fetchone()
    if exists != (True,):
        return {}
    rows = connection.execute("SELECT number, name, digest FROM ardoise.schema_migrations").fetchall()
    return {number: (name, digest) for number, name, digest in rows}


def _bring_up(connection: psycopg.Connection, wanted: list[Migration], log: Callable[[str], None]) -> list[str]:
    done = applied(connection)
    _refuse_another_history(done, wanted)
    missing = [migration for migration in wanted if migration.number not in done]
    if missing and not done:
        connection.execute(_RECORD)
    for migration in missing:
        log(f"applying {migration}")
        _apply(connection, migration)
    return [str(migration) for migration in missing]


def _refuse_another_history(done: dict[int, tuple[str, str]], wanted: list[Migration]) -> None:
    newest = max(done, default=0)
    if newest > len(wanted):
        raise MigrationRefusedError(
            f"the database is at schema {newest} and this code at {len(wanted)}: run a newer version of Ardoise."
        )
    for migration in wanted:
        name, digest = done.get(migration.number, (migration.name, migration.digest))
        if digest != migration.digest:
            raise MigrationRefusedError(
                f"{migration} was edited after it was applied as {migration.number:04d}_{name}: put the applied file"
                " back and write the change as a new migration."
            )
    if sorted(done) != list(range(1, newest + 1)):
        raise MigrationRefusedError("the database has holes in ardoise.schema_migrations: restore it from a backup.")


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    """One file and its record, in one transaction; again when another database of the cluster got in the way."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with connection.transaction():
                connection.execute("SET LOCAL search_path = ardoise, pg_temp")
                connection.execute(migration.sql)
                connection.execute(
                    "INSERT INTO ardoise.schema_migrations (number, name, digest) VALUES (%s, %s, %s)",
                    [migration.number, migration.name, migration.digest],
                )
                _let_the_service_read_the_record(connection)
        except _CLUSTER_RACES:
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.05 * attempt)
        else:
            return


def _let_the_service_read_the_record(connection: psycopg.Connection) -> None:
    """So that the service can tell at start whether the schema is its own."""
    role = sql.Identifier(SERVICE_ROLE)
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVICE_ROLE]).fetchone()
    if exists is not None:
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA ardoise TO {}").format(role))
        connection.execute(sql.SQL("GRANT SELECT ON ardoise.schema_migrations TO {}").format(role))


@contextmanager
def _alone(connection: psycopg.Connection, log: Callable[[str], None]) -> Iterator[None]:
    """The only migration of this database. Asked again and again, since a waiting statement would hold a snapshot."""
    give_up_at = time.monotonic() + LOCK_SECONDS
    told = False
    while connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() != (True,):
        if not told:
            log("another migration is running on this database: waiting for it")
            told = True
        if time.monotonic() > give_up_at:
            raise MigrationRefusedError("another migration has been running on this database for ten minutes.")
        time.sleep(0.05)
    connection.execute(sql.SQL("SET lock_timeout = {}").format(DDL_LOCK_TIMEOUT_MS))
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
