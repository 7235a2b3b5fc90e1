"""Who was forgotten, and what is held of whoever may be: how much of each kind, never what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.identifiers import ActivationId, Commune, HouseholdId, PersonId, Stream
from projections.question import Question


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the list goes on: after this person, towards the past."""

    erased_at: datetime
    person: PersonId


def erased(commune: Commune, *, after: Place | None, limit: int) -> Question:
    """Those who were forgotten, the latest first, with the archivist's agreement."""
    return Question(
        sql="""
            SELECT person, erased_at, agreement, agreed_by, agreed_on FROM erased_people
            WHERE commune = %(commune)s
              AND (%(after_at)s::timestamptz IS NULL
                   OR (erased_at, person) < (%(after_at)s::timestamptz, %(after)s))
            ORDER BY erased_at DESC, person DESC LIMIT %(limit)s
        """,
        values={
            "commune": commune,
            "after_at": after.erased_at if after else None,
            "after": after.person if after else None,
            "limit": limit,
        },
    )


def elsewhere(commune: Commune, household: HouseholdId, persons: Sequence[PersonId]) -> Question:
    """The other households that any of these persons is of, or is a contact of."""
    return Question(
        sql="""
            SELECT guardian AS person, household FROM guardians
            WHERE commune = %(commune)s AND guardian = ANY(%(persons)s) AND household <> %(household)s
            UNION
            SELECT person, household FROM household_people
            WHERE commune = %(commune)s AND person = ANY(%(persons)s) AND household <> %(household)s
        """,
        values={"commune": commune, "household": household, "persons": list(persons)},
    )


def requests(commune: Commune, household: HouseholdId) -> Question:
    """What accounts asked that were recognised in the household, or that speak for its guardians now."""
    return Question(
        sql="""
            SELECT a.activation, coalesce(min(g.guardian), a.guardian) AS guardian, a.status = 'waiting' AS waits
            FROM activations a
            LEFT JOIN guardians g ON g.commune = a.commune AND g.household = %(household)s
                AND g.subject = a.subject AND g.subject <> ''
            WHERE a.commune = %(commune)s AND (a.household = %(household)s OR g.guardian IS NOT NULL)
            GROUP BY a.activation, a.guardian, a.status ORDER BY a.activation
        """,
        values={"commune": commune, "household": household},
    )


def request(commune: Commune, activation: ActivationId) -> Question:
    """What became of what an account asked: waiting, granted or refused."""
    return Question(
        sql="SELECT status FROM activations WHERE commune = %(commune)s AND activation = %(activation)s",
        values={"commune": commune, "activation": activation},
    )


def held(commune: Commune, persons: Sequence[PersonId], household: HouseholdId | None) -> Question:
    """How much the vault holds of each person, by kind, and since when; how much of it another household handed in."""
    return Question(
        sql="""
            SELECT person, 'record' AS what, kind, 1 AS count, 0 AS elsewhere, changed_at AS latest FROM vault.records
            WHERE commune = %(commune)s AND person = ANY(%(persons)s)
            UNION ALL
            SELECT person, 'proposal', kind, count(*)::integer, 0, max(made_at) FROM vault.proposals
            WHERE commune = %(commune)s AND person = ANY(%(persons)s) GROUP BY person, kind
            UNION ALL
            SELECT p.person, 'document', d.kind, count(*)::integer,
                   (count(*) FILTER (WHERE d.household <> %(household)s::text))::integer, max(d.kept_at)
            FROM unnest(%(persons)s::text[]) AS p (person)
            JOIN vault.documents d ON d.commune = %(commune)s AND (d.person = p.person OR d.owner = p.person)
            GROUP BY p.person, d.kind
            ORDER BY person, what DESC, kind
        """,
        values={"commune": commune, "persons": list(persons), "household": household},
    )


def facts(commune: Commune, streams: Sequence[Stream]) -> Question:
    """How many lines these pages have, and when the last one was written."""
    return Question(
        sql="""
            SELECT count(*)::integer AS count, max(recorded_at) AS latest FROM entries
            WHERE commune = %(commune)s AND stream = ANY(%(streams)s)
        """,
        values={"commune": commune, "streams": list(streams)},
    )


def looked_at(commune: Commune, persons: Sequence[str]) -> Question:
    """How many lines of the access log are about these persons."""
    return Question(
        sql="""
            SELECT count(DISTINCT line)::integer AS count FROM access.seen
            WHERE commune = %(commune)s AND person = ANY(%(persons)s)
        """,
        values={"commune": commune, "persons": list(persons)},
    )
