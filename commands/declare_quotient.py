"""A family declares its quotient familial with a document; an agent may also record one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from commands.formality import governing, paper_code, refused_under
from commands.outcome import Accepted, Known, Outcome, refused
from commands.taking_effect import of_quotient
from commands.town_days import town_day
from ledger.events import DemandeApproved, HouseholdFact, Origin, QuotientDecided, QuotientDeclared, QuotientSource
from ledger.household import Household
from ledger.identifiers import UNNUMBERED, Commune, DocumentId, HouseholdId, Stream
from ledger.store import Write
from ledger.streams import household_page
from rulebook.formalities import Formality
from rulebook.quotients import begins, is_past

HIGHEST_QUOTIENT_CENTS: Final = 9_999_999
"""99 999,99 €: twenty times what any tariff tells apart."""


def is_possible(amount_cents: int) -> bool:
    """Whether an amount may be a quotient familial."""
    return 0 <= amount_cents <= HIGHEST_QUOTIENT_CENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclareQuotient:
    """Waits for an agent, who may correct it; counts from the day the rulebook says unless they say otherwise."""

    household: HouseholdId
    amount_cents: int
    source: QuotientSource
    documents: tuple[DocumentId, ...] = ()
    origin: Origin = "family"

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Waiting under a number, or true at once where the rulebook says so."""
        page, rulebook = known.household(self.household), governing(known.rules, known.now)
        if page.state is None:
            return refused("unknown_household")
        if rulebook is None:
            return refused("no_rulebook")
        formality = rulebook.formalities["quotient"]
        code = self._code(page.state, formality)
        if code is not None:
            return refused_under(formality, code)
        asked = QuotientDeclared(
            demande=UNNUMBERED,
            household=self.household,
            amount_cents=self.amount_cents,
            source=self.source,
            documents=self.documents,
            origin=self.origin,
        )
        facts: list[HouseholdFact] = [asked]
        if formality.instruction == "rule":
            facts.append(DemandeApproved(demande=UNNUMBERED, days=(), decided_by="rule", article=formality.article))
            first_day = begins(rulebook.quotient, town_day(known.rules, known.now))
            facts.append(of_quotient(asked, amount_cents=self.amount_cents, first_day=first_day))
        return Accepted(writes=[Write(page=page, facts=facts)])

    def _code(self, household: Household, formality: Formality) -> str | None:
        if not is_possible(self.amount_cents):
            return "quotient_out_of_bounds"
        if any(isinstance(demande.wanted, QuotientDeclared) for demande in household.open.values()):
            return "already_awaiting"
        return paper_code(formality, self.documents, household)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordQuotient:
    """An agent says the quotient of a household from a day on. Of several about a day, the last recorded holds.

    Months that are over keep theirs, unless the town decides to go back on them, which stays written.
    """

    household: HouseholdId
    amount_cents: int
    source: QuotientSource
    first_day: date
    regularisation: bool = False

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Recorded, unless the household is unknown, the amount cannot be one, or it would go back on a month."""
        page = known.household(self.household)
        if page.state is None:
            return refused("unknown_household")
        if not is_possible(self.amount_cents):
            return refused("quotient_out_of_bounds")
        past = is_past(self.first_day, town_day(known.rules, known.now))
        if past and not self.regularisation:
            return refused("quotient_retroactive")
        fact = QuotientDecided(
            amount_cents=self.amount_cents, source=self.source, first_day=self.first_day, regularisation=past
        )
        return Accepted(writes=[Write(page=page, facts=[fact])])
