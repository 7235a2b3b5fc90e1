"""The file of the vault's own keys: outside the database, for its owner alone, never made twice."""

import base64
import binascii
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final
from uuid import uuid4

from ledger.settings import Settings, SettingsError
from vault.sealing import KEY_BYTES, KeyRing

VARIABLE: Final = "ARDOISE_VAULT_KEYS"
FILE: Final = "vault.keys"
"""Its name in the data directory of the embedded database."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_LARGEST_BYTES: Final = 64 * 1024
_OWNER_ONLY: Final = 0o600


def ring_of(settings: Settings) -> KeyRing:
    """The keys of a service with these settings. Raises SettingsError with the one sentence that says what to do."""
    if settings.vault_keys is not None:
        return read_ring(settings.vault_keys)
    if not settings.embedded and not settings.development:
        raise SettingsError(
            f"ARDOISE_DATABASE_URL is set but {VARIABLE} is not: name the file of the vault's keys"
            " (`ardoise vault new-key` prints a line for it)."
        )
    path = settings.data / FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
    return read_ring(path)


def new_line() -> str:
    """A line of the file, with a new key under a new name."""
    return f"k-{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def read_ring(path: Path) -> KeyRing:
    """The keys in a file, one `name:base64` per line, the current one first. Raises SettingsError."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise SettingsError(f"{VARIABLE}: {path} is not a file.")
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise SettingsError(f"{VARIABLE}: {path} can be read by others: chmod 600.")
            content = file.read(_LARGEST_BYTES)
    except OSError as error:
        raise SettingsError(f"{VARIABLE}: {path} cannot be read: {error.strerror}.") from error
    keys: dict[str, bytes] = {}
    for number, line in enumerate(content.decode("ascii", errors="replace").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, encoded = text.partition(":")
        key = _decoded(encoded)
        if _NAME.fullmatch(name) is None or key is None or name in keys:
            raise SettingsError(
                f"{VARIABLE}: line {number} of {path} is not a new name, a colon and 32 bytes in base64."
            )
        keys[name] = key
    if not keys:
        raise SettingsError(f"{VARIABLE}: {path} holds no key.")
    return KeyRing(keys)


def _decoded(encoded: str) -> bytes | None:
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _make(path: Path) -> None:
    """Makes the file with one key; of several processes that start together, the first one's is the file."""
    draft = path.with_name(f"{path.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_line() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
