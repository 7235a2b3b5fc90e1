"""The lines of pages that an invoice names, and the pages a price is worked out from: as they are kept."""

from collections.abc import Sequence

from ledger.identifiers import Commune, Month, Stream
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


def pages_about(commune: Commune, streams: Sequence[Stream], months: Sequence[Month]) -> Question:
    """The lines of these pages, but those that only say that a child came on a day of other months.

    Most lines of a child say that it came, and a price of this month asks nothing of last year's. A line that is not
    as it was written is always given, and refused by whoever reads it.
    """
    days = [f'"day":"{month}-'.encode() for month in months]
    return Question(
        sql="""
            SELECT e.stream, e.version, e.stored, e.digest, s.leaf, s.position, e.arrival
            FROM entries e LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
            WHERE e.commune = %(commune)s AND e.stream = ANY(%(streams)s)
              AND (position(%(attendance)s::bytea IN e.stored) = 0 OR position(%(came)s::bytea IN e.stored) = 0
                   OR EXISTS (SELECT FROM unnest(%(days)s::bytea[]) AS named (day) WHERE position(day IN e.stored) > 0)
                   OR sha256(e.stored) <> e.digest OR sha256('\\x00'::bytea || e.stored) <> s.leaf)
            ORDER BY e.stream, e.version
        """,
        values={
            "commune": commune,
            "streams": list(streams),
            "attendance": b'"type":"attendance_recorded.v1"',
            "came": b'"presence":"present"',
            "days": days,
        },
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
