"""A family takes back what the town has not decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.child import Child
from ledger.events import ChangeRequested, DemandeWithdrawn
from ledger.household import Household
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Stream
from ledger.sealed import DropProposal
from ledger.store import Page, Write
from ledger.streams import child_page, household_page


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawDemande:
    """Withdraws a demande of a child, or of a household: its days that still wait, or what it proposed."""

    child: ChildId | None = None
    household: HouseholdId | None = None
    """The household on whose page it stands, when it is not on a child's."""
    number: DemandeNumber

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page the demande stands on."""
        if self.child is not None:
            return [child_page(commune, self.child)]
        assert self.household is not None
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Withdrawn, unless it was decided first."""
        page = self._page(known)
        demande = page.state.open.get(self.number) if page.state else None
        if demande is None:
            return refused("already_decided", child=self.child)
        wanted = demande.wanted
        vault = [DropProposal(proposal=wanted.proposal)] if isinstance(wanted, ChangeRequested) else []
        return Accepted(writes=[Write(page=page, facts=[DemandeWithdrawn(demande=self.number)])], vault=vault)

    def _page(self, known: Known) -> Page[Child] | Page[Household]:
        if self.child is not None:
            return known.child(self.child)
        assert self.household is not None
        return known.household(self.household)
