"""Wraps the keys of a town's persons again, after a new key came first in the file."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from ledger.identifiers import Commune, PersonId
from vault.sealing import KeyRing

_TENANT: Final = "SELECT set_config('ardoise.commune', %(commune)s, true)"
_WRAPPED: Final = """
    SELECT person, wrapped FROM vault.keys
    WHERE commune = %(commune)s AND wrapped IS NOT NULL AND person > %(after)s ORDER BY person LIMIT %(limit)s
"""
_REWRAP: Final = """
    UPDATE vault.keys SET wrapped = %(rewrapped)s
    WHERE commune = %(commune)s AND person = %(person)s AND wrapped = %(wrapped)s
"""
"""Only where the key is still the one that was read: whoever was forgotten meanwhile stays so."""
_BATCH: Final = 500


def rewrap(
    connection: psycopg.Connection[Any], ring: KeyRing, commune: Commune, progress: Callable[[int], None]
) -> int:
    """Wraps every key of a town with the current key; how many were not yet.

    Interrupted, it goes on where it was when it is run again. `progress` hears how many keys were looked at.
    """
    looked_at, changed, after = 0, 0, ""
    while True:
        with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(_TENANT, {"commune": commune})
            rows = cursor.execute(_WRAPPED, {"commune": commune, "after": after, "limit": _BATCH}).fetchall()
            changes = [change for row in rows if (change := _rewrapped(ring, commune, row)) is not None]
            for change in changes:
                cursor.execute(_REWRAP, change)
                changed += cursor.rowcount
        looked_at += len(rows)
        progress(looked_at)
        if len(rows) < _BATCH:
            return changed
        after = rows[-1]["person"]


def _rewrapped(ring: KeyRing, commune: Commune, row: Mapping[str, Any]) -> dict[str, Any] | None:
    wrapped = bytes(row["wrapped"])
    again = ring.rewrapped(commune, PersonId(row["person"]), wrapped)
    if again is None:
        return None
    return {"commune": commune, "person": row["person"], "wrapped": wrapped, "rewrapped": again}
