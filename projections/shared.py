"""What a household shares: members, contacts, keys, quotients; and the accounts that ask to be activated."""

from collections.abc import Iterable
from typing import Final

from ledger.activation import Activation
from ledger.entry import Entry
from ledger.events import (
    ContactAdded,
    ContactRemoved,
    FamilyKeyIssued,
    FamilyKeyRevoked,
    GuardianLinked,
    MemberAdded,
    MemberLeft,
    QuotientDecided,
    TariffStatusDecided,
)
from ledger.household import Household
from ledger.identifiers import ActivationId, Commune, HouseholdId, KeyId, PersonId, Subject
from ledger.rows import Change, Drop, Put, Row, State
from projections.question import Question


def changes(entry: Entry, state: State) -> Iterable[Change]:
    """Rows of `household_people`, `family_keys`, `quotients`, `tariff_statuses` and `activations`."""
    if isinstance(state, Household):
        yield from _of_household(entry, state)
    elif isinstance(state, Activation):
        yield _activation(entry.commune, state)


def _of_household(entry: Entry, household: Household) -> Iterable[Change]:
    match entry.fact:
        case MemberAdded(person=person):
            yield _person(entry.commune, household, person, "member", collects=False)
        case ContactAdded(person=person, collects=collects):
            yield _person(entry.commune, household, person, "contact", collects=collects)
        case MemberLeft(person=person) | ContactRemoved(person=person):
            gone: Row = {"commune": entry.commune, "household": household.household, "person": person}
            yield Drop(table="household_people", key=tuple(gone.values()), row=gone)
        case FamilyKeyIssued(key=key) | FamilyKeyRevoked(key=key):
            yield _key(entry, household, key)
        case GuardianLinked(key=key) if key is not None:
            yield _key(entry, household, key)
        case QuotientDecided() as decided:
            row: Row = {"commune": entry.commune, "household": household.household, "ordinal": entry.version}
            said = {
                "first_day": decided.first_day,
                "amount_cents": decided.amount_cents,
                "source": decided.source,
                "demande": decided.demande,
                "decided_at": entry.signature.recorded_at,
                "regularisation": decided.regularisation,
            }
            yield Put(table="quotients", key=tuple(row.values()), row={**row, **said})
        case TariffStatusDecided() as status:
            row = {"commune": entry.commune, "household": household.household, "ordinal": entry.version}
            said = {
                "first_day": status.first_day,
                "residence": status.residence,
                "regime": status.regime,
                "decided_at": entry.signature.recorded_at,
            }
            yield Put(table="tariff_statuses", key=tuple(row.values()), row={**row, **said})
        case _:
            pass


def _person(commune: Commune, household: Household, person: PersonId, role: str, *, collects: bool) -> Put:
    key: Row = {"commune": commune, "household": household.household, "person": person}
    return Put(table="household_people", key=tuple(key.values()), row={**key, "role": role, "collects": collects})


def _key(entry: Entry, household: Household, key: KeyId) -> Put:
    known = household.keys[key]
    row = {
        "commune": entry.commune,
        "key": key,
        "household": household.household,
        "digest": known.issued.digest,
        "guardian": known.issued.guardian,
        "uses": known.issued.uses,
        "used": known.used,
        "issued_at": known.issued_at,
        "expires_at": known.issued.expires_at,
        "revoked": known.revoked,
    }
    return Put(table="family_keys", key=(entry.commune, key), row=row)


def _activation(commune: Commune, known: Activation) -> Put:
    row = {
        "commune": commune,
        "activation": known.activation,
        "subject": known.subject,
        "requested_at": known.requested_at,
        "due_at": known.due_at,
        "status": known.status,
        "decided_at": known.decided_at,
        "household": known.household,
        "guardian": known.guardian,
        "reason": known.reason,
    }
    return Put(table="activations", key=(commune, known.activation), row=row)


def people_of(commune: Commune, household: HouseholdId) -> Question:
    """The members and the contacts of a household."""
    return Question(
        sql="""
            SELECT person, role, collects FROM household_people
            WHERE commune = %(commune)s AND household = %(household)s ORDER BY role DESC, person
        """,
        values={"commune": commune, "household": household},
    )


_KEY_COLUMNS: Final = "SELECT key, household, guardian, uses, used, issued_at, expires_at, revoked FROM family_keys"


def keys_of(commune: Commune, household: HouseholdId) -> Question:
    """The keys of a household, the latest first."""
    return Question(
        sql=_KEY_COLUMNS
        + """
            WHERE commune = %(commune)s AND household = %(household)s ORDER BY issued_at DESC, key
        """,
        values={"commune": commune, "household": household},
    )


def keys_with(commune: Commune, digests: list[str]) -> Question:
    """The keys whose text has one of these digests."""
    return Question(
        sql=_KEY_COLUMNS + " WHERE commune = %(commune)s AND digest = ANY(%(digests)s) ORDER BY issued_at DESC",
        values={"commune": commune, "digests": digests},
    )


def key_digest(commune: Commune, key: KeyId) -> Question:
    """What was kept of the text of a key."""
    return Question(
        sql="SELECT digest FROM family_keys WHERE commune = %(commune)s AND key = %(key)s",
        values={"commune": commune, "key": key},
    )


def quotients_of(commune: Commune, household: HouseholdId) -> Question:
    """The quotients of a household, the latest first."""
    return Question(
        sql="""
            SELECT first_day, amount_cents, source, demande, regularisation, decided_at FROM quotients
            WHERE commune = %(commune)s AND household = %(household)s ORDER BY first_day DESC, ordinal DESC
        """,
        values={"commune": commune, "household": household},
    )


def tariff_statuses_of(commune: Commune, household: HouseholdId) -> Question:
    """Which tariffs a household is under and from when, the latest first."""
    return Question(
        sql="""
            SELECT first_day, residence, regime, decided_at FROM tariff_statuses
            WHERE commune = %(commune)s AND household = %(household)s ORDER BY first_day DESC, ordinal DESC
        """,
        values={"commune": commune, "household": household},
    )


_ACTIVATION_COLUMNS: Final = """
    SELECT activation, subject, requested_at, due_at, status, decided_at, household, guardian, reason FROM activations
"""


def activations_waiting(commune: Commune, *, after: tuple[str, str] | None, limit: int) -> Question:
    """The accounts that wait for an agent, those due first: the overdue ones come before the others."""
    due_at, activation = after or (None, None)
    return Question(
        sql=_ACTIVATION_COLUMNS
        + """
            WHERE commune = %(commune)s AND status = 'waiting'
              AND (%(due_at)s::timestamptz IS NULL OR (due_at, activation) > (%(due_at)s::timestamptz, %(activation)s))
            ORDER BY due_at, activation LIMIT %(limit)s
        """,
        values={"commune": commune, "due_at": due_at, "activation": activation, "limit": limit},
    )


def activation_named(commune: Commune, activation: ActivationId) -> Question:
    """One request to be activated, whatever became of it."""
    return Question(
        sql=_ACTIVATION_COLUMNS + " WHERE commune = %(commune)s AND activation = %(activation)s",
        values={"commune": commune, "activation": activation},
    )


def activations_of(commune: Commune, subject: Subject) -> Question:
    """What an account asked, the latest first."""
    return Question(
        sql=_ACTIVATION_COLUMNS
        + " WHERE commune = %(commune)s AND subject = %(subject)s ORDER BY requested_at DESC, activation",
        values={"commune": commune, "subject": subject},
    )
