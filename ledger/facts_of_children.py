"""The facts of a child's page."""

from dataclasses import dataclass
from datetime import date, datetime

from ledger.identifiers import ChildId, DemandeNumber, DocumentId, EnrolmentId, HouseholdId, Slug
from ledger.parts import (
    AbsentDay,
    CancelledDay,
    DecidedBy,
    DecidedDay,
    HolidayHalves,
    Origin,
    Presence,
    ProofSeen,
    ReservedDay,
    Week,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildRegistered:
    """A child is known to the town, in a household."""

    child: ChildId
    household: HouseholdId


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildJoinedHousehold:
    """The child is of a second household too."""

    household: HouseholdId


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildLeftHousehold:
    """The child is of that household no more."""

    household: HouseholdId


@dataclass(frozen=True, kw_only=True, slots=True)
class CustodyAgreed:
    """Alternating custody: whose day it is, from a day on, until a later statement says otherwise.

    Even and odd are the numbers of the weeks as French calendars print them (ISO 8601). A fixed weekly pattern has
    twice the same week.
    """

    first_day: date
    even_week: Week
    odd_week: Week
    holidays: HolidayHalves | None
    """During school holidays, when they are shared otherwise than weeks."""
    proof: ProofSeen


@dataclass(frozen=True, kw_only=True, slots=True)
class CustodyExcepted:
    """These days, both included, are this household's, whatever the weeks say."""

    first_day: date
    last_day: date
    household: HouseholdId
    proof: ProofSeen


@dataclass(frozen=True, kw_only=True, slots=True)
class CustodyEnded:
    """From this day on no day is one household's alone."""

    first_day: date
    proof: ProofSeen


CustodyStatement = CustodyAgreed | CustodyExcepted | CustodyEnded
"""Of several about a day, the last one recorded holds."""


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
class EnrolmentRequested:
    """A family asks for the child to be enrolled in an activity for a period, both days included."""

    demande: DemandeNumber
    household: HouseholdId
    enrolment: EnrolmentId
    activity: Slug
    site: Slug | None
    group: Slug | None
    first_day: date
    last_day: date
    documents: tuple[DocumentId, ...] = ()
    origin: Origin = "family"


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
    """The supporting document, by its identifier in the vault; before there was a vault, its digest."""
    origin: Origin = "family"
    derogation: Slug | None = None
    """Why an agent set the window aside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandeApproved:
    """These days of the demande are accepted, by an agent or by the rule of an article; no day, when it has none."""

    demande: DemandeNumber
    days: tuple[DecidedDay, ...]
    decided_by: DecidedBy
    article: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandeRejected:
    """These days of the demande are refused, and why: a word of the town's closed list, or a refusal code.

    No day, when the demande has none.
    """

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


@dataclass(frozen=True, kw_only=True, slots=True)
class MealBroughtDecided:
    """From a day on the child brings its own meal to the activity, or does so no more. Never why."""

    activity: Slug
    brought: bool
    first_day: date
