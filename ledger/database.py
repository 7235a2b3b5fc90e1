"""The way to PostgreSQL: which one, whether it can be trusted with a ledger, and the connections of the service."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from ledger.account import EmbeddedError
from ledger.embedded import Embedded, embedded
from ledger.migrate import LATEST, SERVICE_ROLE
from ledger.settings import Settings

__all__ = [
    "DatabaseReport",
    "DatabaseUrls",
    "Embedded",
    "EmbeddedError",
    "StartRefusedError",
    "check_database",
    "database_of",
    "embedded",
    "open_async_pool",
    "open_pool",
    "service_conninfo",
    "where",
]

OLDEST_VERSION: Final = 15
CONNECT_SECONDS: Final = 5
IDLE_IN_TRANSACTION_MS: Final = 10_000
DURABILITY: Final = ("fsync", "full_page_writes", "synchronous_commit")


class StartRefusedError(RuntimeError):
    """The service does not start on this database; the sentence, in one line, says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseUrls:
    """The two ways into one database."""

    owner_url: str
    service_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseReport:
    """What was found on a database that is good enough, for the first line of the log."""

    place: str
    version: str
    schema: int
    warnings: tuple[str, ...] = ()


@contextlib.contextmanager
def database_of(settings: Settings) -> Iterator[DatabaseUrls]:
    """The configured database, or the embedded one, running for as long as the block."""
    if settings.database_url is not None:
        yield DatabaseUrls(owner_url=settings.owner_url or settings.database_url, service_url=settings.database_url)
        return
    with embedded(settings) as server:
        yield DatabaseUrls(owner_url=server.owner_url, service_url=server.service_url)


def where(conninfo: str) -> str:
    """The database a URL names, fit for a log: no user, no password."""
    parts = conninfo_to_dict(conninfo)
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"{host}{port}/{parts.get('dbname') or parts.get('user') or ''}"


def check_database(conninfo: str) -> DatabaseReport:
    """What the service stands on. Raises StartRefusedError with one line when it would not hold."""
    place = where(conninfo)
    try:
        connection = psycopg.connect(conninfo, autocommit=True, **_defaults(conninfo, application_name="ardoise-check"))
    except psycopg.OperationalError as error:
        raise StartRefusedError(_why_no_connection(place, error)) from error
    with connection:
        try:
            return _check(connection, place)
        except psycopg.Error as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise StartRefusedError(f"the database {place} cannot be checked: {reason}.") from error


def service_conninfo(conninfo: str, settings: Settings, *, application: str = "ardoise", **session: str) -> str:
    """The URL with what every connection of the service has from its first statement on.

    The role, the search path and the timeouts travel in the connection request itself: no round trip sets them, and
    RESET ALL or RESET ROLE comes back to them.
    """
    wanted = {
        "role": SERVICE_ROLE,
        "search_path": "ardoise,pg_temp",
        "timezone": "UTC",
        "lock_timeout": str(settings.lock_timeout_ms),
        "statement_timeout": str(settings.statement_timeout_ms),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        **session,
    }
    given = conninfo_to_dict(conninfo).get("options") or ""
    options = " ".join([str(given), *(f"-c {name}={_escaped(value)}" for name, value in wanted.items())]).strip()
    return make_conninfo(conninfo, options=options, **_defaults(conninfo, application_name=application))


def _escaped(value: str) -> str:
    """A value of a session's option: the server splits them at spaces."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def open_pool(conninfo: str, settings: Settings) -> ConnectionPool[psycopg.Connection[TupleRow]]:
    """The connections of commands, open and ready; PoolTimeout and TooManyRequests bound the wait for one."""
    pool = ConnectionPool(
        service_conninfo(conninfo, settings, application="ardoise-commands"),
        kwargs={"autocommit": True},
        min_size=settings.pool_size,
        max_size=settings.pool_size,
        max_waiting=settings.queue_size,
        timeout=settings.queue_seconds,
        name="commands",
        open=False,
    )
    pool.open(wait=True, timeout=CONNECT_SECONDS * 2)
    return pool


async def open_async_pool(conninfo: str, settings: Settings) -> AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]:
    """The connections of queries, open and ready; they cannot write, and one transaction sees one state.

    With the usual level, each statement would see a state of its own: the version of a page could be newer than its
    rows.
    """
    pool = AsyncConnectionPool(
        service_conninfo(
            conninfo,
            settings,
            application="ardoise-queries",
            default_transaction_read_only="on",
            default_transaction_isolation="repeatable read",
        ),
        kwargs={"autocommit": True},
        min_size=settings.read_pool_size,
        max_size=settings.read_pool_size,
        max_waiting=settings.queue_size,
        timeout=settings.queue_seconds,
        name="queries",
        open=False,
    )
    await pool.open(wait=True, timeout=CONNECT_SECONDS * 2)
    return pool


def _defaults(conninfo: str, *, application_name: str) -> dict[str, Any]:
    """Connection parameters of ours, where the URL says nothing else."""
    ours = {"connect_timeout": CONNECT_SECONDS, "application_name": application_name, "client_encoding": "UTF8"}
    given = conninfo_to_dict(conninfo)
    return {name: value for name, value in ours.items() if name not in given}


def _why_no_connection(place: str, error: psycopg.OperationalError) -> str:
    """One sentence. The client library gives only text here, in the server's language."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    fatal = next((line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line), None)
    if fatal is None:
        if error.pgconn is not None and error.pgconn.needs_password:
            return f"PostgreSQL at {place} asks for a password and ARDOISE_DATABASE_URL gives none."
        failures = [line for line in lines if "failed: " in line] or lines or [type(error).__name__]
        return f"no PostgreSQL answers at {place}: {failures[0].rsplit(': ', 1)[-1].rstrip('.')}."
    if f'role "{SERVICE_ROLE}" does not exist' in fatal:
        return f"the role {SERVICE_ROLE} does not exist on {place}: run `ardoise migrate`."
    if "password" in fatal or "mot de passe" in fatal:
        return f"PostgreSQL at {place} refuses the password of ARDOISE_DATABASE_URL."
    return f"PostgreSQL at {place} refuses the connection: {fatal}."


