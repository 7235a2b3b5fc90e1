"""The page of an account that asks to be activated, folded: what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ledger.entry import Entry
from ledger.events import ActivationGranted, ActivationRefusal, ActivationRefused, ActivationRequested
from ledger.identifiers import ActivationId, GuardianId, HouseholdId, Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """An account that says it speaks for a guardian, until an agent says yes or no."""

    activation: ActivationId
    subject: Subject
    requested_at: datetime
    due_at: datetime
    decided_at: datetime | None = None
    household: HouseholdId | None = None
    guardian: GuardianId | None = None
    reason: ActivationRefusal | None = None

    @property
    def status(self) -> str:
        """`waiting`, `granted` or `refused`."""
        if self.decided_at is None:
            return "waiting"
        return "refused" if self.guardian is None else "granted"


def evolve(activation: Activation | None, entries: Iterable[Entry]) -> Activation | None:
    """The activation after these entries of its page."""
    for entry in entries:
        at = entry.signature.recorded_at
        match entry.fact:
            case ActivationRequested(activation=asked, subject=subject, due_at=due_at):
                activation = Activation(activation=asked, subject=subject, requested_at=at, due_at=due_at)
            case ActivationGranted(household=household, guardian=guardian):
                assert activation is not None
                activation = replace(activation, decided_at=at, household=household, guardian=guardian)
            case ActivationRefused(reason=reason):
                assert activation is not None
                activation = replace(activation, decided_at=at, reason=reason)
    return activation
