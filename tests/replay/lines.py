"""Lines brought to a ledger as SQL brings them, in transactions a test holds open; and what the seal made of them."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from api.background import leader_conninfo
from ledger.database import service_conninfo
from ledger.identifiers import Commune
from ledger.settings import Settings
from replay.sealing.seal import Seal
from tests.servers import Database

Connection = psycopg.Connection[TupleRow]

TOWN, OTHER = Commune("valmont"), Commune("grandville")


def writer(database: Database, town: Commune = TOWN) -> Connection:
    """The service on a connection that does not commit by itself."""
    patient = service_conninfo(
        database.service_url, Settings(), application="ardoise-test", idle_in_transaction_session_timeout="0"
    )
    connection = psycopg.connect(patient)
    connection.execute("SELECT set_config('ardoise.commune', %s, false)", (town,))
    connection.commit()
    return connection


def leader(database: Database) -> Connection:
    """A connection as the leader of the seal has it."""
    return psycopg.connect(leader_conninfo(database.service_url, Settings(), "seal"), autocommit=True)


def bring(connection: Connection, page: str, *versions: int, town: Commune = TOWN) -> None:
    """Lines of a page, in the transaction that is open."""
    stored = [f"{town} {page} {version}".encode() for version in versions]
    connection.execute(
        """
        INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)
        SELECT %s, %s, e.version, 'test.1', clock_timestamp(), e.stored, sha256(e.stored)
        FROM unnest(%s::bigint[], %s::bytea[]) AS e (version, stored) ORDER BY e.version
        """,
        (town, f"child/{town}/{page}", list(versions), stored),
    )


def committed(database: Database, page: str, *versions: int, town: Commune = TOWN) -> None:
    """Lines of a page that are there."""
    with writer(database, town) as connection:
        bring(connection, page, *versions, town=town)


class Line(NamedTuple):
    """A sealed line."""

    position: int
    page: str
    version: int
    stored: bytes
    leaf: bytes


def sealed(database: Database, town: Commune = TOWN) -> list[Line]:
    """The sealed lines of a town, in order; nothing else was sealed."""
    with psycopg.connect(database.admin_url) as connection:
        rows = connection.execute(
            """
            SELECT s.position, split_part(e.stream, '/', 3), e.version, e.stored, s.leaf
            FROM ardoise.seals s LEFT JOIN ardoise.entries e USING (commune, arrival)
            WHERE commune = %s ORDER BY s.position
            """,
            (town,),
        ).fetchall()
    return [Line(*row) for row in rows]


def pages(database: Database, town: Commune = TOWN) -> list[str]:
    """The sealed lines of a town, in order, as `page version`."""
    return [f"{line.page} {line.version}" for line in sealed(database, town)]


def waiting(database: Database) -> tuple[int, list[int]]:
    """Where a new leader would start from."""
    with psycopg.connect(database.admin_url) as connection:
        [found] = connection.execute("SELECT arrival, missing FROM ardoise.settled").fetchall()
    arrival, missing = found
    return arrival, missing


def reference_root(stored: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of RFC 9162, section 2.1.1, word for word."""
    if not stored:
        return sha256().digest()
    if len(stored) == 1:
        return sha256(b"\x00" + stored[0]).digest()
    split = 1
    while split * 2 < len(stored):
        split *= 2
    return sha256(b"\x01" + reference_root(stored[:split]) + reference_root(stored[split:])).digest()


def all_rounds(seal: Seal, connection: Any) -> None:
    """Rounds, until there is nothing more to read."""
    while seal.round(connection):
        pass
