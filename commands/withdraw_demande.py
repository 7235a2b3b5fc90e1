"""A family takes back what the town has not decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import DemandeWithdrawn
from ledger.identifiers import ChildId, Commune, DemandeNumber, Stream
from ledger.store import Write
from ledger.streams import child_page


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawDemande:
    """Withdraws the days of a demande that still wait; what was decided stays."""

    child: ChildId
    number: DemandeNumber

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Withdrawn, unless it was decided first."""
        page = known.child(self.child)
        if page.state is None or self.number not in page.state.open:
            return refused("already_decided", child=self.child)
        return Accepted(writes=[Write(page=page, facts=[DemandeWithdrawn(demande=self.number)])])
