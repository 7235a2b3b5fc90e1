"""What is asked of the books about money: payments, what is owed, mandates and direct debits."""

from dataclasses import dataclass
from datetime import date
from typing import Final, LiteralString

from ledger.events import Means
from ledger.identifiers import CollectionId, Commune, HouseholdId, MandateId, PaymentId
from projections.question import Question

_PAYMENTS: Final[LiteralString] = """
    SELECT payment, household, amount_cents, means, received_on, titre, reference, recorded_at, cancelled_on,
           cancelled_because
    FROM payments
"""
_PAYERS: Final[LiteralString] = """
    SELECT household, billed_cents, paid_cents, balance_cents, mandate FROM payers
"""
_MANDATES: Final[LiteralString] = """
    SELECT mandate, household, guardian, signed_on, digest, revoked_at FROM mandates
"""
_DEBITS: Final[LiteralString] = """
    SELECT collection, titre, household, mandate, amount_cents, sequence, collect_on, reason, returned_at
    FROM direct_debits
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentPlace:
    """Where a list of payments goes on: after this one."""

    received_on: date
    payment: PaymentId


def payment(commune: Commune, payment: PaymentId) -> Question:
    """One payment, whatever became of it."""
    return Question(
        sql=_PAYMENTS + " WHERE commune = %(commune)s AND payment = %(payment)s",
        values={"commune": commune, "payment": payment},
    )


def payments_of(commune: Commune, household: HouseholdId) -> Question:
    """The payments of a household in the order they were received, those that were cancelled included."""
    return Question(
        sql=_PAYMENTS + " WHERE commune = %(commune)s AND household = %(household)s ORDER BY received_on, payment",
        values={"commune": commune, "household": household},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class WhichPayments:
    """Which payments of a town are wanted; None is all."""

    household: HouseholdId | None = None
    means: Means | None = None


EVERY_PAYMENT: Final = WhichPayments()


def payments_between(
    commune: Commune,
    first: date,
    last: date,
    which: WhichPayments = EVERY_PAYMENT,
    *,
    after: PaymentPlace | None,
    limit: int,
) -> Question:
    """The payments a town received between two days, both included, those that were cancelled included."""
    return Question(
        sql=_PAYMENTS
        + """
            WHERE commune = %(commune)s AND received_on BETWEEN %(first)s AND %(last)s
              AND (%(household)s::text IS NULL OR household = %(household)s)
              AND (%(means)s::text IS NULL OR means = %(means)s)
              AND (%(after_day)s::date IS NULL
                   OR (received_on, payment) > (%(after_day)s::date, %(after_payment)s::text))
            ORDER BY received_on, payment LIMIT %(limit)s
        """,
        values={
            "commune": commune,
            "first": first,
            "last": last,
            "household": which.household,
            "means": which.means,
            "after_day": after.received_on if after else None,
            "after_payment": after.payment if after else None,
            "limit": limit,
        },
    )


def balance_of(commune: Commune, household: HouseholdId) -> Question:
    """What a household owes: one row, none when it was never asked for anything."""
    return Question(
        sql=_PAYERS + " WHERE commune = %(commune)s AND household = %(household)s",
        values={"commune": commune, "household": household},
    )


def unsettled(commune: Commune, *, after: HouseholdId | None, limit: int) -> Question:
    """The households that owe something, or are owed something."""
    return Question(
        sql=_PAYERS
        + """
            WHERE commune = %(commune)s AND balance_cents <> 0
              AND (%(after)s::text IS NULL OR household > %(after)s)
            ORDER BY household LIMIT %(limit)s
        """,
        values={"commune": commune, "after": after, "limit": limit},
    )


# Mandates and direct debits.


def mandate(commune: Commune, mandate: MandateId) -> Question:
    """One mandate, whatever became of it."""
    return Question(
        sql=_MANDATES + " WHERE commune = %(commune)s AND mandate = %(mandate)s",
        values={"commune": commune, "mandate": mandate},
    )


def mandates_of(commune: Commune, household: HouseholdId) -> Question:
    """The mandates of a household, those that were revoked included."""
    return Question(
        sql=_MANDATES + " WHERE commune = %(commune)s AND household = %(household)s ORDER BY signed_on, mandate",
        values={"commune": commune, "household": household},
    )


def debits_of(commune: Commune, household: HouseholdId) -> Question:
    """The direct debits a household was to pay by, and those that came back."""
    return Question(
        sql=_DEBITS
        + " WHERE commune = %(commune)s AND household = %(household)s ORDER BY collect_on, titre, collection",
        values={"commune": commune, "household": household},
    )


def debits_of_collection(commune: Commune, collection: CollectionId) -> Question:
    """The direct debits of one file for the bank."""
    return Question(
        sql=_DEBITS + " WHERE commune = %(commune)s AND collection = %(collection)s ORDER BY titre",
        values={"commune": commune, "collection": collection},
    )


def collections(commune: Commune) -> Question:
    """The files sent to the bank, the oldest first."""
    return Question(
        sql="""
            SELECT collection, collect_on, debits, total_cents, digest, sent_at FROM collections
            WHERE commune = %(commune)s ORDER BY sent_at, collection
        """,
        values={"commune": commune},
    )
