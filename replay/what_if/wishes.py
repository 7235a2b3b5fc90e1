"""What families wished, day by day, and what became of it in the real world and under other rules."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from ledger.identifiers import ChildId, DemandeNumber, HouseholdId, Slug

Became = Literal["approved", "rejected", "refused", "pending", "withdrawn"]
Ask = Literal["reserve", "cancel", "absence"]


class Wanted(NamedTuple):
    """One day that a family asked something of, under the number of its real demande."""

    demande: DemandeNumber
    child: ChildId
    household: HouseholdId
    activity: Slug
    unit: Slug
    day: date
    ask: Ask


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of it: `code` is why a rule refused it, `reason` why an agent did."""

    became: Became
    code: str | None = None
    article: str | None = None
    reason: Slug | None = None


PENDING: Final = Verdict(became="pending")
APPROVED: Final = Verdict(became="approved")
WITHDRAWN: Final = Verdict(became="withdrawn")


@dataclass(kw_only=True, slots=True)
class Compared:
    """What became of a wish in the real world, and in this one."""

    asked_at: datetime
    real: Verdict = PENDING
    here: Verdict = PENDING
