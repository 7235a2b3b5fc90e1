"""An agent says which tariffs a household is under: whether it lives in the town, and what scheme it is of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import Regime, Residence, TariffStatusDecided
from ledger.identifiers import Commune, HouseholdId, Stream
from ledger.store import Write
from ledger.streams import household_page


@dataclass(frozen=True, kw_only=True, slots=True)
class DecideTariffStatus:
    """From a day on, past days included: families move before the town hears of it. Of two, the last recorded holds."""

    household: HouseholdId
    residence: Residence
    regime: Regime
    first_day: date

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Decided, unless the household is unknown."""
        page = known.household(self.household)
        if page.state is None:
            return refused("unknown_household")
        fact = TariffStatusDecided(residence=self.residence, regime=self.regime, first_day=self.first_day)
        return Accepted(writes=[Write(page=page, facts=[fact])])
