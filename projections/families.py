"""Who is of which household, who answers for whom, whose day it is, what a child is enrolled in."""

from collections.abc import Iterable

from ledger.child import Child
from ledger.codec import Codec
from ledger.entry import Entry
from ledger.events import (
    AccountReinstated,
    AccountSuspended,
    ChildEnrolled,
    ChildJoinedHousehold,
    ChildLeftHousehold,
    ChildRegistered,
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    EnrolmentEnded,
    GuardianAdded,
    GuardianLeft,
    GuardianLinked,
    GuardianReinstated,
    GuardianSuspended,
    GuardianUnlinked,
    HolderChanged,
    MealBroughtDecided,
    PersonErased,
)
from ledger.household import Household
from ledger.identifiers import ChildId, Commune, EnrolmentId, GuardianId, HouseholdId, Stream, Subject
from ledger.rows import Change, Drop, Put, Row, State
from ledger.streams import commune_of
from projections.question import Question

_CODEC = Codec()
ABOUT_GUARDIANS = (
    GuardianAdded,
    HolderChanged,
    GuardianLinked,
    GuardianUnlinked,
    AccountSuspended,
    AccountReinstated,
    GuardianSuspended,
    GuardianReinstated,
    GuardianLeft,
)


def changes(entry: Entry, state: State) -> Iterable[Change]:
    """Rows of `children`, `guardians`, `enrolments`, `custody`, `meals_brought` and `erased_people`."""
    if isinstance(state, Child):
        yield from _of_child(entry, state)
    elif isinstance(state, Household):
        yield from _of_household(entry, state)
    if isinstance(entry.fact, PersonErased):
        fact = entry.fact
        key = {"commune": entry.commune, "person": fact.person}
        said = {"agreement": fact.agreement, "agreed_by": fact.agreed_by, "agreed_on": fact.agreed_on}
        row = {**key, "erased_at": entry.signature.happened_at, **said}
        yield Put(table="erased_people", key=tuple(key.values()), row=row)


def _of_child(entry: Entry, child: Child) -> Iterable[Change]:
    commune, fact = entry.commune, entry.fact
    match fact:
        case ChildEnrolled(enrolment=enrolment) | EnrolmentEnded(enrolment=enrolment):
            yield _enrolment(commune, child, enrolment)
        case ChildLeftHousehold(household=household):
            left = {"commune": commune, "child": child.child, "household": household}
            yield Drop(table="children", key=tuple(left.values()), row=left)
        case ChildRegistered() | ChildJoinedHousehold() | PersonErased():
            yield from _children(commune, child)
        case CustodyAgreed() | CustodyExcepted() | CustodyEnded():
            yield from _children(commune, child)
            row: Row = {"commune": commune, "child": child.child, "ordinal": entry.version}
            said = {
                "type": _CODEC.name(fact),
                "statement": _CODEC.fact_to_json(fact),
                "stated_at": entry.signature.recorded_at,
            }
            yield Put(table="custody", key=tuple(row.values()), row={**row, **said})
        case MealBroughtDecided() as meal:
            row = {"commune": commune, "child": child.child, "ordinal": entry.version}
            said = {
                "activity": meal.activity,
                "first_day": meal.first_day,
                "brought": meal.brought,
                "decided_at": entry.signature.recorded_at,
            }
            yield Put(table="meals_brought", key=tuple(row.values()), row={**row, **said})
        case _:
            pass


def _children(commune: Commune, child: Child) -> Iterable[Change]:
    """One row a household the child is of."""
    for household in child.households:
        key = {"commune": commune, "child": child.child, "household": household}
        row = {**key, "custody": bool(child.custody), "erased": child.erased}
        yield Put(table="children", key=tuple(key.values()), row=row)


