"""The file of the vault's own keys: outside the database, for its owner alone, never made twice."""

import base64
import binascii
import re
import secrets
from pathlib import Path
from typing import Any, Final

import psycopg

from ledger.database import service_conninfo
from ledger.owned_files import make_once, read_owned
from ledger.settings import Settings, SettingsError
from vault.sealing import KEY_BYTES, KeyRing

VARIABLE: Final = "ARDOISE_VAULT_KEYS"
FILE: Final = "vault.keys"
"""Its name in the data directory of the embedded database."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_NAMES: Final = """
    SELECT DISTINCT substring(wrapped FROM 3 FOR get_byte(wrapped, 1)) FROM vault.keys
    WHERE commune = %s AND wrapped IS NOT NULL AND octet_length(wrapped) > 1
"""
"""As `KeyRing.wrap` writes them."""


def ring_for(settings: Settings, service_url: str) -> KeyRing:
    """The keys of a service on this database: all those it was written with, or SettingsError."""
    conninfo = service_conninfo(service_url, settings, application="ardoise-vault")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        used = names_used(connection)
    return ring_of(settings, used=used)


def ring_of(settings: Settings, *, used: frozenset[str]) -> KeyRing:
    """The keys of a service with these settings. Raises SettingsError with the one sentence that says what to do.

    `used` are the names of the keys the database was written with: a file that lacks one is not the file of this
    database, and none is made in its place.
    """
    path = settings.vault_keys
    if path is None:
        path = _own_file(settings, used)
    ring = read_ring(path)
    lacking = sorted(used - set(ring.keys))
    if lacking:
        raise SettingsError(
            f"{VARIABLE}: {path} does not hold {', '.join(lacking)}, which wrapped keys of persons in this database:"
            " put back the file that was saved."
        )
    return ring


def _own_file(settings: Settings, used: frozenset[str]) -> Path:
    """The file of the data directory, made the first time."""
    if not settings.embedded and not settings.development:
        raise SettingsError(
            f"ARDOISE_DATABASE_URL is set but {VARIABLE} is not: name the file of the vault's keys"
            " (`ardoise vault new-key` prints a line for it)."
        )
    path = settings.data / FILE
    if not path.exists():
        if used:
            raise SettingsError(
                f"{path} is not there, and keys of persons in this database were wrapped by {', '.join(sorted(used))}:"
                " put back the file that was saved."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        make_once(path, f"{new_line()}\n".encode())
    return path


def names_used(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """The names of the keys that wrapped those of persons, in every town of a database."""
    found: set[str] = set()
    for [commune] in connection.execute("SELECT commune FROM vault.towns").fetchall():
        with connection.transaction():
            connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
            connection.execute("SET LOCAL statement_timeout = 0")
            found.update(bytes(name).decode("ascii", "replace") for [name] in connection.execute(_NAMES, (commune,)))
    return frozenset(found)


def new_line() -> str:
    """A line of the file, with a new key under a new name."""
    return f"k-{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def read_ring(path: Path) -> KeyRing:
    """The keys in a file, one `name:base64` per line, the current one first. Raises SettingsError."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(read_owned(path, VARIABLE).splitlines(), start=1):
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
