"""What the titres of a closed month come to: what its draft said, told from the rows of what was issued."""

from typing import Any, Final

from psycopg.rows import dict_row

from ledger.identifiers import Commune, Month
from projections.billing.drafts import Summary
from replay.leader import Connection

_TITRES: Final = """
    SELECT count(*) AS titres, coalesce(sum(total_cents), 0)::bigint AS total_cents,
           count(*) FILTER (WHERE total_cents < 0) AS credits
    FROM titres WHERE commune = %(commune)s AND month = %(month)s
"""
_LINES: Final = """
    SELECT nature, code, regularises IS NOT NULL AS later, count(*) AS lines, sum(amount_cents)::bigint AS amount_cents
    FROM invoice_lines WHERE commune = %(commune)s AND month = %(month)s GROUP BY 1, 2, 3
"""
_DAYS: Final = """
    SELECT count(*) AS days FROM (
        SELECT DISTINCT l.titre, l.child, l.activity, l.unit, day ->> 'day', l.regularises
        FROM invoice_lines l, jsonb_array_elements(l.detail -> 'days') day
        WHERE l.commune = %(commune)s AND l.month = %(month)s) priced
"""


def summary_of(connection: Connection, commune: Commune, month: Month) -> Summary:
    """The same as of a draft, of households that have a titre; what was left out is told by the close."""
    values = {"commune": commune, "month": month}
    with connection.cursor(row_factory=dict_row) as cursor:
        [titres] = cursor.execute(_TITRES, values).fetchall()
        [priced] = cursor.execute(_DAYS, values).fetchall()
        lines: list[dict[str, Any]] = cursor.execute(_LINES, values).fetchall()
    later = [row for row in lines if row["later"]]
    return Summary(
        households=titres["titres"],
        bills=titres["titres"],
        lines=sum(row["lines"] for row in lines),
        day_prices=priced["days"],
        total_cents=titres["total_cents"],
        credits=titres["credits"],
        by_nature=_cents_by(lines, "nature"),
        by_code=_cents_by(lines, "code"),
        regularisations=sum(row["lines"] for row in later),
        regularised_cents=sum(row["amount_cents"] for row in later),
        missing={},
        meanwhile={},
    )


def _cents_by(lines: list[dict[str, Any]], what: str) -> dict[str, int]:
    cents: dict[str, int] = {}
    for row in lines:
        cents[row[what]] = cents.get(row[what], 0) + row["amount_cents"]
    return dict(sorted(cents.items()))
