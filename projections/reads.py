"""Who read what of a household or of a child: questions to the access log, which is beside the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.identifiers import Commune, HouseholdId, Subject
from ledger.streams import household_page
from projections.question import Question


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a list goes on: after this line, towards the past."""

    read_at: datetime
    line: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaking:
    """An account that speaks for a guardian of the household, or spoke for one: of them then, it is theirs to know."""

    subject: Subject
    since: datetime
    until: datetime | None
    """When it was taken away, or the guardian left; None for an account of now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForFamily:
    """What a family is not shown of its own log: that somebody else than the town's staff, or their own, looked."""

    accounts: Sequence[Speaking]
    """Those of the household, each while it was."""
    shared: Sequence[str]
    """The children it shares with another household."""
    others: Sequence[str]
    """Those other households, and who answers for them: a line that shows a child through them is theirs."""


def persons_of(commune: Commune, household: HouseholdId) -> Question:
    """The household itself, its guardians with their accounts, its members and contacts, and its children."""
    return Question(
        sql="""
            SELECT %(household)s AS person, 'household' AS kind, NULL AS subject
            UNION ALL
            SELECT guardian, 'guardian', nullif(subject, '') FROM guardians
            WHERE commune = %(commune)s AND household = %(household)s
            UNION ALL
            SELECT person, 'person', NULL FROM household_people
            WHERE commune = %(commune)s AND household = %(household)s
            UNION ALL
            SELECT child, 'child', NULL FROM children
            WHERE commune = %(commune)s AND household = %(household)s
        """,
        values={"commune": commune, "household": household},
    )


def accounts_of(commune: Commune, household: HouseholdId) -> Question:
    """Each account that ever spoke for a guardian of the household, in the order they came, and until when.

    Asked of the page itself: whoever left is in no read model.
    """
    return Question(
        sql="""
            WITH told AS (
                SELECT version, recorded_at, split_part(type, '.', 1) AS what,
                       convert_from(stored, 'UTF8')::jsonb #>> '{fact,guardian}' AS guardian,
                       convert_from(stored, 'UTF8')::jsonb #>> '{fact,subject}' AS subject
                FROM entries
                WHERE commune = %(commune)s AND stream = %(stream)s
                  AND split_part(type, '.', 1) IN ('guardian_linked', 'guardian_unlinked', 'guardian_left')
            )
            SELECT guardian, subject, recorded_at AS since,
                   (SELECT min(ended.recorded_at) FROM told ended
                    WHERE ended.guardian = linked.guardian AND ended.version > linked.version
                      AND ended.what <> 'guardian_linked') AS until
            FROM told linked WHERE what = 'guardian_linked' ORDER BY version
        """,
        values={"commune": commune, "stream": household_page(commune, household)},
    )


def beside(commune: Commune, household: HouseholdId) -> Question:
    """The other households of its children, one row a guardian, and the child they share."""
    return Question(
        sql="""
            SELECT c.child, o.household, g.guardian, nullif(g.subject, '') AS subject
            FROM children c
            JOIN children o ON o.commune = c.commune AND o.child = c.child AND o.household <> c.household
            LEFT JOIN guardians g ON g.commune = o.commune AND g.household = o.household
            WHERE c.commune = %(commune)s AND c.household = %(household)s
        """,
        values={"commune": commune, "household": household},
    )


def of_household(commune: Commune, household: HouseholdId) -> tuple[Question, Question, Question]:
    """What must be known of a household before its log is read."""
    return persons_of(commune, household), beside(commune, household), accounts_of(commune, household)


def reads(
    commune: Commune,
    persons: Sequence[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    family: ForFamily | None = None,
    after: Place | None = None,
    limit: int | None = None,
) -> Question:
    """The lines about these persons, newest first, each with those of them it is about. `until` is excluded."""
    return Question(
        sql="""
            SELECT r.read_at, r.line, r.actor, r.role, r.client, r.operation, r.purpose, m.about
            FROM (
                SELECT s.read_at, s.line, array_agg(s.person ORDER BY s.person) AS about
                FROM access.seen s
                WHERE s.commune = %(commune)s AND s.person = ANY(%(persons)s)
                  AND (%(since)s::timestamptz IS NULL OR s.read_at >= %(since)s)
                  AND (%(until)s::timestamptz IS NULL OR s.read_at < %(until)s)
                  AND (%(after_at)s::timestamptz IS NULL
                       OR (s.read_at, s.line) < (%(after_at)s::timestamptz, %(after_line)s::uuid))
                GROUP BY s.read_at, s.line
            ) m
            JOIN access.reads r ON r.commune = %(commune)s AND r.read_at = m.read_at AND r.line = m.line
            WHERE %(subjects)s::text[] IS NULL
               OR ((r.role <> 'guardian' OR EXISTS (
                       SELECT FROM unnest(%(subjects)s::text[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[])
                                   AS spoke (subject, since, until)
                       WHERE spoke.subject = r.actor AND r.read_at >= spoke.since
                         AND r.read_at <= coalesce(spoke.until, 'infinity')))
                   AND NOT (m.about <@ %(shared)s::text[] AND r.about && %(others)s::text[]))
            ORDER BY r.read_at DESC, r.line DESC
            LIMIT %(limit)s
        """,
        values={
            "commune": commune,
            "persons": list(persons),
            "since": since,
            "until": until,
            "after_at": after.read_at if after else None,
            "after_line": after.line if after else None,
            "subjects": [account.subject for account in family.accounts] if family else None,
            "sinces": [account.since for account in family.accounts] if family else [],
            "untils": [account.until for account in family.accounts] if family else [],
            "shared": list(family.shared) if family else [],
            "others": list(family.others) if family else [],
            "limit": limit,
        },
    )
