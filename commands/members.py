"""The other people of a household: those who live in it, and those the town may call."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import ContactAdded, ContactRemoved, HouseholdFact, MemberAdded, MemberLeft
from ledger.identifiers import Commune, HouseholdId, PersonId, Stream
from ledger.store import Write
from ledger.streams import household_page


@dataclass(frozen=True, kw_only=True, slots=True)
class AddMember:
    """Somebody else lives in the household."""

    household: HouseholdId
    person: PersonId
    details: Sequence[SealedDetails] = ()

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Added, unless they already are."""
        return _added(known, self.household, MemberAdded(person=self.person), self.details)


@dataclass(frozen=True, kw_only=True, slots=True)
class AddContact:
    """Somebody the town may call, who may collect the children or not."""

    household: HouseholdId
    person: PersonId
    collects: bool
    details: Sequence[SealedDetails] = ()

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Added, unless they already are."""
        fact = ContactAdded(person=self.person, collects=self.collects)
        return _added(known, self.household, fact, self.details)


def _added(
    known: Known, household: HouseholdId, fact: MemberAdded | ContactAdded, details: Sequence[SealedDetails]
) -> Outcome:
    page = known.household(household)
    if page.state is None:
        return refused("unknown_household")
    if page.state.has(fact.person) or fact.person in page.state.erased:
        return refused("already_registered")
    facts: list[HouseholdFact] = [fact, *(each.fact() for each in details)]
    return Accepted(writes=[Write(page=page, facts=facts)], vault=[each.record() for each in details])


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveMember:
    """They live in the household no more."""

    household: HouseholdId
    person: PersonId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Removed, unless nobody of that name is a member."""
        page = known.household(self.household)
        if page.state is None or self.person not in page.state.members:
            return refused("unknown_person")
        return Accepted(writes=[Write(page=page, facts=[MemberLeft(person=self.person)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveContact:
    """They may neither be called nor collect the children any more."""

    household: HouseholdId
    person: PersonId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Removed, unless nobody of that name is a contact."""
        page = known.household(self.household)
        if page.state is None or self.person not in page.state.contacts:
            return refused("unknown_person")
        return Accepted(writes=[Write(page=page, facts=[ContactRemoved(person=self.person)])])
