"""The bank sent direct debits back: they were not paid, or are not any more."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from commands.direct_debits import payment_of, returned
from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.town_days import town_day
from ledger.events import DirectDebitReturned, PayerFact, PaymentCancelled
from ledger.identifiers import CollectionId, Commune, HouseholdId, Stream, TitreNumber
from ledger.store import Write
from ledger.streams import payer_page, regie_page


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """One debit, and why it came back: a reason code of ISO 20022, such as AM04 for want of money."""

    household: HouseholdId | None
    """Who was debited for that titre in this collection; None when nobody was."""
    titre: TitreNumber
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnDebits:
    """Takes all of them back or none; what they paid is owed again."""

    collection: CollectionId
    returns: Sequence[Return]

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the régie and those of the payers."""
        payers = (payer_page(commune, each.household) for each in self.returns if each.household is not None)
        return [regie_page(commune), *dict.fromkeys(payers)]

    def decide(self, known: Known) -> Outcome:
        """Returned, with their payments if they had been recorded."""
        regie = known.regie().state
        if regie is None or self.collection not in regie.collections:
            return refused("unknown_collection")
        refusals = tuple(self._refusals(known))
        if refusals:
            return Refused(refusals=refusals)
        return Accepted(writes=[self._write(known, each) for each in self.returns])

    def _refusals(self, known: Known) -> Iterator[Refusal]:
        said = Counter(each.titre for each in self.returns)
        for place, each in enumerate(self.returns):
            payer = known.payer(each.household).state if each.household is not None else None
            debits = payer.debits if payer is not None else ()
            asked = next((one for one in debits if (one.collection, one.titre) == (self.collection, each.titre)), None)
            if payer is None or asked is None:
                yield Refusal(code="unknown_debit", place=place)
            elif returned(payer, asked) or said[each.titre] > 1:
                yield Refusal(code="already_returned", place=place)

    def _write(self, known: Known, each: Return) -> Write:
        assert each.household is not None
        page = known.payer(each.household)
        assert page.state is not None
        facts: list[PayerFact] = [DirectDebitReturned(collection=self.collection, titre=each.titre, reason=each.reason)]
        payment = payment_of(self.collection, each.titre)
        if payment in page.state.payments:
            today = town_day(known.rules, known.now)
            facts.append(PaymentCancelled(payment=payment, because="returned_debit", cancelled_on=today))
        return Write(page=page, facts=facts)
