"""A payer's page folded: what a household was asked for, what it paid, and what it owes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from ledger.entry import Entry
from ledger.events import (
    DirectDebitAsked,
    DirectDebitReturned,
    MandateRevoked,
    MandateSigned,
    PaymentCancelled,
    PaymentRecorded,
    TitreIssued,
)
from ledger.identifiers import HouseholdId, MandateId, Month, PaymentId, TitreNumber


class Titre(NamedTuple):
    """What a household owes under one number."""

    number: TitreNumber
    month: Month
    total_cents: int
    """Below zero for a credit."""
    issued_on: date
    due_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Payer:
    """The account of a household with the régie."""

    household: HouseholdId
    titres: Mapping[TitreNumber, Titre] = field(default_factory=dict)
    """In the order they were issued."""
    payments: Mapping[PaymentId, PaymentRecorded] = field(default_factory=dict)
    """Those that stand, in the order they were recorded."""
    cancelled: frozenset[PaymentId] = frozenset()
    entered: Mapping[PaymentId, tuple[PaymentRecorded, datetime]] = field(default_factory=dict)
    """Every payment, those that were cancelled included, and when it was recorded."""
    mandates: Mapping[MandateId, MandateSigned] = field(default_factory=dict)
    revoked: frozenset[MandateId] = frozenset()
    debits: tuple[DirectDebitAsked, ...] = ()
    returned: tuple[DirectDebitReturned, ...] = ()

    @property
    def mandate(self) -> MandateSigned | None:
        """The mandate in force: the last signed, unless it was revoked."""
        signed = [each for each in self.mandates.values() if each.mandate not in self.revoked]
        return signed[-1] if signed else None

    @property
    def billed_cents(self) -> int:
        """All titres together, credits taken off."""
        return sum(titre.total_cents for titre in self.titres.values())

    @property
    def paid_cents(self) -> int:
        """All that was received."""
        return sum(payment.amount_cents for payment in self.payments.values())

    @property
    def balance_cents(self) -> int:
        """What is owed: titres minus credits minus payments. Below zero, the town owes the household."""
        return self.billed_cents - self.paid_cents

    def of_month(self, month: Month) -> Titre | None:
        """The titre of a month."""
        return next((titre for titre in self.titres.values() if titre.month == month), None)


def evolve(payer: Payer | None, entries: Iterable[Entry]) -> Payer | None:
    """The payer after these entries of its page."""
    for entry in entries:
        payer = _after(payer or Payer(household=HouseholdId(entry.stream.rsplit("/", 1)[1])), entry)
    return payer


def _after(payer: Payer, entry: Entry) -> Payer:
    match entry.fact:
        case TitreIssued() as issued:
            titre = Titre(issued.titre, issued.month, issued.total_cents, issued.issued_on, issued.due_on)
            return replace(payer, titres={**payer.titres, issued.titre: titre})
        case PaymentRecorded() as paid:
            entered = {**payer.entered, paid.payment: (paid, entry.signature.recorded_at)}
            return replace(payer, payments={**payer.payments, paid.payment: paid}, entered=entered)
        case PaymentCancelled(payment=payment):
            left = {key: paid for key, paid in payer.payments.items() if key != payment}
            return replace(payer, payments=left, cancelled=payer.cancelled | {payment})
        case MandateSigned() as signed:
            return replace(payer, mandates={**payer.mandates, signed.mandate: signed})
        case MandateRevoked(mandate=mandate):
            return replace(payer, revoked=payer.revoked | {mandate})
        case DirectDebitAsked() as asked:
            return replace(payer, debits=(*payer.debits, asked))
        case DirectDebitReturned() as returned:
            return replace(payer, returned=(*payer.returned, returned))
        case _:
            return payer
