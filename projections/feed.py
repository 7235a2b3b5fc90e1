"""The sealed lines of a town, in the order of their positions: a question of whoever follows the whole ledger."""

from typing import Final

from ledger.identifiers import Commune
from projections.question import Question

MOST_BYTES: Final = 4 * 2**20
"""Of what the lines of a page say; a line that says more is a page of its own."""


def sealed(commune: Commune, *, after: int, limit: int) -> Question:
    """The lines after a position, and what each says: a page stops before the line that would make it too long.

    A line's length is known without reading what it says.
    """
    return Question(
        sql="""
            SELECT position, stream, version, type, recorded_at, stored, digest, leaf
            FROM (
                SELECT *, sum(length(stored)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS bytes,
                       row_number() OVER (ORDER BY position) AS place
                FROM (
                    SELECT s.position, s.leaf, e.stream, e.version, e.type, e.recorded_at, e.stored, e.digest
                    FROM seals s JOIN entries e ON e.commune = s.commune AND e.arrival = s.arrival
                    WHERE s.commune = %(commune)s AND s.position > %(after)s
                    ORDER BY s.position LIMIT %(limit)s
                ) few
            ) page
            WHERE place = 1 OR bytes <= %(most_bytes)s
            ORDER BY position
        """,
        values={"commune": commune, "after": after, "limit": limit, "most_bytes": MOST_BYTES},
    )
