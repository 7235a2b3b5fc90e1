"""Who is of which household, who answers for whom, what a child is enrolled in."""

from collections.abc import Iterable

from ledger.child import Child
from ledger.entry import Entry
from ledger.events import (
    ChildEnrolled,
    ChildRegistered,
    EnrolmentEnded,
    GuardianAdded,
    GuardianLinked,
    GuardianUnlinked,
)
from ledger.identifiers import ChildId, Commune, EnrolmentId, GuardianId, HouseholdId, Stream, Subject
from ledger.rows import Change, Drop, Put, State
from ledger.streams import commune_of, subject_of
from projections.question import Question


def changes(entry: Entry, state: State) -> Iterable[Change]:
    """Rows of `children`, `guardians` and `enrolments`."""
    commune = entry.commune
    match entry.fact:
        case ChildRegistered(child=child, household=household):
            yield Put(
                table="children",
                key=(commune, child),
                row={"commune": commune, "child": child, "household": household},
            )
        case GuardianAdded(guardian=guardian):
            yield _guardian(entry, guardian, "")
        case GuardianLinked(guardian=guardian, subject=subject):
            unlinked = _guardian(entry, guardian, "")
            yield Drop(table="guardians", key=unlinked.key, row=unlinked.row)
            yield _guardian(entry, guardian, subject)
        case GuardianUnlinked(guardian=guardian, subject=subject):
            linked = _guardian(entry, guardian, subject)
            yield Drop(table="guardians", key=linked.key, row=linked.row)
            yield _guardian(entry, guardian, "")
        case ChildEnrolled(enrolment=enrolment) | EnrolmentEnded(enrolment=enrolment):
            assert isinstance(state, Child)
            yield _enrolment(commune, state, enrolment)
        case _:
            pass


def _guardian(entry: Entry, guardian: GuardianId, subject: str) -> Put:
    household = subject_of(entry.stream)
    row = {"commune": entry.commune, "household": household, "guardian": guardian, "subject": subject}
    return Put(table="guardians", key=tuple(row.values()), row=row)


def _enrolment(commune: Commune, child: Child, enrolment: EnrolmentId) -> Put:
    known = child.enrolments[enrolment]
    return Put(
        table="enrolments",
        key=(commune, child.child, enrolment),
        row={
            "commune": commune,
            "child": child.child,
            "enrolment": enrolment,
            "activity": known.activity,
            "site": known.site,
            "child_group": known.group,
            "first_day": known.first_day,
            "last_day": known.last_day,
        },
    )


def children_of_subject(commune: Commune, subject: Subject) -> Question:
    """The children an account may act for, each with the household it acts through."""
    return Question(
        sql="""
            SELECT c.child, min(c.household) AS household
            FROM guardians g JOIN children c ON c.commune = g.commune AND c.household = g.household
            WHERE g.commune = %(commune)s AND g.subject = %(subject)s
            GROUP BY c.child ORDER BY c.child
        """,
        values={"commune": commune, "subject": subject},
    )


def households_of_subject(commune: Commune, subject: Subject) -> Question:
    """The households an account speaks for, and as which guardian."""
    return Question(
        sql="""
            SELECT household, guardian FROM guardians
            WHERE commune = %(commune)s AND subject = %(subject)s ORDER BY household
        """,
        values={"commune": commune, "subject": subject},
    )


def household_of_child(commune: Commune, child: ChildId, *, subject: Subject | None = None) -> Question:
    """The household of a child: no row for a child the town does not know, or an account may not act for."""
    return Question(
        sql="""
            SELECT household FROM children c
            WHERE commune = %(commune)s AND child = %(child)s
              AND (%(subject)s::text IS NULL OR EXISTS (
                  SELECT FROM guardians g
                  WHERE g.commune = c.commune AND g.household = c.household AND g.subject = %(subject)s))
        """,
        values={"commune": commune, "child": child, "subject": subject},
    )


def guardians_of(commune: Commune, household: HouseholdId) -> Question:
    """The guardians of a household, and the accounts that speak for them."""
    return Question(
        sql="""
            SELECT guardian, nullif(subject, '') AS subject FROM guardians
            WHERE commune = %(commune)s AND household = %(household)s ORDER BY guardian
        """,
        values={"commune": commune, "household": household},
    )


def children_of(commune: Commune, household: HouseholdId) -> Question:
    """The children of a household."""
    return Question(
        sql="""
            SELECT child FROM children
            WHERE commune = %(commune)s AND household = %(household)s ORDER BY child
        """,
        values={"commune": commune, "household": household},
    )


def enrolments_of(commune: Commune, child: ChildId) -> Question:
    """What a child is, was or will be enrolled in."""
    return Question(
        sql="""
            SELECT enrolment, activity, site, child_group, first_day, last_day FROM enrolments
            WHERE commune = %(commune)s AND child = %(child)s ORDER BY first_day, activity, enrolment
        """,
        values={"commune": commune, "child": child},
    )


def version_of(stream: Stream) -> Question:
    """How many lines a page has: the version an answer about it carries."""
    return Question(
        sql="""
            SELECT coalesce(max(version), 0) AS version FROM entries
            WHERE commune = %(commune)s AND stream = %(stream)s
        """,
        values={"commune": commune_of(stream), "stream": stream},
    )
