"""A guardian lets the town debit an account: the account is sealed by the door, the page keeps its digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.direct_debits import LAPSES_AFTER
from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, refused
from commands.town_days import town_day
from ledger.events import MandateRevoked, MandateSigned, PayerFact
from ledger.identifiers import Commune, GuardianId, HouseholdId, MandateId, Stream
from ledger.store import Write
from ledger.streams import household_page, payer_page


@dataclass(frozen=True, kw_only=True, slots=True)
class SignMandate:
    """Another account is another mandate: the one before it ends."""

    household: HouseholdId
    guardian: GuardianId
    mandate: MandateId
    signed_on: date
    account: SealedDetails

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the household and of what it owes."""
        return [household_page(commune, self.household), payer_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Signed, unless whoever signs is not of the household, or was forgotten, or it holds no more."""
        home, page = known.household(self.household).state, known.payer(self.household)
        if home is None:
            return refused("unknown_household")
        if self.guardian not in home.guardians:
            return refused("unknown_guardian")
        if home.has_forgotten(self.guardian):
            return refused("person_erased")
        if self.signed_on > town_day(known.rules, known.now):
            return refused("day_not_come")
        if self.signed_on + LAPSES_AFTER < town_day(known.rules, known.now):
            return refused("mandate_lapsed")
        if page.state is not None and self.mandate in page.state.mandates:
            return refused("already_registered")
        before = page.state.mandate if page.state is not None else None
        facts: list[PayerFact] = [MandateRevoked(mandate=before.mandate)] if before is not None else []
        facts.append(
            MandateSigned(
                mandate=self.mandate,
                household=self.household,
                guardian=self.guardian,
                signed_on=self.signed_on,
                digest=self.account.digest,
            )
        )
        return Accepted(writes=[Write(page=page, facts=facts)], vault=[self.account.record()])
