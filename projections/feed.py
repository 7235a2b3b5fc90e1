"""The sealed lines of a town, in the order of their positions: a question of whoever follows the whole ledger."""

from ledger.identifiers import Commune
from projections.question import Question


def sealed(commune: Commune, *, after: int, limit: int) -> Question:
    """The lines after a position, and what each says."""
    return Question(
        sql="""
            SELECT s.position, e.stream, e.version, e.type, e.recorded_at, e.stored, e.digest
            FROM seals s JOIN entries e ON e.commune = s.commune AND e.arrival = s.arrival
            WHERE s.commune = %(commune)s AND s.position > %(after)s
            ORDER BY s.position LIMIT %(limit)s
        """,
        values={"commune": commune, "after": after, "limit": limit},
    )
