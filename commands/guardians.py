"""The guardians of a household: who joins and leaves it, with which account, who is its titulaire, who is suspended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import (
    AccountReinstated,
    AccountSuspended,
    FamilyKeyRevoked,
    GuardianAdded,
    GuardianLeft,
    GuardianLinked,
    GuardianReinstated,
    GuardianSuspended,
    GuardianUnlinked,
    HolderChanged,
    HouseholdFact,
    LinkedBy,
    SuspensionReason,
)
from ledger.household import Household
from ledger.identifiers import ChildId, Commune, GuardianId, HouseholdId, Stream, Subject
from ledger.store import Write
from ledger.streams import child_page, household_page

Scope = Literal["guardian", "account"]
"""Whom a suspension is about: the person, whatever account speaks for them, or the account alone."""


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
        if page.state.forgotten:
            return refused("person_erased")
        if self.guardian in page.state.guardians:
            return refused("already_registered")
        if page.state.has_account(self.subject):
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
        if page.state.has_forgotten(self.guardian):
            return refused("person_erased")
        if self.guardian in page.state.accounts or page.state.has_account(self.subject):
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
        """Unlinked, unless the guardian is not of the household or has no account. Their keys open nothing any more."""
        page = known.household(self.household)
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        account = page.state.accounts.get(self.guardian)
        if account is None:
            return refused("not_linked")
        unlinked = GuardianUnlinked(guardian=self.guardian, subject=account.subject)
        return Accepted(writes=[Write(page=page, facts=[unlinked, *revoked(page.state, self.guardian)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class NameHolder:
    """Makes a guardian the titulaire of the household."""

    household: HouseholdId
    guardian: GuardianId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Named, unless they are not of the household or are the titulaire already."""
        page = known.household(self.household)
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        if page.state.holder == self.guardian:
            return refused("nothing_to_do")
        return Accepted(writes=[Write(page=page, facts=[HolderChanged(guardian=self.guardian)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveGuardian:
    """Takes a guardian out of the household, with the account that spoke for them."""

    household: HouseholdId
    guardian: GuardianId
    children: Sequence[ChildId]
    """Those who were of the household when it was asked."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the household and of its children."""
        return [household_page(commune, self.household), *(child_page(commune, child) for child in self.children)]

    def decide(self, known: Known) -> Outcome:
        """Removed, unless nobody active would answer for the children any more."""
        page = known.household(self.household)
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        if _active(page.state) == {self.guardian} and any(self._lives_there(known, child) for child in self.children):
            return refused("last_guardian")
        facts = [GuardianLeft(guardian=self.guardian), *revoked(page.state, self.guardian)]
        return Accepted(writes=[Write(page=page, facts=facts)])

    def _lives_there(self, known: Known, child: ChildId) -> bool:
        state = known.child(child).state
        return state is not None and not state.erased and self.household in state.households


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspend:
    """Suspends a guardian, or only the account that speaks for them."""

    household: HouseholdId
    guardian: GuardianId
    scope: Scope
    reason: SuspensionReason

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Suspended at once, unless they are already. The keys they may hold open nothing any more."""
        page = known.household(self.household)
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        account = page.state.accounts.get(self.guardian)
        facts: list[HouseholdFact]
        if self.scope == "guardian":
            if self.guardian in page.state.suspended:
                return refused("already_suspended")
            facts = [GuardianSuspended(guardian=self.guardian, reason=self.reason)]
        else:
            if account is None:
                return refused("not_linked")
            if account.suspended:
                return refused("already_suspended")
            facts = [AccountSuspended(guardian=self.guardian, subject=account.subject, reason=self.reason)]
        facts += revoked(page.state, self.guardian)
        return Accepted(writes=[Write(page=page, facts=facts)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Reinstate:
    """Ends the suspension of a guardian and of their account, or of one of the two."""

    household: HouseholdId
    guardian: GuardianId
    scope: Scope | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Reinstated, unless nothing of theirs is suspended."""
        page = known.household(self.household)
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        account = page.state.accounts.get(self.guardian)
        facts: list[HouseholdFact] = []
        if self.scope != "account" and self.guardian in page.state.suspended:
            facts.append(GuardianReinstated(guardian=self.guardian))
        if self.scope != "guardian" and account is not None and account.suspended:
            facts.append(AccountReinstated(guardian=self.guardian, subject=account.subject))
        return Accepted(writes=[Write(page=page, facts=facts)]) if facts else refused("not_suspended")


def _active(household: Household) -> set[GuardianId]:
    """The guardians who may act."""
    return set(household.guardians) - household.suspended


def revoked(household: Household, guardian: GuardianId) -> list[HouseholdFact]:
    """The keys a guardian may hold, theirs and those for anybody: with one, another account would let them in again."""
    return [
        FamilyKeyRevoked(key=key)
        for key, found in household.keys.items()
        if not found.revoked and found.issued.guardian in (None, guardian)
    ]
