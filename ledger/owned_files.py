"""Files of an installation beside its database: made whole or not at all, for their owner alone, on the disk."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from ledger.settings import SettingsError

LARGEST_BYTES: Final = 64 * 1024
_OWNER_ONLY: Final = 0o600


def make_once(path: Path, content: bytes, *, draft: str | None = None, mode: int = _OWNER_ONLY) -> None:
    """On the disk when it returns; of several processes that make it together, the first one's is the file.

    `draft` begins the name of what a writer that is killed leaves behind. Raises OSError.
    """
    begun = path.with_name(f"{draft or f'{path.name}.'}{uuid4().hex}")
    descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(begun, path)
    finally:
        begun.unlink()
    sync(path.parent)


def read_owned(path: Path, variable: str) -> str:
    """A file of keys that nobody else can read. Raises SettingsError, which names the variable."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise SettingsError(f"{variable}: {path} is not a file.")
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise SettingsError(f"{variable}: {path} can be read by others: chmod 600.")
            content = file.read(LARGEST_BYTES)
    except OSError as error:
        raise SettingsError(f"{variable}: {path} cannot be read: {error.strerror}.") from error
    return content.decode("ascii", errors="replace")


def sync(directory: Path) -> None:
    """The names in a directory are on the disk when it returns. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
