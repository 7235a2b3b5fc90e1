"""The Clé Enfance: the town hands it to a family, and whoever types it ties their account to a guardian."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.town_days import timezone_of, town_day
from ledger.days import local_midnight
from ledger.events import FamilyKeyIssued, FamilyKeyRevoked, GuardianLinked
from ledger.household import Household
from ledger.identifiers import Commune, GuardianId, HouseholdId, KeyId, Stream, Subject
from ledger.store import Write
from ledger.streams import household_page

USUAL_DAYS: Final = 60
MOST_DAYS: Final = 400
MOST_USES: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueKey:
    """Issues a key for a guardian, or for any guardian of the household who has no account yet."""

    household: HouseholdId
    key: KeyId
    digest: str
    uses: int = 1
    expires_on: date | None = None
    """The last day it opens anything; sixty days from now unless said otherwise."""
    guardian: GuardianId | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Issued, unless whom it is for may not use it or its last day is out of reach."""
        page = known.household(self.household)
        if page.state is None:
            return refused("unknown_household")
        if page.state.forgotten or (self.guardian is not None and page.state.has_forgotten(self.guardian)):
            return refused("person_erased")
        if self.guardian is not None:
            if self.guardian not in page.state.guardians:
                return refused("unknown_guardian")
            if self.guardian in page.state.suspended:
                return refused("guardian_suspended")
            if self.guardian in page.state.accounts:
                return refused("already_linked")
        tz = timezone_of(known.rules)
        today = town_day(known.rules, known.now)
        last = self.expires_on or today + timedelta(days=USUAL_DAYS)
        if not today <= last <= today + timedelta(days=MOST_DAYS):
            return refused("expiry_out_of_reach")
        fact = FamilyKeyIssued(
            key=self.key,
            digest=self.digest,
            uses=self.uses,
            expires_at=local_midnight(last + timedelta(days=1), tz),
            guardian=self.guardian,
        )
        return Accepted(writes=[Write(page=page, facts=[fact])])


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeKey:
    """Makes a key open nothing any more."""

    household: HouseholdId
    key: KeyId

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Revoked, unless the household has no such key or it was revoked already."""
        page = known.household(self.household)
        if page.state is None or self.key not in page.state.keys:
            return refused("unknown_key")
        if page.state.keys[self.key].revoked:
            return refused("nothing_to_do")
        return Accepted(writes=[Write(page=page, facts=[FamilyKeyRevoked(key=self.key)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class RedeemKey:
    """Ties the account of whoever typed a key to the guardian it is for."""

    subject: Subject
    household: HouseholdId | None
    """Where the key that was typed belongs; None when there is none."""
    key: KeyId | None
    guardian: GuardianId | None = None
    """Who they say they are, when the key leaves the choice."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)] if self.household is not None else []

    def decide(self, known: Known) -> Outcome:
        """Linked. Whatever is wrong with the key is refused alike: nobody learns which keys there are."""
        if self.household is None or self.key is None:
            return refused("key_refused")
        page = known.household(self.household)
        key = page.state.keys.get(self.key) if page.state else None
        if page.state is None or key is None or not key.opens(known.now):
            return refused("key_refused")
        if page.state.has_account(self.subject):
            return refused("already_linked")
        candidates = candidates_of(page.state, key.issued.guardian)
        if not candidates:
            return refused("key_refused")
        chosen = candidates[0] if len(candidates) == 1 and self.guardian is None else self.guardian
        if chosen not in candidates:
            return Refused(refusals=tuple(Refusal(code="guardian_to_choose", guardian=each) for each in candidates))
        assert chosen is not None
        fact = GuardianLinked(guardian=chosen, subject=self.subject, how="key", key=self.key)
        return Accepted(writes=[Write(page=page, facts=[fact])])


def candidates_of(household: Household, meant: GuardianId | None) -> list[GuardianId]:
    """The guardians a key may be used by: whom it is for, or anybody, without an account, known and not suspended."""
    return [
        guardian
        for guardian in household.guardians
        if guardian not in household.accounts
        and guardian not in household.suspended
        and not household.has_forgotten(guardian)
        and (meant is None or guardian == meant)
    ]
