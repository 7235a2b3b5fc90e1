"""Which pages an answer about the past is folded from: their names, under `stream`, as the present knows them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Slug, Stream, Subject
from ledger.streams import child_page, household_page
from projections.question import Question


def _values(commune: Commune, **more: Any) -> dict[str, Any]:
    prefixes = {"of_child": child_page(commune, ChildId("")), "of_household": household_page(commune, HouseholdId(""))}
    return {"commune": commune, **prefixes, **more}


def families(commune: Commune, households: Sequence[HouseholdId]) -> Question:
    """The pages of households and of every child they ever had: those who left are known behind the seal."""
    return Question(
        sql="""
            SELECT %(of_household)s || household AS stream FROM unnest(%(households)s::text[]) AS asked (household)
            UNION SELECT %(of_child)s || child FROM household_children
            WHERE commune = %(commune)s AND household = ANY(%(households)s)
            UNION SELECT %(of_child)s || child FROM children
            WHERE commune = %(commune)s AND household = ANY(%(households)s)
        """,
        values=_values(commune, households=list(households)),
    )


def listed(commune: Commune, *, after: str | None, limit: int, known_at: datetime) -> Question:
    """The same, for the households opened by an instant that come after one of them."""
    return Question(
        sql="""
            WITH opened AS (
                SELECT stream, split_part(stream, '/', 3) AS household FROM entries
                WHERE commune = %(commune)s AND stream > %(after)s AND type = 'household_opened.v1'
                  AND recorded_at <= %(known_at)s
                ORDER BY stream LIMIT %(limit)s
            )
            SELECT stream FROM opened
            UNION SELECT %(of_child)s || c.child FROM opened o JOIN household_children c
                ON c.commune = %(commune)s AND c.household = o.household
            UNION SELECT %(of_child)s || c.child FROM opened o JOIN children c
                ON c.commune = %(commune)s AND c.household = o.household
        """,
        values=_values(
            commune, after=household_page(commune, HouseholdId(after or "")), limit=limit, known_at=known_at
        ),
    )


def account(commune: Commune, subject: Subject) -> Question:
    """The pages of the households an account speaks for, and of their children."""
    return Question(
        sql="""
            SELECT %(of_household)s || g.household AS stream FROM guardians g
            WHERE g.commune = %(commune)s AND g.subject = %(subject)s AND g.standing = 'active'
            UNION SELECT %(of_child)s || c.child
            FROM guardians g JOIN children c ON c.commune = g.commune AND c.household = g.household
            WHERE g.commune = %(commune)s AND g.subject = %(subject)s AND g.standing = 'active'
        """,
        values=_values(commune, subject=subject),
    )


def demande(commune: Commune, number: DemandeNumber) -> Question:
    """The page a demande stands on."""
    return Question(
        sql="""
            SELECT coalesce(%(of_child)s || child, %(of_household)s || household) AS stream FROM demandes
            WHERE commune = %(commune)s AND number = %(number)s
        """,
        values=_values(commune, number=number),
    )


def day(commune: Commune, activity: Slug, asked: date) -> Question:
    """The pages of the children somebody ever asked this day for, or who were ever recorded on it."""
    return Question(
        sql="""
            SELECT %(of_child)s || child AS stream FROM demandes
            WHERE commune = %(commune)s AND activity = %(activity)s AND child IS NOT NULL
              AND first_day <= %(day)s AND last_day >= %(day)s
              AND days @> jsonb_build_array(jsonb_build_object('day', %(day)s::date::text))
            UNION SELECT %(of_child)s || child FROM attendance
            WHERE commune = %(commune)s AND activity = %(activity)s AND day = %(day)s
        """,
        values=_values(commune, activity=activity, day=asked),
    )


def lines(commune: Commune, streams: Sequence[Stream], *, known_at: datetime) -> Question:
    """The lines of these pages that were known at an instant: each page up to its first line recorded after it.

    Each comes with what it is held against: its digest, and its leaf once it is sealed.
    Where a page ends is worked out once a page, before any line is read: joined, it could be once a line.
    """
    return Question(
        sql="""
            WITH ends AS MATERIALIZED (
                SELECT wanted.stream, wanted.place, (
                    SELECT coalesce(min(f.version), 9223372036854775807) FROM entries f
                    WHERE f.commune = %(commune)s AND f.stream = wanted.stream AND f.recorded_at > %(known_at)s
                ) AS version
                FROM unnest(%(streams)s::text[]) WITH ORDINALITY AS wanted (stream, place)
            )
            SELECT ends.stream, e.version, e.stored, e.digest, e.leaf
            FROM ends CROSS JOIN LATERAL (
                SELECT l.version, l.stored, l.digest, (
                    SELECT s.leaf FROM seals s WHERE s.commune = %(commune)s AND s.arrival = l.arrival
                ) AS leaf FROM entries l
                WHERE l.commune = %(commune)s AND l.stream = ends.stream AND l.version < ends.version
                ORDER BY l.version
            ) e
            ORDER BY ends.place, e.version
        """,
        values={"commune": commune, "streams": list(streams), "known_at": known_at},
    )


def followed(commune: Commune, *, known_at: datetime) -> Question:
    """Whether what is read behind the seal is whole for an instant: every line recorded by then was followed.

    Lines are looked up one by one, by scalar subqueries: they are few when nothing is late, and no plan of a database
    whose statistics are old then reads a table again for each of them.
    """
    return Question(
        sql="""
            SELECT NOT EXISTS (
                SELECT FROM parked p
                JOIN entries e ON e.commune = p.commune AND e.stream = p.stream AND e.version = p.line
                WHERE p.commune = %(commune)s AND p.model = 'past' AND e.recorded_at <= %(known_at)s
            ) AND NOT EXISTS (  -- a position that the tree has not: nobody knows what was followed
                SELECT FROM followed f
                WHERE f.commune = %(commune)s AND f.model = 'past'
                  AND f.position > coalesce((SELECT t.size FROM trees t WHERE t.commune = %(commune)s), 0)
            ) AND NOT EXISTS (
                SELECT FROM seals s
                WHERE s.commune = %(commune)s
                  AND s.position > coalesce(
                      (SELECT f.position FROM followed f WHERE f.commune = %(commune)s AND f.model = 'past'), 0)
                  AND (SELECT e.recorded_at FROM entries e
                       WHERE e.commune = %(commune)s AND e.arrival = s.arrival) <= %(known_at)s
            ) AND NOT EXISTS (
                SELECT FROM (
                    SELECT arrival, recorded_at FROM entries
                    WHERE commune = %(commune)s AND arrival > coalesce((SELECT arrival FROM settled), 0)
                    UNION ALL
                    SELECT arrival, recorded_at FROM entries
                    WHERE commune = %(commune)s AND arrival = ANY ((SELECT missing FROM settled)::bigint[])
                ) e
                WHERE e.recorded_at <= %(known_at)s
                  AND (SELECT s.position FROM seals s
                       WHERE s.commune = %(commune)s AND s.arrival = e.arrival) IS NULL
            ) AS followed
        """,
        values={"commune": commune, "known_at": known_at},
    )
