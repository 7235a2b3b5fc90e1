"""The lines of pages that an invoice names, and the pages a price is worked out from: as they are kept."""

from collections.abc import Sequence

from ledger.identifiers import Commune, Stream
from projections.question import Question


def lines(commune: Commune, stream: Stream, versions: Sequence[int]) -> Question:
    """Some lines of a page, with what each is held against: its digest, its leaf and its position once it is sealed."""
    return Question(
        sql="""
            SELECT e.stream, e.version, e.stored, e.digest, s.leaf, s.position
            FROM entries e LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
            WHERE e.commune = %(commune)s AND e.stream = %(stream)s AND e.version = ANY(%(versions)s)
            ORDER BY e.version
        """,
        values={"commune": commune, "stream": stream, "versions": list(versions)},
    )


def pages(commune: Commune, streams: Sequence[Stream]) -> Question:
    """Every line of these pages, with the same."""
    return Question(
        sql="""
            SELECT e.stream, e.version, e.stored, e.digest, s.leaf, s.position, e.arrival
            FROM entries e LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
            WHERE e.commune = %(commune)s AND e.stream = ANY(%(streams)s)
            ORDER BY e.stream, e.version
        """,
        values={"commune": commune, "streams": list(streams)},
    )
