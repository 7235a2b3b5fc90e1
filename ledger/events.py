"""Every fact the ledger may hold, in the past tense, by the page it stands on. Read this first, then what it gathers.

A fact says what was decided, never what can be computed from it: no price, no balance, no name of a person.
Days are dates of the town's calendar; instants are aware and in UTC; the page a fact stands on says which child,
household or town it is about.
"""

from ledger.facts_of_children import (
    AbsenceDeclared,
    AttendanceRecorded,
    CancellationRequested,
    ChildEnrolled,
    ChildJoinedHousehold,
    ChildLeftHousehold,
    ChildRegistered,
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    CustodyStatement,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    EnrolmentEnded,
    EnrolmentRequested,
    ReservationRequested,
)
from ledger.facts_of_households import (
    AccountReinstated,
    AccountSuspended,
    ActivationGranted,
    ActivationRefused,
    ActivationRequested,
    ChangeRequested,
    ContactAdded,
    ContactRemoved,
    DetailsKept,
    DocumentKept,
    FamilyKeyIssued,
    FamilyKeyRevoked,
    GuardianAdded,
    GuardianLeft,
    GuardianLinked,
    GuardianReinstated,
    GuardianSuspended,
    GuardianUnlinked,
    HolderChanged,
    HouseholdOpened,
    MemberAdded,
    MemberLeft,
    PersonErased,
    QuotientDecided,
    QuotientDeclared,
)
from ledger.facts_of_towns import (
    CapacityChanged,
    DayClosed,
    DayReopened,
    RulebookAdopted,
)
from ledger.parts import (
    AbsentDay,
    Action,
    ActivationRefusal,
    CancelledDay,
    ChangeKind,
    DecidedBy,
    DecidedDay,
    HolidayHalves,
    LinkedBy,
    Origin,
    PlaceHeld,
    Presence,
    ProofKind,
    ProofSeen,
    QuotientSource,
    ReservedDay,
    SuspensionReason,
    Week,
)

__all__ = [
    "AbsenceDeclared",
    "AbsentDay",
    "AccountFact",
    "AccountReinstated",
    "AccountSuspended",
    "Action",
    "ActivationGranted",
    "ActivationRefusal",
    "ActivationRefused",
    "ActivationRequested",
    "AttendanceRecorded",
    "CancellationRequested",
    "CancelledDay",
    "CapacityChanged",
    "ChangeKind",
    "ChangeRequested",
    "ChildEnrolled",
    "ChildFact",
    "ChildJoinedHousehold",
    "ChildLeftHousehold",
    "ChildRegistered",
    "ContactAdded",
    "ContactRemoved",
    "CustodyAgreed",
    "CustodyEnded",
    "CustodyExcepted",
    "CustodyStatement",
    "DayClosed",
    "DayDemanded",
    "DayReopened",
    "DecidedBy",
    "DecidedDay",
    "DemandeApproved",
    "DemandeDecided",
    "DemandeRejected",
    "DemandeWithdrawn",
    "Demanded",
    "DetailsKept",
    "DocumentKept",
    "EnrolmentEnded",
    "EnrolmentRequested",
    "Fact",
    "FamilyKeyIssued",
    "FamilyKeyRevoked",
    "GuardianAdded",
    "GuardianLeft",
    "GuardianLinked",
    "GuardianReinstated",
    "GuardianSuspended",
    "GuardianUnlinked",
    "HolderChanged",
    "HolidayHalves",
    "HouseholdFact",
    "HouseholdOpened",
    "LinkedBy",
    "MemberAdded",
    "MemberLeft",
    "Origin",
    "PersonErased",
    "PlaceHeld",
    "Presence",
    "ProofKind",
    "ProofSeen",
    "QuotientDecided",
    "QuotientDeclared",
    "QuotientSource",
    "ReservationRequested",
    "ReservedDay",
    "RulebookAdopted",
    "SuspensionReason",
    "TownFact",
    "Week",
]

DayDemanded = ReservationRequested | CancellationRequested | AbsenceDeclared
"""The facts that open a demande about days."""

Demanded = DayDemanded | EnrolmentRequested | ChangeRequested | QuotientDeclared
"""The facts that open a demande."""

DemandeDecided = DemandeApproved | DemandeRejected | DemandeWithdrawn
"""The facts that close one, or some of its days."""

ChildFact = (
    ChildRegistered
    | ChildJoinedHousehold
    | ChildLeftHousehold
    | CustodyStatement
    | ChildEnrolled
    | EnrolmentEnded
    | EnrolmentRequested
    | DayDemanded
    | DemandeDecided
    | AttendanceRecorded
    | DetailsKept
    | PersonErased
)
HouseholdFact = (
    HouseholdOpened
    | GuardianAdded
    | HolderChanged
    | GuardianLinked
    | GuardianUnlinked
    | AccountSuspended
    | AccountReinstated
    | GuardianSuspended
    | GuardianReinstated
    | GuardianLeft
    | MemberAdded
    | MemberLeft
    | ContactAdded
    | ContactRemoved
    | FamilyKeyIssued
    | FamilyKeyRevoked
    | DocumentKept
    | ChangeRequested
    | QuotientDeclared
    | QuotientDecided
    | DemandeDecided
    | DetailsKept
    | PersonErased
)
AccountFact = ActivationRequested | ActivationGranted | ActivationRefused
TownFact = RulebookAdopted | DayClosed | DayReopened | CapacityChanged
Fact = ChildFact | HouseholdFact | AccountFact | TownFact
