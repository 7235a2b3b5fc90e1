"""No account of a household is debited any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import MandateRevoked
from ledger.identifiers import Commune, HouseholdId, Stream
from ledger.store import Write
from ledger.streams import payer_page


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeMandate:
    """Ends the mandate in force. What the bank was asked for already stays asked."""

    household: HouseholdId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of what the household owes."""
        return [payer_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Revoked, when there is one."""
        page = known.payer(self.household)
        mandate = page.state.mandate if page.state is not None else None
        if mandate is None:
            return refused("no_mandate")
        return Accepted(writes=[Write(page=page, facts=[MandateRevoked(mandate=mandate.mandate)])])
