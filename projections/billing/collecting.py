"""What is asked of the books before the bank is: who may owe something under a mandate, and what became of a file."""

from datetime import date, datetime

from ledger.identifiers import CollectionId, Commune, Month
from projections.question import Question


def collectable(commune: Commune, collect_on: date, month: Month | None, *, limit: int) -> Question:
    """The households that owe more than the bank was asked for, under a mandate, some of it by that day."""
    return Question(
        sql="""
            SELECT p.household FROM payers p
            WHERE p.commune = %(commune)s AND p.mandate IS NOT NULL
              AND p.balance_cents > coalesce((
                  SELECT sum(d.amount_cents) FROM direct_debits d
                  WHERE d.commune = p.commune AND d.household = p.household AND d.reason IS NULL
                    AND NOT EXISTS (
                        SELECT FROM payments y
                        WHERE y.commune = d.commune AND y.household = d.household AND y.titre = d.titre
                          AND y.means = 'direct_debit' AND y.reference = d.mandate AND y.received_on = d.collect_on
                    )), 0)
              AND EXISTS (
                  SELECT FROM titres t
                  WHERE t.commune = p.commune AND t.household = p.household AND t.total_cents > 0
                    AND t.due_on <= %(collect_on)s AND (%(month)s::text IS NULL OR t.month = %(month)s))
            ORDER BY p.household LIMIT %(limit)s
        """,
        values={"commune": commune, "collect_on": collect_on, "month": month, "limit": limit},
    )


def collection(commune: Commune, collection: CollectionId) -> Question:
    """One file of direct debits: one row, or none."""
    return Question(
        sql="""
            SELECT collection, collect_on, debits, total_cents, digest, sent_at FROM collections
            WHERE commune = %(commune)s AND collection = %(collection)s
        """,
        values={"commune": commune, "collection": collection},
    )


def collections(commune: Commune, *, after: tuple[datetime, str] | None, limit: int) -> Question:
    """The files of direct debits, the latest first, after one of them."""
    return Question(
        sql="""
            SELECT collection, collect_on, debits, total_cents, digest, sent_at FROM collections
            WHERE commune = %(commune)s
              AND (%(after_at)s::timestamptz IS NULL OR (sent_at, collection) < (%(after_at)s, %(after)s::text))
            ORDER BY sent_at DESC, collection DESC LIMIT %(limit)s
        """,
        values={
            "commune": commune,
            "after_at": after[0] if after else None,
            "after": after[1] if after else None,
            "limit": limit,
        },
    )


def debits(commune: Commune, collection: CollectionId) -> Question:
    """The debits of a file, by titre, and whether each was paid."""
    return Question(
        sql="""
            SELECT d.titre, d.household, d.mandate, d.amount_cents, d.sequence, d.reason, y.payment IS NOT NULL AS paid
            FROM direct_debits d LEFT JOIN payments y
              ON y.commune = d.commune AND y.household = d.household AND y.titre = d.titre
             AND y.means = 'direct_debit' AND y.reference = d.mandate AND y.received_on = d.collect_on
            WHERE d.commune = %(commune)s AND d.collection = %(collection)s
            ORDER BY d.titre
        """,
        values={"commune": commune, "collection": collection},
    )
