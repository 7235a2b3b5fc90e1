"""The town gets to know a family: the household, and the children who live in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import ChildFact, ChildRegistered, HouseholdOpened
from ledger.identifiers import ChildId, Commune, HouseholdId, Stream
from ledger.store import Write
from ledger.streams import child_page, household_page


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenHousehold:
    """Opens a household under an identifier nobody has."""

    household: HouseholdId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Opened, unless the identifier is taken."""
        page = known.household(self.household)
        if page.state is not None:
            return refused("already_registered")
        return Accepted(writes=[Write(page=page, facts=[HouseholdOpened(household=self.household)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterChild:
    """Opens the page of a child, in a household."""

    child: ChildId
    household: HouseholdId
    details: Sequence[SealedDetails] = ()

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the child and of the household."""
        return [child_page(commune, self.child), household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Registered, unless the household is unknown or the identifier taken."""
        home = known.household(self.household).state
        if home is None:
            return refused("unknown_household")
        if home.forgotten:
            return refused("person_erased")
        page = known.child(self.child)
        if page.state is not None:
            return refused("already_registered")
        facts: list[ChildFact] = [ChildRegistered(child=self.child, household=self.household)]
        facts += [each.fact() for each in self.details]
        return Accepted(writes=[Write(page=page, facts=facts)], vault=[each.record() for each in self.details])
