"""A payment did not happen after all: a mistake of the régie, or a cheque that was not paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from commands.outcome import Accepted, Known, Outcome, refused
from commands.town_days import town_day
from ledger.events import PaymentCancelled
from ledger.identifiers import Commune, HouseholdId, PaymentId, Stream
from ledger.store import Write
from ledger.streams import payer_page


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelPayment:
    """What it paid is owed again."""

    household: HouseholdId
    payment: PaymentId
    because: Literal["mistake", "unpaid_cheque"]

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of who paid."""
        return [payer_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Cancelled once; a direct debit is sent back by the bank, and by nobody else."""
        page = known.payer(self.household)
        if page.state is None:
            return refused("unknown_payment")
        if self.payment in page.state.cancelled:
            return refused("already_cancelled")
        paid = page.state.payments.get(self.payment)
        if paid is None:
            return refused("unknown_payment")
        if paid.means == "direct_debit":
            return refused("debit_to_return")
        today = town_day(known.rules, known.now)
        fact = PaymentCancelled(payment=self.payment, because=self.because, cancelled_on=today)
        return Accepted(writes=[Write(page=page, facts=[fact])])
