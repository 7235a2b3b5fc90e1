"""A request of the family, as its history shows it: asked, decided day by day, or taken back."""

from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Literal, NamedTuple

from ledger.events import (
    AbsenceDeclared,
    Action,
    CancellationRequested,
    ChangeRequested,
    DayDemanded,
    DecidedDay,
    Demanded,
    EnrolmentRequested,
    Origin,
    QuotientDeclared,
    ReservationRequested,
)
from ledger.identifiers import DemandeNumber, DocumentId, HouseholdId, Slug, Version

DemandeKind = Literal[
    "reservation",
    "cancellation",
    "modification",
    "absence",
    "enrolment",
    "address",
    "contact",
    "situation",
    "member",
    "contact_person",
    "quotient",
]
Wanted = EnrolmentRequested | ChangeRequested | QuotientDeclared
"""What a demande without days asks for."""
Status = Literal["en_cours", "traitee_positivement", "traitee_negativement", "retiree"]
Outcome = Literal["pending", "approved", "rejected", "withdrawn"]


class DemandeDay(NamedTuple):
    """A day of a demande, with what the rule said of it and what became of it."""

    day: date
    unit: Slug
    action: Action | Literal["absence"]
    outcome: Outcome
    rulebook: Version
    article: str
    deadline: datetime | None
    late: bool = False
    surcharge: bool = False
    reason: Slug | None = None

    def named(self) -> DecidedDay:
        """The day as a decision names it."""
        return DecidedDay(day=self.day, unit=self.unit, action=self.action)

    def settled(self, outcome: Outcome, reason: Slug | None) -> "DemandeDay":
        """The day with its outcome. Field by field: `_replace` takes twice as long, and folds do it most."""
        day, unit, action, _, rulebook, article, deadline, late, surcharge, _ = self
        return DemandeDay(day, unit, action, outcome, rulebook, article, deadline, late, surcharge, reason)


class Demande(NamedTuple):
    """A request under its number. `decided_at` is when its last day was decided, or when it was withdrawn."""

    number: DemandeNumber
    kind: DemandeKind
    activity: Slug | None
    """None when it is about no activity."""
    household: HouseholdId
    origin: Origin
    submitted_at: datetime
    days: tuple[DemandeDay, ...] = ()
    derogation: Slug | None = None
    reason: Slug | None = None
    """Of an absence: why, in a word of the town's closed list."""
    document: str | None = None
    decided_at: datetime | None = None
    status: Status = "en_cours"
    wanted: Wanted | None = None
    """What it asks for, when it has no days."""
    refusal: Slug | None = None
    """Why it was refused as a whole, when it has no days."""

    def documents(self) -> tuple[DocumentId, ...]:
        """The supporting documents it names."""
        if self.wanted is not None:
            return self.wanted.documents
        return (DocumentId(self.document),) if self.document else ()

    def pending(self) -> tuple[DecidedDay, ...]:
        """The days that still wait for a decision."""
        return tuple(day.named() for day in self.days if day.outcome == "pending")


def requested(known: Demande | None, fact: Demanded, at: datetime) -> Demande:
    """The demande a fact opens, or the one it adds to: ticking and unticking days share a number."""
    if isinstance(fact, EnrolmentRequested):
        opened = Demande(fact.demande, "enrolment", fact.activity, fact.household, fact.origin, at)
        return opened._replace(wanted=fact)
    if isinstance(fact, ChangeRequested):
        return Demande(fact.demande, fact.change, None, fact.household, fact.origin, at)._replace(wanted=fact)
    if isinstance(fact, QuotientDeclared):
        return Demande(fact.demande, "quotient", None, fact.household, fact.origin, at)._replace(wanted=fact)
    return _about_days(known, fact, at)


def _about_days(known: Demande | None, fact: DayDemanded, at: datetime) -> Demande:
    kind = _kind(fact)
    demande = known or Demande(fact.demande, kind, fact.activity, fact.household, fact.origin, at)
    if demande.kind != kind:
        demande = demande._replace(kind="modification")
    match fact:
        case ReservationRequested():
            days = tuple(
                DemandeDay(d.day, d.unit, "reserve", "pending", d.rulebook, d.article, d.deadline, d.late, d.surcharge)
                for d in fact.days
            )
            return demande._replace(days=demande.days + days, derogation=fact.derogation)
        case CancellationRequested():
            days = tuple(
                DemandeDay(d.day, d.unit, "cancel", "pending", d.rulebook, d.article, d.deadline, d.late, d.surcharge)
                for d in fact.days
            )
            return demande._replace(days=demande.days + days, derogation=fact.derogation)
        case AbsenceDeclared():
            days = tuple(
                DemandeDay(d.day, d.unit, "absence", "pending", d.rulebook, d.article, d.deadline) for d in fact.days
            )
            return demande._replace(days=days, derogation=fact.derogation, reason=fact.reason, document=fact.document)


def _kind(fact: DayDemanded) -> DemandeKind:
    match fact:
        case ReservationRequested():
            return "reservation"
        case CancellationRequested():
            return "cancellation"
        case AbsenceDeclared():
            return "absence"


def decided(
    demande: Demande, days: tuple[DecidedDay, ...], outcome: Outcome, *, reason: Slug | None, at: datetime
) -> Demande:
    """The demande once these days have their outcome. Its status follows when no day waits any more."""
    if demande.wanted is not None:
        return demande._replace(decided_at=at, status=_status({outcome}), refusal=reason)
    named = {(day.day, day.unit, day.action) for day in days}
    after = tuple([day.settled(outcome, reason) if day[:3] in named else day for day in demande.days])
    return demande._replace(days=after, decided_at=at, status=_status({day.outcome for day in after}))


def _status(outcomes: AbstractSet[Outcome]) -> Status:
    if "pending" in outcomes:
        return "en_cours"
    if "approved" in outcomes:
        return "traitee_positivement"
    return "retiree" if "withdrawn" in outcomes else "traitee_negativement"
