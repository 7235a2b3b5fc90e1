"""The books at an instant: what was issued, closed and received by then, each written once with its instant."""

from datetime import datetime
from typing import Final, LiteralString

from ledger.identifiers import Commune
from projections.question import Question

_BY_THEN: Final[LiteralString] = """
    WITH titres AS NOT MATERIALIZED (
        SELECT * FROM ardoise.titres WHERE commune = %(commune)s AND issued_at <= %(known_at)s
    ), invoice_lines AS NOT MATERIALIZED (
        SELECT l.* FROM ardoise.invoice_lines l JOIN titres t ON t.commune = l.commune AND t.titre = l.titre
        WHERE l.commune = %(commune)s
    ), closed_months AS NOT MATERIALIZED (
        SELECT * FROM ardoise.closed_months WHERE commune = %(commune)s AND closed_at <= %(known_at)s
    ), payments AS NOT MATERIALIZED (
        SELECT commune, payment, household, amount_cents, means, received_on, titre, reference, recorded_at,
               CASE WHEN cancelled_at <= %(known_at)s THEN cancelled_on END AS cancelled_on,
               CASE WHEN cancelled_at <= %(known_at)s THEN cancelled_because END AS cancelled_because
        FROM ardoise.payments WHERE commune = %(commune)s AND recorded_at <= %(known_at)s
    ), collections AS NOT MATERIALIZED (
        SELECT * FROM ardoise.collections WHERE commune = %(commune)s AND sent_at <= %(known_at)s
    ), direct_debits AS NOT MATERIALIZED (
        SELECT d.commune, d.collection, d.titre, d.household, d.mandate, d.amount_cents, d.sequence, d.collect_on,
               CASE WHEN d.returned_at <= %(known_at)s THEN d.reason END AS reason,
               CASE WHEN d.returned_at <= %(known_at)s THEN d.returned_at END AS returned_at
        FROM ardoise.direct_debits d JOIN collections c ON c.commune = d.commune AND c.collection = d.collection
        WHERE d.commune = %(commune)s
    ) (
"""


def standing_at(asked: Question, commune: Commune, known_at: datetime) -> Question:
    """A question about titres, their lines, closed months, payments and collections, of those there were by then."""
    return Question(sql=_BY_THEN + asked.sql + ")", values={**asked.values, "commune": commune, "known_at": known_at})


def drafted_months(commune: Commune) -> Question:
    """The months that have a draft and are not closed, in the order of the calendar."""
    return Question(
        sql="""
            SELECT d.month FROM drafts d
            WHERE d.commune = %(commune)s AND NOT EXISTS (
                SELECT FROM closed_months c WHERE c.commune = d.commune AND c.month = d.month)
            ORDER BY d.month
        """,
        values={"commune": commune},
    )


def issued_of_last(commune: Commune) -> Question:
    """How many titres of the last closed month were issued: those of the months before it all were."""
    return Question(
        sql="""
            SELECT c.month, (
                SELECT count(*) FROM titres t WHERE t.commune = c.commune AND t.month = c.month) AS titres
            FROM closed_months c WHERE c.commune = %(commune)s ORDER BY c.month DESC LIMIT 1
        """,
        values={"commune": commune},
    )
