"""The facts of the régie: months closed, titres issued, payments, mandates and direct debits."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ledger.identifiers import CollectionId, GuardianId, HouseholdId, MandateId, Month, PaymentId, TitreNumber
from ledger.parts_of_bills import BilledLine

Means = Literal["card", "cheque", "cash", "transfer", "direct_debit", "voucher"]
"""How money came. A voucher is a CESU."""
CancelledBecause = Literal["mistake", "unpaid_cheque", "returned_debit"]
DebitSequence = Literal["FRST", "RCUR"]
"""The first direct debit of a mandate, and those after it."""


# On the régie's page.


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthClosed:
    """A month is billed, for ever: every titre follows from what the ledger held up to a sealed position."""

    month: Month
    position: int
    year: int
    """The year its titres are numbered in."""
    first_number: int
    titres: int
    total_cents: int
    digest: str
    """SHA-256, in hexadecimal, of the canonical bills one after another, in the order of their numbers."""
    issued_on: date
    due_on: date
    left_out: int = 0
    """Days that could not be billed yet and that the régisseur chose to leave out: they come as regularisations."""
    from_here: bool = False
    """The first month a town bills, and the régisseur said so: nothing of a month before it is ever billed here."""
    instead_of: str | None = None
    """The digest of the close of the same month that this one replaces: facts do not give it, and no titre is of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectionSent:
    """Direct debits were asked for together, in one file for the bank."""

    collection: CollectionId
    collect_on: date
    debits: int
    total_cents: int
    digest: str
    """SHA-256 of the file, in hexadecimal."""


# On a payer's page.


@dataclass(frozen=True, kw_only=True, slots=True)
class TitreIssued:
    """What a household owes for a month, line by line. Never changed: what comes later is a line of another titre.

    A total below zero is a credit.
    """

    titre: TitreNumber
    household: HouseholdId
    month: Month
    position: int
    issued_on: date
    due_on: date
    total_cents: int
    lines: tuple[BilledLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentRecorded:
    """Money came. Of no titre in particular, it goes to the oldest that is not paid."""

    payment: PaymentId
    household: HouseholdId
    amount_cents: int
    means: Means
    received_on: date
    titre: TitreNumber | None = None
    reference: str | None = None
    """Of the cheque, the transfer or the online payment: letters, digits, spaces and hyphens, never a name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentCancelled:
    """The payment did not happen after all."""

    payment: PaymentId
    because: CancelledBecause
    cancelled_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateSigned:
    """A guardian lets the town debit an account. The account itself is in the vault."""

    mandate: MandateId
    household: HouseholdId
    guardian: GuardianId
    signed_on: date
    digest: str
    """Of the account in the vault, as `DetailsKept` has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateRevoked:
    """No account is debited under that mandate any more."""

    mandate: MandateId


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectDebitAsked:
    """The bank is asked to take what a titre still owes."""

    collection: CollectionId
    mandate: MandateId
    titre: TitreNumber
    amount_cents: int
    sequence: DebitSequence
    collect_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectDebitReturned:
    """The bank did not pay it, and says why in one of its four-character reason codes (ISO 20022)."""

    collection: CollectionId
    titre: TitreNumber
    reason: str


PayerFact = (
    TitreIssued
    | PaymentRecorded
    | PaymentCancelled
    | MandateSigned
    | MandateRevoked
    | DirectDebitAsked
    | DirectDebitReturned
)
RegieFact = MonthClosed | CollectionSent
