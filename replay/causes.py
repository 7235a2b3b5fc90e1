"""Why each line of a page was written: the demande it answers, the rule that decided, the earlier line it corrects."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ledger.entry import Entry
from ledger.events import (
    AbsenceDeclared,
    ActivationGranted,
    ActivationRefused,
    ActivationRequested,
    AttendanceRecorded,
    CancellationRequested,
    ChangeRequested,
    ChildEnrolled,
    ContactAdded,
    ContactRemoved,
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    DecidedBy,
    DemandeApproved,
    DemandeRejected,
    DetailsKept,
    DirectDebitAsked,
    DirectDebitReturned,
    EnrolmentEnded,
    EnrolmentRequested,
    Fact,
    FamilyKeyIssued,
    FamilyKeyRevoked,
    GuardianLinked,
    MandateRevoked,
    MandateSigned,
    MealBroughtDecided,
    MemberAdded,
    Origin,
    PaymentCancelled,
    PaymentRecorded,
    QuotientDecided,
    QuotientDeclared,
    ReservationRequested,
    TariffStatusDecided,
)
from ledger.identifiers import ActivationId, DemandeNumber, KeyId, Subject

_ASKS: Final = (
    ReservationRequested,
    CancellationRequested,
    AbsenceDeclared,
    EnrolmentRequested,
    ChangeRequested,
    QuotientDeclared,
)
_DECIDES: Final = (DemandeApproved, DemandeRejected)
_BROUGHT_ABOUT: Final = (ChildEnrolled, MemberAdded, ContactAdded, DetailsKept, QuotientDecided)
"""What the approval of a demande without days brings about, in the same command."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Who asked for a demande, on which line of the page."""

    version: int
    actor: Subject
    role: str
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """What brought a line."""

    demande: DemandeNumber | None = None
    """The demande it opens, adds to, answers or brings about."""
    asked: Asked | None = None
    """Who had asked for it; None on the lines that ask."""
    decided_by: DecidedBy | None = None
    article: str | None = None
    """Of a rule that decided alone."""
    key: KeyId | None = None
    activation: ActivationId | None = None
    first: int = 0
    """The first line of the same command on the page: the line itself, when nothing of the command came before."""
    corrects: int | None = None
    """The earlier line it replaces, ends or takes back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Command:
    name: str
    first: int
    approved: DemandeApproved | None = None
    """The last demande without days it approved: what follows is brought about by it."""


class Trail:
    """What is remembered of a page in order to say why its next line was written."""

    def __init__(self, activations: dict[tuple[str, str], ActivationId] | None = None) -> None:
        self._asked: dict[DemandeNumber, Asked] = {}
        self._latest: dict[tuple[str, ...], int] = {}
        self._command = _Command(name="", first=0)
        self._activations = activations or {}
        """Those that tied an account, by guardian and instant; the one of an account's page, under two empty words."""

    def take(self, entry: Entry) -> Cause:
        """Why the next line was written."""
        fact, command = entry.fact, entry.signature.command
        if command != self._command.name:
            self._command = _Command(name=command, first=entry.version)
        if isinstance(fact, DemandeApproved) and not fact.days:
            self._command = replace(self._command, approved=fact)
        decision = fact if isinstance(fact, _DECIDES) else None
        if isinstance(fact, _BROUGHT_ABOUT):
            decision = self._command.approved
        demande: DemandeNumber | None = getattr(decision or fact, "demande", None)
        return Cause(
            demande=demande,
            asked=self._ask(entry, demande),
            decided_by=decision.decided_by if decision else None,
            article=decision.article if decision else None,
            key=fact.key if isinstance(fact, GuardianLinked | FamilyKeyRevoked) else None,
            activation=self._activation(entry),
            first=self._command.first,
            corrects=self._corrected(entry),
        )

    def _ask(self, entry: Entry, demande: DemandeNumber | None) -> Asked | None:
        fact = entry.fact
        if isinstance(fact, _ASKS):
            told = entry.signature
            asked = Asked(version=entry.version, actor=told.actor, role=told.role, origin=fact.origin)
            self._asked.setdefault(fact.demande, asked)
            return None
        return None if demande is None else self._asked.get(demande)

    def _activation(self, entry: Entry) -> ActivationId | None:
        match entry.fact:
            case ActivationRequested(activation=activation):
                self._activations["", ""] = activation
                return activation
            case ActivationGranted() | ActivationRefused():
                return self._activations.get(("", ""))
            case GuardianLinked(guardian=guardian, how="activation"):
                return self._activations.get((guardian, entry.signature.recorded_at.isoformat()))
            case _:
                return None

    def _corrected(self, entry: Entry) -> int | None:
        corrects = None
        for subject in _subjects(entry.fact):
            corrects = self._latest.get(subject)
            self._latest[subject] = entry.version
            if isinstance(entry.fact, ContactRemoved):
                del self._latest[subject]
        return corrects


def _subjects(fact: Fact) -> Iterator[tuple[str, ...]]:
    """What a later line may say again, under the name it is remembered by."""
    match fact:
        case AttendanceRecorded():
            yield "attendance", fact.activity, fact.unit, fact.day.isoformat()
        case QuotientDecided():
            yield "quotient", fact.first_day.isoformat()
        case ChildEnrolled() | EnrolmentEnded():
            yield "enrolment", fact.enrolment
        case ContactAdded() | ContactRemoved():
            yield "contact", fact.person
        case DetailsKept():
            yield "details", fact.person, fact.kind
        case CustodyAgreed() | CustodyEnded():
            yield "custody", fact.first_day.isoformat()
        case CustodyExcepted():
            yield "exception", fact.first_day.isoformat(), fact.last_day.isoformat()
        case FamilyKeyIssued() | FamilyKeyRevoked():
            yield "key", fact.key
        case _:
            yield from _of_the_regie(fact)


def _of_the_regie(fact: Fact) -> Iterator[tuple[str, ...]]:
    match fact:
        case TariffStatusDecided():
            yield "status", fact.first_day.isoformat()
        case MealBroughtDecided():
            yield "meal", fact.activity, fact.first_day.isoformat()
        case PaymentRecorded() | PaymentCancelled():
            yield "payment", fact.payment
        case MandateSigned() | MandateRevoked():
            yield "mandate", fact.mandate
        case DirectDebitAsked() | DirectDebitReturned():
            yield "debit", fact.collection, fact.titre
        case _:
            return
