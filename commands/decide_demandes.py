"""An agent decides: demandes of children and of households, whole or in part; one demande or a whole queue."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.child_desk import ChildDesk
from commands.decision import Decision, EnrolmentCorrection, QuotientCorrection
from commands.household_desk import HouseholdDesk
from commands.outcome import Accepted, Known, Outcome, Refusal, Refused
from commands.remaining import Remaining
from ledger.identifiers import Commune, Stream
from ledger.streams import child_page, household_page

__all__ = ["DecideDemandes", "Decision", "EnrolmentCorrection", "QuotientCorrection"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DecideDemandes:
    """Decides each demande once. Those that cannot be decided are left out and named; the others are decided."""

    decisions: Sequence[Decision]

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the children and of the households."""
        return list(dict.fromkeys(_page(commune, each) for each in self.decisions))

    def decide(self, known: Known) -> Outcome:
        """The decisions that can be kept; refused when none can."""
        remaining = Remaining(known.left)
        desks: dict[Stream, ChildDesk | HouseholdDesk] = {}
        refusals: list[Refusal] = []
        for decision in self.decisions:
            stream = _page(known.commune, decision)
            if stream not in desks:
                desks[stream] = _desk(known, decision, remaining)
            refusals.extend(desks[stream].take(decision))
        writes = [desk.write for desk in desks.values() if desk.facts]
        vault = [change for desk in desks.values() for change in desk.vault]
        if not writes:
            return Refused(refusals=tuple(refusals))
        return Accepted(writes=writes, left_out=tuple(refusals), vault=vault)


def _page(commune: Commune, decision: Decision) -> Stream:
    if decision.child is not None:
        return child_page(commune, decision.child)
    assert decision.household is not None
    return household_page(commune, decision.household)


def _desk(known: Known, decision: Decision, remaining: Remaining) -> ChildDesk | HouseholdDesk:
    if decision.child is not None:
        return ChildDesk.open(known, decision.child, remaining)
    assert decision.household is not None
    return HouseholdDesk.open(known, decision.household)
