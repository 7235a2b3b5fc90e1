"""The history of requests, with their statuses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Literal

from ledger.child import Child
from ledger.demande import Demande, DemandeDay, Wanted
from ledger.entry import Entry
from ledger.events import ChangeRequested, EnrolmentRequested
from ledger.household import Household
from ledger.identifiers import ChildId, Commune, DemandeNumber, DocumentId, HouseholdId, Slug, Subject
from ledger.rows import Change, Put, State
from ledger.streams import child_page, household_page
from projections.question import Question

Order = Literal["newest", "oldest"]
_DAY_UNIT_ACTION = itemgetter(0, 1, 2)
"""What the days of a demande are sorted by."""


def changes(entry: Entry, state: State) -> Iterable[Change]:
    """The row of the demande an entry is about."""
    if isinstance(state, Child | Household) and state.latest is not None:
        demande = state.latest
        row = _row(entry.commune, state.child if isinstance(state, Child) else None, demande)
        yield Put(table="demandes", key=(entry.commune, demande.number), row=row)


def _row(commune: Commune, child: ChildId | None, demande: Demande) -> dict[str, Any]:
    days = sorted(demande.days, key=_DAY_UNIT_ACTION)
    return {
        "commune": commune,
        "number": demande.number,
        "child": child,
        "household": demande.household,
        "activity": demande.activity,
        "kind": demande.kind,
        "origin": demande.origin,
        "status": demande.status,
        "derogation": demande.derogation,
        "reason": demande.reason,
        "document": demande.document,
        "submitted_at": demande.submitted_at,
        "decided_at": demande.decided_at,
        "first_day": days[0].day if days else None,
        "last_day": days[-1].day if days else None,
        "days": [_day(day) for day in days],
        "documents": list(demande.documents()),
        "wanted": _wanted(demande.wanted),
        "refusal": demande.refusal,
    }


def _wanted(wanted: Wanted | None) -> dict[str, Any] | None:
    """What a demande without days asks for; the values of a person are in the vault."""
    match wanted:
        case None:
            return None
        case EnrolmentRequested():
            period = {"first_day": wanted.first_day.isoformat(), "last_day": wanted.last_day.isoformat()}
            return {"activity": wanted.activity, "site": wanted.site, "group": wanted.group, **period}
        case ChangeRequested():
            collects = {"collects": wanted.collects} if wanted.change == "contact_person" else {}
            return {"person": wanted.person, "proposal": wanted.proposal, **collects}
        case _:
            return {"amount_cents": wanted.amount_cents, "source": wanted.source}


def _day(day: DemandeDay) -> dict[str, Any]:
    return day._asdict()


_COLUMNS = """
    SELECT number, child, household, activity, kind, origin, status, derogation, reason, document,
           submitted_at, decided_at, days, documents, wanted, refusal
    FROM demandes
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which demandes. `subject` keeps those of the children an account may act for; days are those asked about.

    `theirs` are the children that were already theirs at the instant asked about; None is all of them.
    """

    subject: Subject | None = None
    child: ChildId | None = None
    household: HouseholdId | None = None
    status: str | None = None
    kind: str | None = None
    activity: Slug | None = None
    first_day: date | None = None
    last_day: date | None = None
    theirs: Sequence[ChildId] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a page of the list starts: after this demande."""

    submitted_at: datetime
    number: DemandeNumber


_SEEN_BY = """
    ((child = ANY(ARRAY(
          SELECT c.child FROM guardians g JOIN children c ON c.commune = g.commune AND c.household = g.household
          WHERE g.commune = %(commune)s AND g.subject = %(subject)s AND g.standing = 'active'))
      AND (household = ANY(ARRAY(
          SELECT g.household FROM guardians g
          WHERE g.commune = %(commune)s AND g.subject = %(subject)s AND g.standing = 'active'))
        OR child = ANY(ARRAY(
          SELECT c.child FROM guardians g JOIN children c ON c.commune = g.commune AND c.household = g.household
          WHERE g.commune = %(commune)s AND g.subject = %(subject)s AND g.standing = 'active' AND NOT c.custody))))
    OR (child IS NULL AND household = ANY(ARRAY(
          SELECT g.household FROM guardians g
          WHERE g.commune = %(commune)s AND g.subject = %(subject)s AND g.standing = 'active'))))
"""
"""The demandes of the children an account answers for, and of its households; under an alternating custody, those of
its own households only.

Arrays, where IN would be a filter: of a million demandes a family's are then found by `demandes_by_child`.
"""

_THEIRS = "(%(theirs)s::text[] IS NULL OR child IS NULL OR child = ANY(%(theirs)s::text[])) AND"

