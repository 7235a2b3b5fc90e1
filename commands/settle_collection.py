"""The bank paid a collection: what did not come back is paid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from commands.direct_debits import payment_of, under_way
from commands.outcome import Accepted, Known, Outcome, refused
from commands.town_days import town_day
from ledger.events import DirectDebitAsked, PaymentRecorded
from ledger.identifiers import CollectionId, Commune, HouseholdId, Stream
from ledger.store import Write
from ledger.streams import payer_page, regie_page


@dataclass(frozen=True, kw_only=True, slots=True)
class SettleCollection:
    """Records the payment of every debit that neither came back nor was recorded; again, it records nothing."""

    collection: CollectionId
    households: Sequence[HouseholdId]
    """Those who were debited."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the régie and those of the payers."""
        return [regie_page(commune), *(payer_page(commune, household) for household in self.households)]

    def decide(self, known: Known) -> Outcome:
        """Recorded, once the day has come."""
        regie = known.regie().state
        if regie is None or self.collection not in regie.collections:
            return refused("unknown_collection")
        found = list(self._under_way(known))
        if any(debit.collect_on > town_day(known.rules, known.now) for _, debit in found):
            return refused("day_not_come")
        return Accepted(
            writes=[Write(page=known.payer(household), facts=[_paid(household, debit)]) for household, debit in found]
        )

    def _under_way(self, known: Known) -> Iterator[tuple[HouseholdId, DirectDebitAsked]]:
        for household in self.households:
            payer = known.payer(household).state
            for debit in under_way(payer) if payer is not None else ():
                if debit.collection == self.collection:
                    yield household, debit


def _paid(household: HouseholdId, debit: DirectDebitAsked) -> PaymentRecorded:
    return PaymentRecorded(
        payment=payment_of(debit.collection, debit.titre),
        household=household,
        amount_cents=debit.amount_cents,
        means="direct_debit",
        received_on=debit.collect_on,
        titre=debit.titre,
        reference=debit.mandate,
    )
