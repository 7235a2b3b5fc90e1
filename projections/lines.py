"""The lines of pages as they are kept, and whose they are: questions of those who tell or follow a history."""

from collections.abc import Sequence

from ledger.identifiers import ChildId, Commune, HouseholdId, Stream
from ledger.streams import child_page
from projections.question import Question


def index(commune: Commune, streams: Sequence[Stream]) -> Question:
    """Every line of these pages, without what it says: in which order it came, and its position once sealed."""
    return Question(
        sql="""
            SELECT e.stream, e.version, e.type, e.recorded_at, e.arrival, s.position
            FROM entries e LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
            WHERE e.commune = %(commune)s AND e.stream = ANY(%(streams)s)
            ORDER BY e.stream, e.version
        """,
        values={"commune": commune, "streams": list(streams)},
    )


def stored(commune: Commune, stream: Stream, *, after: int, upto: int) -> Question:
    """The lines of a page after one and up to another: their bytes, their digests, and their leaves once sealed."""
    return Question(
        sql="""
            SELECT e.stream, e.version, e.stored, e.digest, s.leaf
            FROM entries e LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
            WHERE e.commune = %(commune)s AND e.stream = %(stream)s
              AND e.version > %(after)s AND e.version <= %(upto)s
            ORDER BY e.version
        """,
        values={"commune": commune, "stream": stream, "after": after, "upto": upto},
    )


def children_ever(commune: Commune, household: HouseholdId) -> Question:
    """The children of a household, those who left included."""
    return Question(
        sql="""
            SELECT child FROM children WHERE commune = %(commune)s AND household = %(household)s
            UNION
            SELECT child FROM household_children WHERE commune = %(commune)s AND household = %(household)s
            ORDER BY child
        """,
        values={"commune": commune, "household": household},
    )


def moves(commune: Commune, children: Sequence[ChildId]) -> Question:
    """When these children came to each of their households, and left it: lines of their pages."""
    return Question(
        sql="""
            SELECT stream, version, convert_from(stored, 'UTF8')::jsonb #>> '{fact,household}' AS household,
                   type NOT LIKE 'child_left_household.%%' AS came
            FROM entries
            WHERE commune = %(commune)s AND stream = ANY(%(streams)s)
              AND split_part(type, '.', 1) IN ('child_registered', 'child_joined_household', 'child_left_household')
            ORDER BY stream, version
        """,
        values={"commune": commune, "streams": [child_page(commune, child) for child in children]},
    )


def activations_of(commune: Commune, household: HouseholdId) -> Question:
    """The activations that tied an account to a guardian of a household, and when each was granted."""
    return Question(
        sql="""
            SELECT activation, guardian, decided_at FROM activations
            WHERE commune = %(commune)s AND household = %(household)s AND status = 'granted'
        """,
        values={"commune": commune, "household": household},
    )