_MATCHING = (
    "WHERE "
    + _THEIRS
    + """
      commune = %(commune)s
      AND (%(child)s::text IS NULL OR child = %(child)s)
      AND (%(household)s::text IS NULL OR household = %(household)s)
      AND (%(status)s::text IS NULL OR status = %(status)s)
      AND (%(kind)s::text IS NULL OR kind = %(kind)s)
      AND (%(activity)s::text IS NULL OR activity = %(activity)s)
      AND (%(first_day)s::date IS NULL OR last_day >= %(first_day)s)
      AND (%(last_day)s::date IS NULL OR first_day <= %(last_day)s)
      AND (%(subject)s::text IS NULL OR
"""
    + _SEEN_BY
    + ")"
)


def history(commune: Commune, which: Filter, *, order: Order, after: Place | None, limit: int) -> Question:
    """A page of the history, newest first, or oldest first for a queue that is worked off."""
    values = {
        "commune": commune,
        "subject": which.subject,
        "child": which.child,
        "household": which.household,
        "status": which.status,
        "kind": which.kind,
        "activity": which.activity,
        "first_day": which.first_day,
        "last_day": which.last_day,
        "theirs": _listed(which.theirs),
        "after_at": after.submitted_at if after else None,
        "after_number": after.number if after else None,
        "limit": limit,
    }
    if order == "newest":
        return Question(
            sql=_COLUMNS
            + _MATCHING
            + """
                AND (%(after_at)s::timestamptz IS NULL
                     OR (submitted_at, number) < (%(after_at)s, %(after_number)s::bigint))
                ORDER BY submitted_at DESC, number DESC LIMIT %(limit)s
            """,
            values=values,
        )
    return Question(
        sql=_COLUMNS
        + _MATCHING
        + """
            AND (%(after_at)s::timestamptz IS NULL
                 OR (submitted_at, number) > (%(after_at)s, %(after_number)s::bigint))
            ORDER BY submitted_at, number LIMIT %(limit)s
        """,
        values=values,
    )


_ONE = (
    "WHERE "
    + _THEIRS
    + """
      commune = %(commune)s AND number = %(number)s
      AND (%(subject)s::text IS NULL OR
"""
    + _SEEN_BY
    + ")"
)


def one(
    commune: Commune,
    number: DemandeNumber,
    *,
    subject: Subject | None = None,
    theirs: Sequence[ChildId] | None = None,
) -> Question:
    """A demande by its number; no row when it is of no child the account may act for, as `Filter` says."""
    values = {"commune": commune, "number": number, "subject": subject, "theirs": _listed(theirs)}
    return Question(sql=_COLUMNS + _ONE, values=values)


def _listed(children: Sequence[ChildId] | None) -> list[ChildId] | None:
    return None if children is None else list(children)


def page_version(commune: Commune, number: DemandeNumber) -> Question:
    """How many lines the page a demande stands on has, and whether it is of a child whose custody ever alternated."""
    return Question(
        sql="""
            SELECT coalesce(max(version), 0) AS version, EXISTS (
                SELECT FROM demandes d JOIN children c USING (commune, child)
                WHERE d.commune = %(commune)s AND d.number = %(number)s AND c.custody) AS custody
            FROM entries
            WHERE commune = %(commune)s AND stream = (
                SELECT coalesce(%(child_prefix)s || child, %(household_prefix)s || household)
                FROM demandes WHERE commune = %(commune)s AND number = %(number)s)
        """,
        values={
            "commune": commune,
            "child_prefix": child_page(commune, ChildId("")),
            "household_prefix": household_page(commune, HouseholdId("")),
            "number": number,
        },
    )


def owners(commune: Commune, numbers: list[DemandeNumber]) -> Question:
    """The child or the household on whose page each of these demandes stands."""
    return Question(
        sql="SELECT number, child, household FROM demandes WHERE commune = %(commune)s AND number = ANY(%(numbers)s)",
        values={"commune": commune, "numbers": numbers},
    )


def documents_to_decide(
    commune: Commune, documents: Sequence[DocumentId], households: Iterable[HouseholdId], *, now: datetime
) -> Question:
    """Those of these documents that a demande names while it waits, or less than two months after its decision.

    Two months: the time in which a decision may be contested (Code de justice administrative, R421-1). A demande names
    the documents of its household: `demandes_by_household` finds it, since under row-level security no index of the
    documents would be used (the operators of arrays are not leakproof).
    """
    return Question(
        sql="""
            SELECT DISTINCT named AS document FROM demandes, unnest(documents) AS named
            WHERE commune = %(commune)s AND household = ANY(%(households)s) AND named = ANY(%(documents)s)
              AND (status = 'en_cours'
                   OR (status IN ('traitee_positivement', 'traitee_negativement')
                       AND decided_at > %(now)s - interval '2 months'))
        """,
        values={"commune": commune, "documents": list(documents), "households": list(set(households)), "now": now},
    )