def _of_household(entry: Entry, household: Household) -> Iterable[Change]:
    """Every guardian as they stand: a household has two or three of them."""
    if isinstance(entry.fact, GuardianLeft):
        left = {"commune": entry.commune, "household": household.household, "guardian": entry.fact.guardian}
        yield Drop(table="guardians", key=tuple(left.values()), row=left)
    if not isinstance(entry.fact, ABOUT_GUARDIANS):
        return
    for place, guardian in enumerate(household.guardians, start=1):
        account = household.accounts.get(guardian)
        standing = "account_suspended" if account and account.suspended else "active"
        key = {"commune": entry.commune, "household": household.household, "guardian": guardian}
        row: Row = {
            **key,
            "subject": account.subject if account else "",
            "place": place,
            "holder": guardian == household.holder,
            "standing": "suspended" if guardian in household.suspended else standing,
        }
        yield Put(table="guardians", key=tuple(key.values()), row=row)


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
            WHERE g.commune = %(commune)s AND g.subject = %(subject)s AND g.standing = 'active'
            GROUP BY c.child ORDER BY c.child
        """,
        values={"commune": commune, "subject": subject},
    )


def households_of_subject(commune: Commune, subject: Subject) -> Question:
    """The households an account speaks for, and as which guardian."""
    return Question(
        sql="""
            SELECT household, guardian FROM guardians
            WHERE commune = %(commune)s AND subject = %(subject)s AND standing = 'active' ORDER BY household
        """,
        values={"commune": commune, "subject": subject},
    )


def standings_of(commune: Commune, subjects: list[Subject]) -> Question:
    """Every guardian these accounts speak for, or did until they were suspended."""
    return Question(
        sql="""
            SELECT subject, household, guardian, standing FROM guardians
            WHERE commune = %(commune)s AND subject = ANY(%(subjects)s) AND subject <> ''
            ORDER BY subject, household
        """,
        values={"commune": commune, "subjects": subjects},
    )


def households_of_child(commune: Commune, child: ChildId, *, subject: Subject | None = None) -> Question:
    """The households of a child, and whether custody ever alternated; for an account, those it speaks for.

    No row for a child the town does not know, or an account may not act for.
    """
    return Question(
        sql="""
            SELECT household, custody, erased FROM children c
            WHERE commune = %(commune)s AND child = %(child)s
              AND (%(subject)s::text IS NULL OR EXISTS (
                  SELECT FROM guardians g
                  WHERE g.commune = c.commune AND g.household = c.household AND g.subject = %(subject)s
                      AND g.standing = 'active'))
            ORDER BY household
        """,
        values={"commune": commune, "child": child, "subject": subject},
    )


def households_of_guardian(commune: Commune, guardian: GuardianId) -> Question:
    """The households a guardian is of."""
    return Question(
        sql="""
            SELECT household FROM guardians
            WHERE commune = %(commune)s AND guardian = %(guardian)s ORDER BY household
        """,
        values={"commune": commune, "guardian": guardian},
    )


def custody_of(commune: Commune, child: ChildId) -> Question:
    """Whose day it is, in the order it was said."""
    return Question(
        sql="""
            SELECT ordinal, type, statement, stated_at FROM custody
            WHERE commune = %(commune)s AND child = %(child)s ORDER BY ordinal
        """,
        values={"commune": commune, "child": child},
    )


def guardians_of(commune: Commune, household: HouseholdId) -> Question:
    """The guardians of a household in the order they came, and the accounts that speak for them."""
    return Question(
        sql="""
            SELECT guardian, holder, standing, nullif(subject, '') AS subject FROM guardians
            WHERE commune = %(commune)s AND household = %(household)s ORDER BY place
        """,
        values={"commune": commune, "household": household},
    )


def children_of(commune: Commune, household: HouseholdId) -> Question:
    """The children of a household."""
    return Question(
        sql="""
            SELECT child, custody, erased FROM children
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


def meals_brought_of(commune: Commune, child: ChildId) -> Question:
    """From when a child brings its own meal to an activity, or does so no more; the latest first."""
    return Question(
        sql="""
            SELECT activity, first_day, brought, decided_at FROM meals_brought
            WHERE commune = %(commune)s AND child = %(child)s ORDER BY first_day DESC, ordinal DESC
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
