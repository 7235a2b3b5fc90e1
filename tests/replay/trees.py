"""Trees of any size in a real database, without a ledger: leaves that are numbers."""

from collections.abc import Sequence
from hashlib import sha256

import psycopg

from ledger.database import service_conninfo
from ledger.identifiers import Commune
from ledger.settings import Settings
from replay.sealing.merkle import Frontier, leaf_hash, node_hash
from replay.sealing.tree import Connection
from tests.servers import Database


def connected(database: Database) -> Connection:
    """A connection as the service has them."""
    return psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True)


def leaf(commune: str, number: int) -> bytes:
    """The leaf of a line that says a number."""
    return leaf_hash(f"{commune} {number}".encode())


def grow(connection: Connection, commune: Commune, size: int, start: int = 0) -> list[bytes]:
    """Seals lines of a town up to a size; the leaves from the beginning."""
    frontier = Frontier()
    leaves = [leaf(commune, number) for number in range(size)]
    nodes = [node for each in leaves for node in frontier.add(each)]
    with connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        connection.execute(
            """INSERT INTO ardoise.seals (commune, position, arrival, leaf, stream, line)
               SELECT %s, position, position, leaf, 'page', position
               FROM unnest(%s::bytea[]) WITH ORDINALITY AS l (leaf, position) WHERE position > %s""",
            (commune, leaves, start),
        )
        fresh = [node for node in nodes if (node.ordinal + 1) << node.height > start]
        connection.cursor().executemany(
            "INSERT INTO ardoise.tree_nodes VALUES (%s, %s, %s, %s)", [(commune, *node) for node in fresh]
        )
        connection.execute(
            "INSERT INTO ardoise.trees VALUES (%s, %s) ON CONFLICT (commune) DO UPDATE SET size = excluded.size",
            (commune, size),
        )
    return leaves


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """The root as RFC 9162 defines it, computed again from nothing."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0] if level else sha256(b"").digest()
