"""Somebody with an account says they answer for children of the town; an agent recognises them, or does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, refused
from commands.town_days import due_after
from ledger.events import (
    ActivationGranted,
    ActivationRefusal,
    ActivationRefused,
    ActivationRequested,
    GuardianLinked,
)
from ledger.identifiers import AccountId, ActivationId, Commune, GuardianId, HouseholdId, Stream, Subject
from ledger.store import Write
from ledger.streams import account_page, household_page

PROMISED_HOURS: Final = 48
"""Of working days: what the towns promise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestActivation:
    """Asks that an agent tie the account to a guardian. What is said of oneself is sealed already."""

    account: AccountId
    activation: ActivationId
    subject: Subject
    details: SealedDetails

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the account."""
        return [account_page(commune, self.account)]

    def decide(self, known: Known) -> Outcome:
        """Queued, unless the account waits already."""
        page = known.account(self.account)
        if page.state is not None and page.state.status == "waiting":
            return refused("activation_awaiting")
        fact = ActivationRequested(
            activation=self.activation,
            subject=self.subject,
            digest=self.details.digest,
            due_at=due_after(known.rules, known.now, PROMISED_HOURS),
        )
        return Accepted(writes=[Write(page=page, facts=[fact])], vault=[self.details.record()])


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantActivation:
    """Ties the account that asked to a guardian the agent recognised."""

    account: AccountId
    activation: ActivationId
    household: HouseholdId
    guardian: GuardianId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the account and of the household."""
        return [account_page(commune, self.account), household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Linked, unless it was decided already or the guardian cannot have this account."""
        asked, page = known.account(self.account), known.household(self.household)
        if asked.state is None:
            return refused("unknown_activation")
        if asked.state.activation != self.activation or asked.state.status != "waiting":
            return refused("already_decided")
        if page.state is None or self.guardian not in page.state.guardians:
            return refused("unknown_guardian")
        if page.state.has_forgotten(self.guardian):
            return refused("person_erased")
        if self.guardian in page.state.suspended:
            return refused("guardian_suspended")
        subject = asked.state.subject
        if self.guardian in page.state.accounts or page.state.has_account(subject):
            return refused("already_linked")
        granted = ActivationGranted(household=self.household, guardian=self.guardian)
        linked = GuardianLinked(guardian=self.guardian, subject=subject, how="activation")
        return Accepted(writes=[Write(page=asked, facts=[granted]), Write(page=page, facts=[linked])])


@dataclass(frozen=True, kw_only=True, slots=True)
class RefuseActivation:
    """Does not recognise who asked."""

    account: AccountId
    activation: ActivationId
    reason: ActivationRefusal

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the account."""
        return [account_page(commune, self.account)]

    def decide(self, known: Known) -> Outcome:
        """Refused, unless it was decided already."""
        asked = known.account(self.account)
        if asked.state is None:
            return refused("unknown_activation")
        if asked.state.activation != self.activation or asked.state.status != "waiting":
            return refused("already_decided")
        return Accepted(writes=[Write(page=asked, facts=[ActivationRefused(reason=self.reason)])])
