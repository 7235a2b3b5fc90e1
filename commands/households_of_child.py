"""A child comes to live in a second household too, or is of one of them no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.town_days import town_day
from ledger.child import Child
from ledger.events import ChildJoinedHousehold, ChildLeftHousehold
from ledger.identifiers import ChildId, Commune, HouseholdId, Stream
from ledger.store import Write
from ledger.streams import child_page, household_page
from rulebook.custody import shares_from

MOST_HOUSEHOLDS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinHousehold:
    """The child is of a second household. Until custody is said to alternate, both act on everything."""

    child: ChildId
    household: HouseholdId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the child and of the household."""
        return [child_page(commune, self.child), household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Joined, unless it is of that household, or of two, already."""
        page = known.child(self.child)
        if page.state is None:
            return refused("unknown_child", child=self.child)
        home = known.household(self.household).state
        if home is None:
            return refused("unknown_household", child=self.child)
        if home.forgotten:
            return refused("person_erased", child=self.child)
        if self.household in page.state.households:
            return refused("already_linked", child=self.child)
        if len(page.state.households) >= MOST_HOUSEHOLDS:
            return refused("too_many_households", child=self.child)
        return Accepted(writes=[Write(page=page, facts=[ChildJoinedHousehold(household=self.household)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaveHousehold:
    """The child is of a household no more: from that instant its guardians see nothing of the child.

    What that household booked stays booked, and stays its own to pay.
    """

    child: ChildId
    household: HouseholdId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Left, once what it asked is decided and no day to come is one household's alone."""
        page = known.child(self.child)
        if page.state is None or self.household not in page.state.households:
            return refused("unknown_household", child=self.child)
        if len(page.state.households) == 1:
            return refused("last_household", child=self.child)
        if shares_from(page.state.custody, town_day(known.rules, known.now)):
            return refused("custody_not_ended", child=self.child)
        waiting = self._waiting(page.state)
        if waiting:
            return Refused(refusals=waiting)
        return Accepted(writes=[Write(page=page, facts=[ChildLeftHousehold(household=self.household)])])

    def _waiting(self, child: Child) -> tuple[Refusal, ...]:
        """The demandes of the household that nobody could withdraw any more."""
        return tuple(
            Refusal(code="still_awaiting", child=self.child, number=number)
            for number, demande in sorted(child.open.items())
            if demande.household == self.household
        )
