"""What a command is told when it decides, and what it may answer: facts, or refusals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from ledger.activation import Activation
from ledger.child import Child
from ledger.holdings import PlaceKey
from ledger.household import Household
from ledger.identifiers import (
    AccountId,
    ChildId,
    Commune,
    DemandeNumber,
    GuardianId,
    HouseholdId,
    Slug,
    Stream,
    Version,
)
from ledger.payer import Payer
from ledger.regie import Regie
from ledger.sealed import SealedChange
from ledger.store import AnyPage, Page, Write
from ledger.streams import account_page, child_page, household_page, payer_page, regie_page, town_page
from ledger.town import Town
from rulebook.problems import Problem
from rulebook.town import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why something was not done: a code that never changes meaning, the article, and what it is about."""

    code: str
    article: str | None = None
    rulebook: Version | None = None
    child: ChildId | None = None
    number: DemandeNumber | None = None
    day: date | None = None
    unit: Slug | None = None
    action: str | None = None
    deadline: datetime | None = None
    opens_at: datetime | None = None
    closure: Slug | None = None
    units: tuple[Slug, ...] = ()
    """Other units it is about: those that are excluded or required."""
    guardian: GuardianId | None = None
    """Somebody it may be about, among several."""
    problem: Problem | None = None
    """What is wrong in a rulebook."""
    place: int | None = None
    """Which of several things asked together it is about, from 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """Facts to keep, and what a partial command left out."""

    writes: Sequence[Write]
    left_out: tuple[Refusal, ...] = ()
    vault: Sequence[SealedChange] = ()
    """What goes into the vault with the facts, moves within it or leaves it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Nothing is written. The first refusal is the one to hear first."""

    refusals: tuple[Refusal, ...]
    wanted: Counter[PlaceKey] = field(default_factory=Counter)
    """The places the rest of it would have taken: some may be missing too, and a family should hear it at once."""

    @property
    def code(self) -> str:
        """The code of the first refusal."""
        return self.refusals[0].code


Outcome = Accepted | Refused


def refused(code: str, *, child: ChildId | None = None) -> Refused:
    """One refusal about the command as a whole."""
    return Refused(refusals=(Refusal(code=code, child=child),))


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """All a decision may look at. Time, rules and places come in by this door."""

    commune: Commune
    now: datetime
    """The instant the rules are judged at: when it happened."""
    rules: Rules
    pages: Mapping[Stream, AnyPage]
    left: Mapping[PlaceKey, int] = field(default_factory=dict)
    """The slots that had too few places when the command was about to be kept, and how many they had."""
    booked_until: Mapping[Slug, date] = field(default_factory=dict)
    """The last day of each activity on which a place is taken: told to the adoption of a rulebook only."""

    def child(self, child: ChildId) -> Page[Child]:
        """The page of a child the command named among its pages."""
        return self.pages[child_page(self.commune, child)]  # type: ignore[return-value]

    def household(self, household: HouseholdId) -> Page[Household]:
        """The page of a household the command named among its pages."""
        return self.pages[household_page(self.commune, household)]  # type: ignore[return-value]

    def account(self, account: AccountId) -> Page[Activation]:
        """The page of an account that asks to be activated, which the command named among its pages."""
        return self.pages[account_page(self.commune, account)]  # type: ignore[return-value]

    def payer(self, household: HouseholdId) -> Page[Payer]:
        """The page of what a household owes, which the command named among its pages."""
        return self.pages[payer_page(self.commune, household)]  # type: ignore[return-value]

    def regie(self) -> Page[Regie]:
        """The page of the régie, which the command named among its pages."""
        return self.pages[regie_page(self.commune)]  # type: ignore[return-value]

    def town(self) -> Page[Town]:
        """The page of the town, which is always known."""
        return self.pages[town_page(self.commune)]  # type: ignore[return-value]


class Command(Protocol):
    """Something that may be asked. Its data are its fields."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages it must read to decide, the town's aside."""

    def decide(self, known: Known) -> Outcome:
        """Facts or refusals. Pure: no clock, no randomness, no machine."""