def _check(connection: psycopg.Connection, place: str) -> DatabaseReport:
    version = connection.info.server_version // 10_000
    if version < OLDEST_VERSION:
        raise StartRefusedError(f"{place} is PostgreSQL {version}: Ardoise needs PostgreSQL {OLDEST_VERSION} or later.")
    for name in DURABILITY:
        if _one(connection, "SELECT current_setting(%s)", name) == "off":
            raise StartRefusedError(
                f"{place} runs with {name} = off and could lose an acknowledged request: turn it on."
            )
    encoding = _one(connection, "SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        raise StartRefusedError(f"{place} is encoded in {encoding}: create the database with ENCODING 'UTF8'.")
    if _one(connection, "SELECT pg_is_in_recovery()"):
        raise StartRefusedError(f"{place} is a standby and cannot be written to: give the primary's address.")
    if _one(connection, "SELECT current_setting('transaction_read_only')") == "on":
        raise StartRefusedError(f"{place} cannot be written to: set default_transaction_read_only = off, as its owner.")
    warnings = _check_login(connection)
    schema = _check_schema(connection, place)
    _check_rights(connection)
    missing = missing_guards(connection)
    if missing:
        raise StartRefusedError(
            f"{place} would let its entries be changed: as the owner, run ALTER TABLE ardoise.entries"
            f" ENABLE ALWAYS TRIGGER {missing[0]}."
        )
    return DatabaseReport(
        place=place,
        version=connection.info.parameter_status("server_version") or str(version),
        schema=schema,
        warnings=warnings,
    )


GUARDS: Final = ("entries_are_never_changed", "entries_are_never_emptied", "entries_are_announced")
"""The triggers that refuse to change an entry, in every replication mode."""


def missing_guards(connection: psycopg.Connection[TupleRow]) -> list[str]:
    """The guards of the entries that are not there, or do not always run."""
    rows = connection.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'ardoise.entries'::regclass AND tgenabled = 'A'"
    )
    running = {name for (name,) in rows}
    return [name for name in GUARDS if name not in running]


def _check_login(connection: psycopg.Connection) -> tuple[str, ...]:
    """Becomes the service's role. A login that could take more rights back is told, not refused."""
    login = _one(connection, "SELECT session_user::text")
    try:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(SERVICE_ROLE)))
    except psycopg.errors.InvalidParameterValue as error:
        raise StartRefusedError(f"the role {SERVICE_ROLE} does not exist: run `ardoise migrate`.") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise StartRefusedError(
            f"{login} may not act as {SERVICE_ROLE}: give the service a login of its own, that is neither the owner nor"
            f" an auditor, and run GRANT {SERVICE_ROLE} TO that login as the owner."
        ) from error
    powerful = _one(
        connection,
        "SELECT r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'MEMBER')"
        " FROM pg_roles r LEFT JOIN pg_class c ON c.oid = to_regclass('ardoise.entries')"
        " WHERE r.rolname = session_user",
    )
    if powerful:
        return (f"the login {login} owns the ledger or is above its rules: give the service a plain login.",)
    return ()


def _check_schema(connection: psycopg.Connection, place: str) -> int:
    readable = _one(
        connection,
        "SELECT to_regclass('ardoise.schema_migrations') IS NOT NULL"
        " AND has_schema_privilege('ardoise', 'USAGE')"
        " AND has_table_privilege('ardoise.schema_migrations', 'SELECT')",
    )
    schema = _one(connection, "SELECT max(number) FROM ardoise.schema_migrations") if readable else None
    if schema is None or schema < LATEST:
        found = "has no schema yet" if schema is None else f"is at schema {schema}, this code needs {LATEST}"
        raise StartRefusedError(f"{place} {found}: run `ardoise migrate`.")
    if schema > LATEST:
        raise StartRefusedError(
            f"{place} is at schema {schema} and this code at {LATEST}: run a newer version of Ardoise."
        )
    return int(schema)


def _check_rights(connection: psycopg.Connection) -> None:
    """The service may add entries and never touch one again, by grant, by column, by ownership or by membership."""
    allowed = connection.execute(
        """
        SELECT array_remove(ARRAY[
                 CASE WHEN has_any_column_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END,
                 CASE WHEN has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END,
                 CASE WHEN has_table_privilege(c.oid, 'TRUNCATE') THEN 'TRUNCATE' END,
                 CASE WHEN pg_has_role(c.relowner, 'MEMBER') THEN 'own' END], NULL)
          FROM pg_class c WHERE c.oid = to_regclass('ardoise.entries')
        """
    ).fetchone()
    if allowed is None:
        raise StartRefusedError("the table ardoise.entries is missing: restore the database from a backup.")
    if allowed[0]:
        raise StartRefusedError(
            f"the role {SERVICE_ROLE} may {', '.join(allowed[0])} ardoise.entries: revoke it, entries are for ever."
        )


def _one(connection: psycopg.Connection, question: LiteralString, *values: object) -> Any:
    row = connection.execute(question, values).fetchone()
    return None if row is None else row[0]
