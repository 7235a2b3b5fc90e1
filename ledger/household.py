"""The household's page folded: who answers for its children, what they share, and what they asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from ledger.demande import Demande, Outcome, decided, requested
from ledger.entry import Entry
from ledger.events import (
    AccountReinstated,
    AccountSuspended,
    ChangeRequested,
    ContactAdded,
    ContactRemoved,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    DetailsKept,
    DocumentKept,
    Fact,
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
from ledger.identifiers import DemandeNumber, DocumentId, GuardianId, HouseholdId, KeyId, PersonId, Slug, Subject


class Account(NamedTuple):
    """An account that speaks for a guardian, unless it is suspended."""

    subject: Subject
    guardian: GuardianId
    suspended: bool = False


class FamilyKey(NamedTuple):
    """A Clé Enfance, and how often it was used."""

    issued: FamilyKeyIssued
    issued_at: datetime
    used: int = 0
    revoked: bool = False

    def opens(self, now: datetime) -> bool:
        """Whether it may still be used."""
        return not self.revoked and self.used < self.issued.uses and now < self.issued.expires_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Household:
    """A family, the accounts that speak for its guardians, and what it shares."""

    household: HouseholdId
    guardians: tuple[GuardianId, ...] = ()
    """In the order they were added; those who left are not of it."""
    holder: GuardianId | None = None
    """The titulaire."""
    suspended: frozenset[GuardianId] = frozenset()
    accounts: Mapping[GuardianId, Account] = field(default_factory=dict)
    members: frozenset[PersonId] = frozenset()
    contacts: Mapping[PersonId, bool] = field(default_factory=dict)
    """Whether each may collect the children."""
    keys: Mapping[KeyId, FamilyKey] = field(default_factory=dict)
    documents: Mapping[DocumentId, DocumentKept] = field(default_factory=dict)
    quotients: tuple[QuotientDecided, ...] = ()
    statuses: tuple[TariffStatusDecided, ...] = ()
    open: Mapping[DemandeNumber, Demande] = field(default_factory=dict)
    """Demandes that wait for a decision."""
    latest: Demande | None = None
    """The demande the last entry was about, whatever became of it: what a read model shows of it."""
    everybody: frozenset[PersonId] = frozenset()
    """Whoever the page ever spoke of, those who left included: the vault may know something of each."""
    under_review: frozenset[GuardianId] = frozenset()
    """Those who are suspended, or whose account is, until somebody has looked into it."""
    erased: frozenset[PersonId] = frozenset()
    overtaken: Mapping[DemandeNumber, frozenset[Slug]] = field(default_factory=dict)
    """Of changes that wait: the kinds of details of their person that were kept since they were asked for."""

    def speaks(self, subject: Subject | None) -> GuardianId | None:
        """The guardian an account speaks for now; None when it may not."""
        return next(
            (
                account.guardian
                for account in self.accounts.values()
                if account.subject == subject and not account.suspended and account.guardian not in self.suspended
            ),
            None,
        )

    def has_account(self, subject: Subject | None) -> bool:
        """Whether an account is tied to one of the guardians, even if it may do nothing for now."""
        return any(account.subject == subject for account in self.accounts.values())

    @property
    def forgotten(self) -> bool:
        """Whether nobody who answered for it is known any more: nobody is to be let in again."""
        return bool(self.guardians) and all(self.has_forgotten(guardian) for guardian in self.guardians)

    def has_forgotten(self, guardian: GuardianId) -> bool:
        """Whether a guardian was erased: no account is to speak for them again."""
        return PersonId(guardian) in self.erased

    def has(self, person: PersonId | GuardianId) -> bool:
        """Whether somebody is of the household, or known to it as a contact."""
        return person in self.guardians or person in self.members or person in self.contacts


def evolve(household: Household | None, entries: Iterable[Entry]) -> Household | None:
    """The household after these entries of its page."""
    for entry in entries:
        fact, signature = entry.fact, entry.signature
        if isinstance(fact, HouseholdOpened):
            household = Household(household=fact.household)
            continue
        assert household is not None, f"a household's page starts when it is opened: {entry.stream}"
        household = replace(household, latest=None, everybody=household.everybody | _named(fact))
        if isinstance(fact, ChangeRequested | QuotientDeclared | DemandeApproved | DemandeRejected | DemandeWithdrawn):
            household = _of_demandes(household, fact, signature.happened_at, signature.recorded_at)
        else:
            household = replace(household, under_review=_reviewed(household, fact))
            household = _of_guardians(household, fact, signature.recorded_at)
    return household


def _named(fact: Fact) -> frozenset[PersonId]:
    match fact:
        case GuardianAdded(guardian=guardian):
            return frozenset({PersonId(guardian)})
        case MemberAdded(person=person) | ContactAdded(person=person) | DetailsKept(person=person):
            return frozenset({person})
        case ChangeRequested(person=person):
            return frozenset({person})
        case _:
            return frozenset()


def _reviewed(known: Household, fact: Fact) -> frozenset[GuardianId]:
    """Who is under review after a suspension, or after one ended."""
    match fact:
        case GuardianSuspended(guardian=guardian, reason="under_review"):
            return known.under_review | {guardian}
        case AccountSuspended(guardian=guardian, reason="under_review"):
            return known.under_review | {guardian}
        case GuardianSuspended(guardian=guardian) | AccountSuspended(guardian=guardian):
            return known.under_review - {guardian}
        case GuardianReinstated(guardian=guardian) | AccountReinstated(guardian=guardian):
            return known.under_review - {guardian}
        case GuardianLeft(guardian=guardian) | GuardianUnlinked(guardian=guardian):
            return known.under_review - {guardian}
        case _:
            return known.under_review


def _of_guardians(known: Household, fact: Fact, at: datetime) -> Household:
    match fact:
        case GuardianAdded(guardian=guardian):
            guardians = (*known.guardians, guardian)
            return replace(known, guardians=guardians, holder=known.holder or guardian)
        case HolderChanged(guardian=guardian):
            return replace(known, holder=guardian)
        case GuardianLinked(guardian=guardian, subject=subject, key=key):
            keys = known.keys if key is None else {**known.keys, key: _used(known.keys[key])}
            return replace(known, accounts={**known.accounts, guardian: Account(subject, guardian)}, keys=keys)
        case GuardianUnlinked(guardian=guardian):
            return replace(known, accounts=_without(known.accounts, guardian))
        case AccountSuspended(guardian=guardian, subject=subject):
            return replace(known, accounts={**known.accounts, guardian: Account(subject, guardian, suspended=True)})
        case AccountReinstated(guardian=guardian, subject=subject):
            return replace(known, accounts={**known.accounts, guardian: Account(subject, guardian)})
        case GuardianSuspended(guardian=guardian):
            return replace(known, suspended=known.suspended | {guardian})
        case GuardianReinstated(guardian=guardian):
            return replace(known, suspended=known.suspended - {guardian})
        case GuardianLeft(guardian=guardian):
            left = tuple(other for other in known.guardians if other != guardian)
            holder = known.holder if known.holder != guardian else next(iter(left), None)
            accounts, suspended = _without(known.accounts, guardian), known.suspended - {guardian}
            return replace(known, guardians=left, holder=holder, accounts=accounts, suspended=suspended)
        case _:
            return _of_what_they_share(known, fact, at)


def _of_what_they_share(known: Household, fact: Fact, at: datetime) -> Household:
    match fact:
        case MemberAdded(person=person):
            return replace(known, members=known.members | {person})
        case MemberLeft(person=person):
            return replace(known, members=known.members - {person})
        case ContactAdded(person=person, collects=collects):
            return replace(known, contacts={**known.contacts, person: collects})
        case ContactRemoved(person=person):
            return replace(known, contacts=_without(known.contacts, person))
        case FamilyKeyIssued(key=key):
            return replace(known, keys={**known.keys, key: FamilyKey(fact, at)})
        case FamilyKeyRevoked(key=key):
            return replace(known, keys={**known.keys, key: known.keys[key]._replace(revoked=True)})
        case DetailsKept(person=person, kind=kind):
            return replace(known, overtaken=_overtaken(known, person, kind))
        case DocumentKept(document=document):
            return replace(known, documents={**known.documents, document: fact})
        case QuotientDecided():
            return replace(known, quotients=(*known.quotients, fact))
        case TariffStatusDecided():
            return replace(known, statuses=(*known.statuses, fact))
        case PersonErased(person=person):
            return replace(known, erased=known.erased | {person})
        case _:
            return known


def _overtaken(known: Household, person: PersonId, kind: Slug) -> Mapping[DemandeNumber, frozenset[Slug]]:
    about = [
        number
        for number, demande in known.open.items()
        if isinstance(demande.wanted, ChangeRequested) and demande.wanted.person == person
    ]
    return {**known.overtaken, **{number: known.overtaken.get(number, frozenset()) | {kind} for number in about}}


def _of_demandes(
    known: Household,
    fact: ChangeRequested | QuotientDeclared | DemandeApproved | DemandeRejected | DemandeWithdrawn,
    happened_at: datetime,
    recorded_at: datetime,
) -> Household:
    match fact:
        case ChangeRequested() | QuotientDeclared():
            asked = requested(None, fact, happened_at)
            return replace(known, open={**known.open, fact.demande: asked}, latest=asked)
        case DemandeApproved():
            return _decided(known, fact.demande, "approved", None, recorded_at)
        case DemandeRejected(reason=reason):
            return _decided(known, fact.demande, "rejected", reason, recorded_at)
        case DemandeWithdrawn():
            return _decided(known, fact.demande, "withdrawn", None, recorded_at)


def _decided(known: Household, number: DemandeNumber, outcome: Outcome, reason: Slug | None, at: datetime) -> Household:
    demande = decided(known.open[number], (), outcome, reason=reason, at=at)
    overtaken = _without(known.overtaken, number)
    return replace(known, open=_without(known.open, number), overtaken=overtaken, latest=demande)


def _used(key: FamilyKey) -> FamilyKey:
    return key._replace(used=key.used + 1)


def _without(mapping: Mapping, key: object) -> dict:  # type: ignore[type-arg]
    return {other: value for other, value in mapping.items() if other != key}
