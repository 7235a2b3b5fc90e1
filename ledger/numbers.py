"""The numbers of a town's demandes, when they come from another system."""

from typing import Final

import psycopg

from ledger.identifiers import Commune

_RAISE: Final = "SELECT ardoise.raise_demande_number(%s, %s)"


def set_next_number(owner_url: str, commune: Commune, wanted: int) -> int:
    """Makes a town's demandes go on from a number, as the owner; answers the next number, which never goes back."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        row = connection.execute(_RAISE, (commune, wanted)).fetchone()
    assert row is not None
    return int(row[0])
