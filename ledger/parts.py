"""What facts are made of: the words they may use, and the days and proofs they name."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ledger.identifiers import HouseholdId, Slug, Subject, Version

Action = Literal["reserve", "cancel"]
DecidedBy = Literal["agent", "rule"]
Origin = Literal["family", "counter"]
Presence = Literal["present", "absent"]
LinkedBy = Literal["agent", "key", "activation", "import"]
"""How an account was tied to a guardian."""
SuspensionReason = Literal["authority_withdrawn", "court_order", "account_lost", "at_their_request", "under_review"]
ChangeKind = Literal["address", "contact", "situation", "member", "contact_person"]
"""What a family may ask to be changed of what is known of it. `contact` is a telephone number and an e-mail address."""
QuotientSource = Literal["caf", "msa", "tax_notice"]
Residence = Literal["town", "outside"]
Regime = Literal["caf", "msa", "other"]
"""The scheme a family's benefits come from."""
ProofKind = Literal["judgement", "agreement_approved", "agreement_signed"]
ActivationRefusal = Literal["unknown_family", "not_a_guardian", "proof_missing", "already_active"]
Week = tuple[HouseholdId, HouseholdId, HouseholdId, HouseholdId, HouseholdId, HouseholdId, HouseholdId]
"""Whose day each is, from Monday to Sunday."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceHeld:
    """One place taken: the unit it is counted in, and who shares the places ("" when everybody does)."""

    unit: Slug
    pool: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReservedDay:
    """A day asked for, with what the rule said at that moment."""

    day: date
    unit: Slug
    rulebook: Version
    article: str
    deadline: datetime | None
    """The last instant at which the rule accepted it."""
    late: bool = False
    surcharge: bool = False
    """Late, and the rulebook marks it for a surcharge."""
    holds: bool = True
    """Whether the places are held while the town decides."""
    places: tuple[PlaceHeld, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelledDay:
    """A day given up, with what the rule said at that moment."""

    day: date
    unit: Slug
    rulebook: Version
    article: str
    deadline: datetime | None
    late: bool = False
    surcharge: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AbsentDay:
    """A day the child did not come, with what the rule said of declaring it at that moment."""

    day: date
    unit: Slug
    rulebook: Version
    article: str
    deadline: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DecidedDay:
    """A day of a demande, as a decision names it: a day may be asked for and given up under one number."""

    day: date
    unit: Slug
    action: Action | Literal["absence"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofSeen:
    """An agent saw a document with their own eyes. The document itself is never kept."""

    kind: ProofKind
    seen_by: Subject
    seen_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class HolidayHalves:
    """Who has the first half of the school holidays, by the year they begin in; the other has the second.

    Of an odd number of days, the first half has one more.
    """

    even_years: HouseholdId
    odd_years: HouseholdId
