"""The household's page folded: who answers for its children."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger.entry import Entry
from ledger.events import GuardianAdded, GuardianLinked, GuardianUnlinked, HouseholdOpened
from ledger.identifiers import GuardianId, HouseholdId, Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Household:
    """A family, and the accounts that speak for its guardians."""

    household: HouseholdId
    guardians: frozenset[GuardianId] = frozenset()
    subjects: frozenset[tuple[Subject, GuardianId]] = frozenset()


def evolve(household: Household | None, entries: Iterable[Entry]) -> Household | None:
    """The household after these entries of its page."""
    for entry in entries:
        match entry.fact:
            case HouseholdOpened(household=opened):
                household = Household(household=opened)
            case GuardianAdded(guardian=guardian):
                assert household is not None
                household = replace(household, guardians=household.guardians | {guardian})
            case GuardianLinked(guardian=guardian, subject=subject):
                assert household is not None
                household = replace(household, subjects=household.subjects | {(subject, guardian)})
            case GuardianUnlinked(guardian=guardian, subject=subject):
                assert household is not None
                household = replace(household, subjects=household.subjects - {(subject, guardian)})
    return household
