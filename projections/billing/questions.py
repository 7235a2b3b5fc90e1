"""What is asked of the books about what was billed: titres, their lines and totals, closed months.

What was paid and is owed is in `projections.billing.accounts`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, LiteralString

from ledger.events import Nature
from ledger.identifiers import (
    ChildId,
    Commune,
    HouseholdId,
    Month,
    Slug,
    TitreNumber,
)
from projections.question import Question

_TITRES: Final[LiteralString] = """
    SELECT titre, household, month, total_cents, position, issued_on, due_on, issued_at, lines FROM titres
"""
_LINES: Final[LiteralString] = """
    SELECT titre, line, household, month, regularises, child, activity, unit, nature, label, unit_price_cents, quantity,
           amount_cents, rulebook, article, code, first_day, last_day, detail
    FROM invoice_lines
"""
_CLOSED: Final[LiteralString] = """
    SELECT month, position, year, first_number, titres, total_cents, digest, issued_on, due_on, left_out, closed_at,
           closed_by
    FROM closed_months
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinePlace:
    """Where a list of lines goes on: after this one."""

    titre: TitreNumber
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Which:
    """Which lines of a month are wanted; None is all."""

    household: HouseholdId | None = None
    child: ChildId | None = None
    activity: Slug | None = None
    nature: Nature | None = None
    code: str | None = None
    regularises: Month | None = None

    def values(self) -> dict[str, Any]:
        """The filters by name, as questions want them."""
        return {
            "household": self.household,
            "child": self.child,
            "activity": self.activity,
            "nature": self.nature,
            "code": self.code,
            "regularises": self.regularises,
        }


_WHICH: Final[LiteralString] = """
              AND (%(household)s::text IS NULL OR household = %(household)s)
              AND (%(child)s::text IS NULL OR child = %(child)s)
              AND (%(activity)s::text IS NULL OR activity = %(activity)s)
              AND (%(nature)s::text IS NULL OR nature = %(nature)s)
              AND (%(code)s::text IS NULL OR code = %(code)s)
              AND (%(regularises)s::text IS NULL OR regularises = %(regularises)s)
"""
EVERY_LINE: Final = Which()


# Titres.


def titre(commune: Commune, number: TitreNumber) -> Question:
    """One titre."""
    return Question(
        sql=_TITRES + " WHERE commune = %(commune)s AND titre = %(titre)s",
        values={"commune": commune, "titre": number},
    )


def titres_of(commune: Commune, household: HouseholdId) -> Question:
    """The titres of a household, in the order of their numbers."""
    return Question(
        sql=_TITRES + " WHERE commune = %(commune)s AND household = %(household)s ORDER BY titre",
        values={"commune": commune, "household": household},
    )


def titres_of_month(commune: Commune, month: Month, *, after: TitreNumber | None, limit: int) -> Question:
    """The titres of a month, in the order of their numbers, which is that of the households."""
    return Question(
        sql=_TITRES
        + """
            WHERE commune = %(commune)s AND month = %(month)s
              AND (%(after)s::text IS NULL OR titre > %(after)s)
            ORDER BY titre LIMIT %(limit)s
        """,
        values={"commune": commune, "month": month, "after": after, "limit": limit},
    )


def issued_so_far(commune: Commune, month: Month) -> Question:
    """How many titres of a month were issued, and what they come to: one row, of zeros when there is none."""
    return Question(
        sql="""
            SELECT count(*) AS titres, coalesce(sum(total_cents), 0)::bigint AS total_cents,
                   coalesce(sum(lines), 0)::bigint AS lines, max(titre) AS last
            FROM titres WHERE commune = %(commune)s AND month = %(month)s
        """,
        values={"commune": commune, "month": month},
    )


# Their lines.


def lines_of_titre(commune: Commune, number: TitreNumber) -> Question:
    """The lines of a titre, in their order."""
    return Question(
        sql=_LINES + " WHERE commune = %(commune)s AND titre = %(titre)s ORDER BY line",
        values={"commune": commune, "titre": number},
    )


