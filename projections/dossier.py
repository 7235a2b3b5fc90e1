"""What the read models hold of a family, for the family itself: its right of access."""

from collections.abc import Sequence

from ledger.identifiers import ChildId, Commune, HouseholdId, PersonId
from projections.question import Question


def homes(commune: Commune, person: PersonId) -> Question:
    """The households that know somebody as a guardian, a member, a contact or a child."""
    return Question(
        sql="""
            SELECT household FROM guardians WHERE commune = %(commune)s AND guardian = %(person)s
            UNION SELECT household FROM household_people WHERE commune = %(commune)s AND person = %(person)s
            UNION SELECT household FROM children WHERE commune = %(commune)s AND child = %(person)s
            ORDER BY household
        """,
        values={"commune": commune, "person": person},
    )


def days(commune: Commune, child: ChildId, household: HouseholdId) -> Question:
    """What was booked for a child, by whom, and who came; the demande, when it is of this household."""
    return Question(
        sql="""
            SELECT coalesce(c.day, a.day) AS day, coalesce(c.activity, a.activity) AS activity,
                   coalesce(c.unit, a.unit) AS unit, c.state, c.household,
                   CASE WHEN c.household = %(household)s THEN c.demande END AS demande, c.absence,
                   a.presence, a.arrived_at, a.left_at
            FROM (SELECT * FROM calendar_days WHERE commune = %(commune)s AND child = %(child)s) c
            FULL JOIN (SELECT * FROM attendance WHERE commune = %(commune)s AND child = %(child)s) a
                ON (a.day, a.activity, a.unit) = (c.day, c.activity, c.unit)
            ORDER BY day, activity, unit
        """,
        values={"commune": commune, "child": child, "household": household},
    )


def demandes(commune: Commune, household: HouseholdId, children: Sequence[ChildId]) -> Question:
    """What a household asked, for itself and for these children."""
    return Question(
        sql="""
            SELECT number, child, activity, kind, status, reason, refusal, submitted_at, decided_at, days, wanted
            FROM demandes
            WHERE commune = %(commune)s AND household = %(household)s AND (child IS NULL OR child = ANY(%(children)s))
            ORDER BY submitted_at, number
        """,
        values={"commune": commune, "household": household, "children": list(children)},
    )
