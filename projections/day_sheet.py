"""Who is expected, who came: the sheet an agent holds at the door."""

from collections.abc import Iterable
from datetime import date

from ledger.child import Child
from ledger.entry import Entry
from ledger.events import AttendanceRecorded
from ledger.identifiers import Commune, Slug
from ledger.rows import Change, Put, State
from projections.question import Question


def changes(entry: Entry, state: State) -> Iterable[Change]:
    """The row of `attendance` an entry is about."""
    fact = entry.fact
    if isinstance(fact, AttendanceRecorded) and isinstance(state, Child):
        row = {
            "commune": entry.commune,
            "child": state.child,
            "day": fact.day,
            "activity": fact.activity,
            "unit": fact.unit,
            "presence": fact.presence,
            "arrived_at": fact.arrived_at,
            "left_at": fact.left_at,
        }
        key = (entry.commune, state.child, fact.day, fact.activity, fact.unit)
        yield Put(table="attendance", key=key, row=row)


def sheet(
    commune: Commune, activity: Slug, day: date, *, unit: Slug | None, site: Slug | None, group: Slug | None
) -> Question:
    """The children expected that day or recorded on it, with what is known of each."""
    return Question(
        sql="""
            SELECT coalesce(c.child, a.child) AS child, coalesce(c.unit, a.unit) AS unit,
                   coalesce(c.site, e.site) AS site, coalesce(c.child_group, e.child_group) AS child_group,
                   c.state, c.demande, c.absence, a.presence, a.arrived_at, a.left_at,
                   EXISTS (SELECT FROM children k WHERE k.commune = %(commune)s
                           AND k.child = coalesce(c.child, a.child) AND k.erased) AS erased
            FROM (SELECT * FROM calendar_days
                  WHERE commune = %(commune)s AND activity = %(activity)s AND day = %(day)s) c
            FULL JOIN (SELECT * FROM attendance
                       WHERE commune = %(commune)s AND activity = %(activity)s AND day = %(day)s) a
                ON a.child = c.child AND a.unit = c.unit
            LEFT JOIN enrolments e ON e.commune = %(commune)s AND e.child = coalesce(c.child, a.child)
                AND e.activity = %(activity)s AND %(day)s BETWEEN e.first_day AND e.last_day
            WHERE (%(unit)s::text IS NULL OR coalesce(c.unit, a.unit) = %(unit)s)
              AND (%(site)s::text IS NULL OR coalesce(c.site, e.site) = %(site)s)
              AND (%(group)s::text IS NULL OR coalesce(c.child_group, e.child_group) = %(group)s)
            ORDER BY unit, site, child_group, child
        """,
        values={
            "commune": commune,
            "activity": activity,
            "day": day,
            "unit": unit,
            "site": site,
            "group": group,
        },
    )
