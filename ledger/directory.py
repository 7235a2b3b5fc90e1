"""The directory of the embedded PostgreSQL, seen from outside: what is made, who is alive, who listens."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.account import SOCKET_NAME, Account, EmbeddedError, program
from ledger.owned_files import sync

ADMIN: Final = "postgres"
"""The superuser of the cluster."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """One embedded cluster, its log and its locks."""

    path: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory."""
        return self.path / "postgres"

    @property
    def log(self) -> Path:
        """PostgreSQL's log."""
        return self.path / "postgres.log"

    @property
    def pid_file(self) -> Path:
        """Where PostgreSQL writes its process id and the directory of its socket."""
        return self.cluster / "postmaster.pid"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else starts or stops the server during this block."""
        handle = self.lock("start")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def lock(self, name: str) -> int:
        """A file to lock; the caller closes it, and a kill does too."""
        return os.open(self.path / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def initialise(self, account: Account) -> None:
        """Makes the cluster, whole or not at all: a kill in the middle leaves nothing that looks like one."""
        if self.cluster.exists():
            return
        unfinished = self.path / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account.give(unfinished)
        done = subprocess.run(  # noqa: S603 (our own binary, no shell)
            [
                program("initdb"),
                *("-D", str(unfinished), "-U", ADMIN, "--encoding=UTF8", "--auth-local=trust", "--auth-host=reject"),
                # The builtin locale sorts the same way on every machine and survives its libc.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            env=environment(),
            user=account.user,
            group=account.group,
            extra_groups=account.groups,
        )
        if done.returncode != 0:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise EmbeddedError(f"the embedded PostgreSQL cannot be prepared in {self.path}: {' '.join(reason)}")
        unfinished.rename(self.cluster)
        sync(self.path)

    def nobody_alive(self) -> bool:
        """Whether no process of this server is left, orphans of a killed one included."""
        handle = self.lock("alive")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def listening(self) -> Path | None:
        """The directory of the socket, if somebody listens on it, ready or still recovering."""
        lines = self._lines()
        if len(lines) < 5 or not lines[4]:
            return None
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as knock, contextlib.suppress(OSError):
            knock.connect(str(Path(lines[4]) / SOCKET_NAME))
            return Path(lines[4])
        return None

    def pid(self) -> int | None:
        """The process that says it is the server."""
        lines = self._lines()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _lines(self) -> list[str]:
        try:
            return self.pid_file.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def last_words(self) -> str:
        """Why the server did not start, in its own words."""
        lines = self.log.read_text(errors="replace").splitlines()
        fatal = [line for line in lines[-50:] if "FATAL" in line or "PANIC" in line]
        return (fatal or lines or ["it said nothing"])[-1]


def environment() -> dict[str, str]:
    """Ours, without what would steer PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))} | {"LC_ALL": "C"}
