"""The town gets to know a family: the household, those who answer for its children, the children."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import (
    ChildFact,
    ChildRegistered,
    GuardianAdded,
    GuardianLinked,
    GuardianUnlinked,
    HouseholdFact,
    HouseholdOpened,
    LinkedBy,
)
from ledger.identifiers import ChildId, Commune, GuardianId, HouseholdId, Stream, Subject
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
class AddGuardian:
    """Adds a guardian to a household, with the account that speaks for them if it is known."""

    household: HouseholdId
    guardian: GuardianId
    subject: Subject | None = None
    how: LinkedBy = "agent"
    details: Sequence[SealedDetails] = ()

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Added, unless they already are or the account already speaks for somebody in the household."""
        page = known.household(self.household)
        if page.state is None:
            return refused("unknown_household")
        if self.guardian in page.state.guardians:
            return refused("already_registered")
        if any(account.subject == self.subject for account in page.state.accounts.values()):
            return refused("already_linked")
        facts: list[HouseholdFact] = [GuardianAdded(guardian=self.guardian)]
        if self.subject is not None:
            facts.append(GuardianLinked(guardian=self.guardian, subject=self.subject, how=self.how))
        facts += [each.fact() for each in self.details]
        return Accepted(writes=[Write(page=page, facts=facts)], vault=[each.record() for each in self.details])


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkGuardian:
    """Ties an account of the identity provider to a guardian who had none."""

    household: HouseholdId
    guardian: GuardianId
    subject: Subject
    how: LinkedBy = "agent"

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Linked, unless the guardian is not of the household or the account is taken."""
        page = known.household(self.household)
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        accounts = page.state.accounts
        if self.guardian in accounts or any(account.subject == self.subject for account in accounts.values()):
            return refused("already_linked")
        fact = GuardianLinked(guardian=self.guardian, subject=self.subject, how=self.how)
        return Accepted(writes=[Write(page=page, facts=[fact])])


@dataclass(frozen=True, kw_only=True, slots=True)
class UnlinkGuardian:
    """Takes a guardian's account away: from now on it opens nothing of this household."""

    household: HouseholdId
    guardian: GuardianId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Unlinked, unless the guardian is not of the household or has no account."""
        page = known.household(self.household)
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        account = page.state.accounts.get(self.guardian)
        if account is None:
            return refused("not_linked")
        fact = GuardianUnlinked(guardian=self.guardian, subject=account.subject)
        return Accepted(writes=[Write(page=page, facts=[fact])])


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
        if known.household(self.household).state is None:
            return refused("unknown_household")
        page = known.child(self.child)
        if page.state is not None:
            return refused("already_registered")
        facts: list[ChildFact] = [ChildRegistered(child=self.child, household=self.household)]
        facts += [each.fact() for each in self.details]
        return Accepted(writes=[Write(page=page, facts=facts)], vault=[each.record() for each in self.details])
