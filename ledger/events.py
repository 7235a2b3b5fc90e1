"""Every fact the ledger may hold, in the past tense, in the order a family meets them. Read this first.

A fact says what was decided, never what can be computed from it: no price, no balance, no name of a person.
Days are dates of the town's calendar; instants are aware and in UTC; the page a fact stands on says which child,
household or town it is about.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from ledger.identifiers import (
    ChildId,
    DemandeNumber,
    EnrolmentId,
    GuardianId,
    HouseholdId,
    Slug,
    Subject,
    Version,
)

Action = Literal["reserve", "cancel"]
DecidedBy = Literal["agent", "rule"]
Origin = Literal["family", "counter"]
Presence = Literal["present", "absent"]


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


# On a household's page.


@dataclass(frozen=True, kw_only=True, slots=True)
class HouseholdOpened:
    """A family is known to the town."""

    household: HouseholdId


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianAdded:
    """A person answers for the children of the household."""

    guardian: GuardianId


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianLinked:
    """An account of the identity provider speaks for this guardian from now on."""

    guardian: GuardianId
    subject: Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianUnlinked:
    """The account speaks for this guardian no more: it was linked by mistake, or it was lost."""

    guardian: GuardianId
    subject: Subject


# On a child's page.


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildRegistered:
    """A child is known to the town, in a household."""

    child: ChildId
    household: HouseholdId


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildEnrolled:
    """The town accepted the child in an activity for a period. Both days included."""

    enrolment: EnrolmentId
    activity: Slug
    site: Slug | None
    group: Slug | None
    first_day: date
    last_day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolmentEnded:
    """The enrolment stops after this day."""

    enrolment: EnrolmentId
    last_day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class ReservationRequested:
    """Days are asked for under a number. Waits for a decision."""

    demande: DemandeNumber
    household: HouseholdId
    activity: Slug
    days: tuple[ReservedDay, ...]
    origin: Origin = "family"
    derogation: Slug | None = None
    """Why an agent set the deadline aside: a word of the town's closed list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CancellationRequested:
    """Reserved days are given up under a number. Waits for a decision."""

    demande: DemandeNumber
    household: HouseholdId
    activity: Slug
    days: tuple[CancelledDay, ...]
    origin: Origin = "family"
    derogation: Slug | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AbsenceDeclared:
    """Reserved days the child did not come, with a reason of the town's closed list. Waits for a decision."""

    demande: DemandeNumber
    household: HouseholdId
    activity: Slug
    days: tuple[AbsentDay, ...]
    reason: Slug
    document: str | None
    """The digest of the supporting document, never the document."""
    origin: Origin = "family"
    derogation: Slug | None = None
    """Why an agent set the window aside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandeApproved:
    """These days of the demande are accepted, by an agent or by the rule of an article."""

    demande: DemandeNumber
    days: tuple[DecidedDay, ...]
    decided_by: DecidedBy
    article: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandeRejected:
    """These days of the demande are refused, and why: a word of the town's closed list, or a refusal code."""

    demande: DemandeNumber
    days: tuple[DecidedDay, ...]
    decided_by: DecidedBy
    reason: Slug
    article: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandeWithdrawn:
    """The family took back what was not decided."""

    demande: DemandeNumber


@dataclass(frozen=True, kw_only=True, slots=True)
class AttendanceRecorded:
    """The child came or did not. A later fact about the same day corrects this one."""

    activity: Slug
    unit: Slug
    day: date
    presence: Presence
    arrived_at: datetime | None = None
    left_at: datetime | None = None


# On the town's page.


@dataclass(frozen=True, kw_only=True, slots=True)
class RulebookAdopted:
    """The council voted a rulebook. In force from a day until a later one is."""

    version: Version
    in_force_from: date
    content: str
    """The whole text, as adopted."""
    digest: str
    """SHA-256 of the text in UTF-8, in hexadecimal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DayClosed:
    """Nobody is expected that day. `activity` is None when the whole town closes, `site` when every site does."""

    day: date
    reason: Slug
    activity: Slug | None = None
    site: Slug | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DayReopened:
    """A closure is lifted. Names the same day, activity and site."""

    day: date
    activity: Slug | None = None
    site: Slug | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityChanged:
    """The town set the places of one slot, whatever the rulebook says. None means no limit."""

    activity: Slug
    unit: Slug
    day: date
    places: int | None
    pool: str = field(default="")


Demanded = ReservationRequested | CancellationRequested | AbsenceDeclared
"""The facts that open a demande."""

ChildFact = (
    ChildRegistered
    | ChildEnrolled
    | EnrolmentEnded
    | ReservationRequested
    | CancellationRequested
    | AbsenceDeclared
    | DemandeApproved
    | DemandeRejected
    | DemandeWithdrawn
    | AttendanceRecorded
)
HouseholdFact = HouseholdOpened | GuardianAdded | GuardianLinked | GuardianUnlinked
TownFact = RulebookAdopted | DayClosed | DayReopened | CapacityChanged
Fact = ChildFact | HouseholdFact | TownFact
