"""French sentences about what happened to a household, to an account and to a town."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from api.french_erasure import RECORDS, document_kind
from api.french_export import euros, kilobytes
from api.french_families import ACTIVATION_REFUSALS
from api.french_formalities import SOURCES
from api.french_told import Told, counted
from api.history_words import lowered, short
from ledger import events
from rulebook.french_dates import french_date, french_day

SUSPENSIONS: Final[Mapping[events.SuspensionReason, str]] = MappingProxyType(
    {
        "authority_withdrawn": "autorité parentale retirée",
        "court_order": "décision de justice",
        "account_lost": "compte perdu",
        "at_their_request": "à sa demande",
        "under_review": "à l'examen",
    }
)


def _opened(fact: events.HouseholdOpened, told: Told) -> str:
    return f"Foyer {short(fact.household)} ouvert {told.by}."


def _guardian(fact: events.GuardianAdded, told: Told) -> str:
    return f"Responsable {short(fact.guardian)} ajouté au foyer {told.by}."


def _holder(fact: events.HolderChanged, told: Told) -> str:
    return f"Responsable {short(fact.guardian)} désigné titulaire du foyer {told.by}."


def _linked(fact: events.GuardianLinked, told: Told) -> str:
    how = {
        "agent": told.by,
        "key": f"avec la Clé Enfance {short(fact.key)}" if fact.key else "avec une Clé Enfance",
        "activation": f"par l'activation du compte, accordée {told.by}",
        "import": f"à la reprise des données, {told.by}",
    }
    return f"Compte rattaché au responsable {short(fact.guardian)} {how[fact.how]}."


def _unlinked(fact: events.GuardianUnlinked, told: Told) -> str:
    return f"Compte détaché du responsable {short(fact.guardian)} {told.by}."


def _account_suspended(fact: events.AccountSuspended, told: Told) -> str:
    return f"Compte du responsable {short(fact.guardian)} suspendu {told.by}, motif : {SUSPENSIONS[fact.reason]}."


def _account_back(fact: events.AccountReinstated, told: Told) -> str:
    return f"Compte du responsable {short(fact.guardian)} rétabli {told.by}."


def _suspended(fact: events.GuardianSuspended, told: Told) -> str:
    return f"Responsable {short(fact.guardian)} suspendu {told.by}, motif : {SUSPENSIONS[fact.reason]}."


def _reinstated(fact: events.GuardianReinstated, told: Told) -> str:
    return f"Responsable {short(fact.guardian)} rétabli {told.by}."


def _left(fact: events.GuardianLeft, told: Told) -> str:
    return f"Responsable {short(fact.guardian)} retiré du foyer {told.by}."


def _member(fact: events.MemberAdded, told: Told) -> str:
    return f"Personne {short(fact.person)} ajoutée aux membres du foyer {told.by}{told.after_demande}."


def _member_left(fact: events.MemberLeft, told: Told) -> str:
    return f"Personne {short(fact.person)} retirée des membres du foyer {told.by}."


def _contact(fact: events.ContactAdded, told: Told) -> str:
    collects = "autorisée" if fact.collects else "non autorisée"
    return (
        f"Personne {short(fact.person)} ajoutée aux contacts du foyer, {collects} à venir chercher les enfants, "
        f"{told.by}{told.after_demande}{told.correcting}."
    )


def _contact_gone(fact: events.ContactRemoved, told: Told) -> str:
    return f"Personne {short(fact.person)} retirée des contacts du foyer {told.by}."


def _key(fact: events.FamilyKeyIssued, told: Told) -> str:
    whom = f"pour le responsable {short(fact.guardian)}" if fact.guardian else "pour tout responsable sans compte"
    uses, until = counted(fact.uses, "utilisation"), told.words.instant(fact.expires_at)
    return f"Clé Enfance {short(fact.key)} créée {told.by}, {whom} : {uses}, valable jusqu'au {until}."


def _key_revoked(fact: events.FamilyKeyRevoked, told: Told) -> str:
    return f"Clé Enfance {short(fact.key)} révoquée {told.by}."


def _document(fact: events.DocumentKept, told: Told) -> str:
    about = f" au sujet de l'enfant {short(fact.about)}" if fact.about else ""
    what = f"{document_kind(fact.kind)}, {kilobytes(fact.size_bytes)}"
    return f"Justificatif déposé {told.by} pour le responsable {short(fact.owner)}{about} : {what}."


def _quotient(fact: events.QuotientDecided, told: Told) -> str:
    source = lowered(SOURCES[fact.source])
    return (
        f"Quotient familial de {euros(fact.amount_cents)} retenu à partir du {french_date(fact.first_day)} ({source}) "
        f"{told.by}{told.after_demande}{told.correcting}."
    )


def _details(fact: events.DetailsKept, told: Told) -> str:
    kind = lowered(RECORDS.get(fact.kind, fact.kind))
    return (
        f"Informations sur la personne {short(fact.person)} enregistrées {told.by} : {kind}"
        f"{told.after_demande}{told.correcting}."
    )


def _erased(fact: events.PersonErased, told: Told) -> str:
    return (
        f"Effacement {told.by} de ce qui était connu de la personne {short(fact.person)}, "
        f"accord {fact.agreement} du {french_date(fact.agreed_on)}."
    )


# Accounts, and the town -----------------------------------------------------------------------------------------------


def _activation(fact: events.ActivationRequested, told: Told) -> str:
    return f"Activation d'un compte demandée, réponse attendue avant le {told.words.instant(fact.due_at)}."


def _granted(fact: events.ActivationGranted, told: Told) -> str:
    return (
        f"Activation du compte accordée {told.by} : responsable {short(fact.guardian)} "
        f"du foyer {short(fact.household)}."
    )


def _refused(fact: events.ActivationRefused, told: Told) -> str:
    return f"Activation du compte refusée {told.by}, motif : {lowered(ACTIVATION_REFUSALS[fact.reason])}."


def _adopted(fact: events.RulebookAdopted, told: Told) -> str:
    return f"Règlement {fact.version} adopté {told.by}, en vigueur à partir du {french_date(fact.in_force_from)}."


def _whole(fact: events.DayClosed | events.DayReopened, told: Told) -> str:
    if fact.activity is None:
        return f"pour toute la commune, {told.words.site(fact.site)}" if fact.site else "pour toute la commune"
    names = [told.words.activity(fact.activity, fact.day), *told.words.where(fact.activity, fact.site, None, fact.day)]
    return f"pour {', '.join(names)}"


def _closed(fact: events.DayClosed, told: Told) -> str:
    reason = told.words.closing(fact.reason)
    return f"Fermeture le {french_day(fact.day)} {_whole(fact, told)} décidée {told.by}, motif : {reason}."


def _reopened(fact: events.DayReopened, told: Told) -> str:
    return f"Fermeture du {french_day(fact.day)} {_whole(fact, told)} levée {told.by}."


def _capacity(fact: events.CapacityChanged, told: Told) -> str:
    words, pool = told.words, f", {fact.pool}" if fact.pool else ""
    where = f"{words.activity(fact.activity, fact.day)}, {words.unit(fact.activity, fact.unit, fact.day)}{pool}"
    places = "sans limite" if fact.places is None else counted(fact.places, "place")
    return f"Nombre de places du {french_day(fact.day)} ({where}) fixé {told.by} : {places}."


HOME_SENTENCES: Final[Mapping[type, Callable[[Any, Told], str]]] = MappingProxyType(
    {
        events.HouseholdOpened: _opened,
        events.GuardianAdded: _guardian,
        events.HolderChanged: _holder,
        events.GuardianLinked: _linked,
        events.GuardianUnlinked: _unlinked,
        events.AccountSuspended: _account_suspended,
        events.AccountReinstated: _account_back,
        events.GuardianSuspended: _suspended,
        events.GuardianReinstated: _reinstated,
        events.GuardianLeft: _left,
        events.MemberAdded: _member,
        events.MemberLeft: _member_left,
        events.ContactAdded: _contact,
        events.ContactRemoved: _contact_gone,
        events.FamilyKeyIssued: _key,
        events.FamilyKeyRevoked: _key_revoked,
        events.DocumentKept: _document,
        events.QuotientDecided: _quotient,
        events.DetailsKept: _details,
        events.PersonErased: _erased,
        events.ActivationRequested: _activation,
        events.ActivationGranted: _granted,
        events.ActivationRefused: _refused,
        events.RulebookAdopted: _adopted,
        events.DayClosed: _closed,
        events.DayReopened: _reopened,
        events.CapacityChanged: _capacity,
    }
)
