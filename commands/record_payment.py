"""The régie records what came: one payment, or all those of a bank statement."""

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Final

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused
from commands.town_days import town_day
from ledger.events import Means, PaymentRecorded
from ledger.identifiers import Commune, HouseholdId, PaymentId, Stream, TitreNumber
from ledger.payer import Payer
from ledger.store import Write
from ledger.streams import payer_page

MOST_CASH_CENTS: Final = 30_000
"""300 € (Code général des impôts, article 1680: what is owed to a town may be paid in cash up to that). Counted by
household and day: several lines of one visit are one payment."""
EARLIEST: Final = date(2000, 1, 1)
"""A day before is mistyped: no town had a ledger here."""
HIGHEST_PAYMENT_CENTS: Final = 9_999_999
"""99 999,99 €: a hundred times what a family owes in a year."""
_Likeness = tuple[HouseholdId, Means, str | None, int, date]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPayment:
    """Money of a household."""

    payment: PaymentId
    household: HouseholdId
    amount_cents: int
    means: Means
    received_on: date
    titre: TitreNumber | None = None
    reference: str | None = None
    again: bool = False
    """Another payment, although one like it is recorded under the same reference."""

    def fact(self) -> PaymentRecorded:
        """What the payer's page says."""
        return PaymentRecorded(
            payment=self.payment,
            household=self.household,
            amount_cents=self.amount_cents,
            means=self.means,
            received_on=self.received_on,
            titre=self.titre,
            reference=self.reference,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPayments:
    """Records them all or none, and says of each what is wrong with it."""

    payments: Sequence[NewPayment]

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of those who paid."""
        return list(dict.fromkeys(payer_page(commune, each.household) for each in self.payments))

    def decide(self, known: Known) -> Outcome:
        """Recorded, each once."""
        refusals = tuple(self._refusals(known))
        if refusals:
            return Refused(refusals=refusals)
        return Accepted(writes=[Write(page=known.payer(each.household), facts=[each.fact()]) for each in self.payments])

    def _refusals(self, known: Known) -> Iterator[Refusal]:
        today = town_day(known.rules, known.now)
        cash: Counter[tuple[HouseholdId, date]] = Counter()
        seen: set[_Likeness] = set()
        for place, each in enumerate(self.payments):
            if each.means == "cash":
                cash[each.household, each.received_on] += each.amount_cents
            code = _code(known, each, today, cash_cents=cash[each.household, each.received_on])
            if code is None and not each.again and each.reference is not None:
                code = _twice(known, each, seen)
            if code is not None:
                yield Refusal(code=code, place=place)
            seen.add(_likeness(each))


def _code(known: Known, said: NewPayment, today: date, *, cash_cents: int) -> str | None:
    """What is wrong with a payment, which comes with so much cash of its household and day, itself included."""
    payer = known.payer(said.household).state
    if payer is None:
        return "unknown_payer"
    if said.titre is not None and (said.titre not in payer.titres or payer.titres[said.titre].total_cents <= 0):
        return "unknown_titre"
    if said.titre is not None and said.received_on < payer.titres[said.titre].issued_on:
        return "day_before_titre"
    if not 0 < said.amount_cents <= HIGHEST_PAYMENT_CENTS:
        return "amount_out_of_bounds"
    if said.means == "cash" and _cash_of(payer, said.received_on) + cash_cents > MOST_CASH_CENTS:
        return "cash_over_limit"
    if said.received_on > today:
        return "day_not_come"
    if said.received_on < EARLIEST:
        return "day_out_of_reach"
    if said.payment in payer.payments or said.payment in payer.cancelled:
        return "already_registered"
    return None


def _likeness(paid: NewPayment | PaymentRecorded) -> _Likeness:
    return paid.household, paid.means, paid.reference, paid.amount_cents, paid.received_on


def _twice(known: Known, said: NewPayment, seen: AbstractSet[_Likeness]) -> str | None:
    """Whether the same cheque is recorded already, or given twice."""
    payer = known.payer(said.household).state
    before = payer.payments.values() if payer is not None else ()
    return "payment_already_recorded" if _likeness(said) in {*seen, *map(_likeness, before)} else None


def _cash_of(payer: Payer, day: date) -> int:
    """The cash of a household that was recorded of a day, and stands."""
    return sum(paid.amount_cents for paid in payer.payments.values() if (paid.means, paid.received_on) == ("cash", day))
