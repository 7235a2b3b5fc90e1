"""Whom a month's lines are about, for whoever hands out all of them at once."""

from ledger.identifiers import Commune, Month
from projections.question import Question


def named_in_month(commune: Commune, month: Month) -> Question:
    """The households that were billed a month, and their children, each pair once."""
    return Question(
        sql="""
            SELECT DISTINCT household, child FROM invoice_lines
            WHERE commune = %(commune)s AND month = %(month)s
        """,
        values={"commune": commune, "month": month},
    )