def lines_of_month(
    commune: Commune, month: Month, which: Which = EVERY_LINE, *, after: LinePlace | None, limit: int
) -> Question:
    """The lines of the titres of a month, regularisations included."""
    return Question(
        sql=_LINES
        + """
            WHERE commune = %(commune)s AND month = %(month)s
              AND (%(after_titre)s::text IS NULL
                   OR (titre, line) > (%(after_titre)s::text, %(after_line)s::integer))
        """
        + _WHICH
        + " ORDER BY titre, line LIMIT %(limit)s",
        values={
            "commune": commune,
            "month": month,
            "after_titre": after.titre if after else None,
            "after_line": after.line if after else None,
            "limit": limit,
            **which.values(),
        },
    )


def lines_of_household(commune: Commune, household: HouseholdId, first: date, last: date) -> Question:
    """Every line of a household that counts a day between two days, both included, in the order they were billed.

    `detail` says the days one by one: a line may count others beside.
    """
    return Question(
        sql=_LINES
        + """
            WHERE commune = %(commune)s AND household = %(household)s
              AND first_day <= %(last)s AND last_day >= %(first)s
            ORDER BY titre, line
        """,
        values={"commune": commune, "household": household, "first": first, "last": last},
    )


def totals_of_month(commune: Commune, month: Month) -> Question:
    """What a month comes to by nature and accounting code, its regularisations apart."""
    return Question(
        sql="""
            SELECT nature, code, regularises, count(*) AS lines, sum(quantity)::bigint AS quantity,
                   sum(amount_cents)::bigint AS amount_cents
            FROM invoice_lines WHERE commune = %(commune)s AND month = %(month)s
            GROUP BY nature, code, regularises ORDER BY regularises NULLS FIRST, code, nature
        """,
        values={"commune": commune, "month": month},
    )


def lines_resting_on(commune: Commune, child: ChildId, line: int, *, day: date | None = None) -> Question:
    """The lines of invoices that rest on a line of a child's page, or were corrected because of it.

    A `day` it is about, where there is one, keeps the rest of the child's lines unread.
    """
    return Question(
        sql=_LINES
        + """
            WHERE commune = %(commune)s AND child = %(child)s
              AND (%(day)s::date IS NULL OR (first_day <= %(day)s AND last_day >= %(day)s))
              AND (detail @> jsonb_build_object('days', jsonb_build_array(
                      jsonb_build_object('lines', jsonb_build_array(%(line)s::integer))))
                   OR detail @> jsonb_build_object('causes', jsonb_build_array(
                      jsonb_build_object('stream', 'child/' || %(commune)s || '/' || %(child)s,
                                         'line', %(line)s::integer))))
            ORDER BY titre, line
        """,
        values={"commune": commune, "child": child, "line": line, "day": day},
    )


def lines_with_quotient(commune: Commune, household: HouseholdId, line: int) -> Question:
    """The lines of a household's invoices priced by a line of its page, or corrected because of it."""
    return Question(
        sql=_LINES
        + """
            WHERE commune = %(commune)s AND household = %(household)s
              AND (detail @> jsonb_build_object('quotient', jsonb_build_object('line', %(line)s::integer))
                   OR detail @> jsonb_build_object('causes', jsonb_build_array(
                      jsonb_build_object('stream', 'household/' || %(commune)s || '/' || %(household)s,
                                         'line', %(line)s::integer))))
            ORDER BY titre, line
        """,
        values={"commune": commune, "household": household, "line": line},
    )


# Closed months.


def closed_months(commune: Commune) -> Question:
    """The months that are closed, in the order of the calendar."""
    return Question(sql=_CLOSED + " WHERE commune = %(commune)s ORDER BY month", values={"commune": commune})


def closed_month(commune: Commune, month: Month) -> Question:
    """How a month was closed."""
    return Question(
        sql=_CLOSED + " WHERE commune = %(commune)s AND month = %(month)s",
        values={"commune": commune, "month": month},
    )
