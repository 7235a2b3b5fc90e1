"""Every fact the ledger may hold, in the past tense, by the page it stands on. Read this first, then what it gathers.

A fact says what was decided, never what can be computed from it: no price, no balance, no name of a person.
Days are dates of the town's calendar; instants are aware and in UTC; the page a fact stands on says which child,
household or town it is about.
"""

from ledger.facts_of_billing import (
    CancelledBecause,
    CollectionSent,
    DebitSequence,
    DirectDebitAsked,
    DirectDebitReturned,
    MandateRevoked,
    MandateSigned,
    Means,
    MonthClosed,
    PayerFact,
    PaymentCancelled,
    PaymentRecorded,
    RegieFact,
    TitreIssued,
)
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
    MealBroughtDecided,
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
    TariffStatusDecided,
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
    Regime,
    ReservedDay,
    Residence,
    SuspensionReason,
    Week,
)
from ledger.parts_of_bills import (
    Basis,
    BilledDay,
    BilledLine,
    Cause,
    Nature,
    QuotientUsed,
    Step,
    StepKind,
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
    "Basis",
    "BilledDay",
    "BilledLine",
    "CancellationRequested",
    "CancelledBecause",
    "CancelledDay",
    "CapacityChanged",
    "Cause",
    "ChangeKind",
    "ChangeRequested",
    "ChildEnrolled",
    "ChildFact",
    "ChildJoinedHousehold",
    "ChildLeftHousehold",
    "ChildRegistered",
    "CollectionSent",
    "ContactAdded",
    "ContactRemoved",
    "CustodyAgreed",
    "CustodyEnded",
    "CustodyExcepted",
    "CustodyStatement",
    "DayClosed",
    "DayDemanded",
    "DayReopened",
    "DebitSequence",
    "DecidedBy",
    "DecidedDay",
    "DemandeApproved",
    "DemandeDecided",
    "DemandeRejected",
    "DemandeWithdrawn",
    "Demanded",
    "DetailsKept",
    "DirectDebitAsked",
    "DirectDebitReturned",
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
    "MandateRevoked",
    "MandateSigned",
    "MealBroughtDecided",
    "Means",
    "MemberAdded",
    "MemberLeft",
    "MonthClosed",
    "Nature",
    "Origin",
    "PayerFact",
    "PaymentCancelled",
    "PaymentRecorded",
    "PersonErased",
    "PlaceHeld",
    "Presence",
    "ProofKind",
    "ProofSeen",
    "QuotientDecided",
    "QuotientDeclared",
    "QuotientSource",
    "QuotientUsed",
    "RegieFact",
    "Regime",
    "ReservationRequested",
    "ReservedDay",
    "Residence",
    "RulebookAdopted",
    "Step",
    "StepKind",
    "SuspensionReason",
    "TariffStatusDecided",
    "TitreIssued",
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
    | MealBroughtDecided
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
    | TariffStatusDecided
    | DemandeDecided
    | DetailsKept
    | PersonErased
)
AccountFact = ActivationRequested | ActivationGranted | ActivationRefused
TownFact = RulebookAdopted | DayClosed | DayReopened | CapacityChanged
Fact = ChildFact | HouseholdFact | AccountFact | TownFact | PayerFact | RegieFact
