"""What the files of a month ask of the books and of its draft, beside what lists ask of them."""

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


def named_in_draft(commune: Commune, month: Month) -> Question:
    """The same, of those a draft would bill."""
    return Question(
        sql="""
            SELECT DISTINCT b.household, line ->> 'child' AS child
            FROM draft_bills b, jsonb_array_elements(convert_from(b.bill, 'UTF8')::jsonb -> 'lines') AS lines (line)
            WHERE b.commune = %(commune)s AND b.month = %(month)s
        """,
        values={"commune": commune, "month": month},
    )


def totals_of_draft(commune: Commune, month: Month) -> Question:
    """What a draft comes to, as `questions.totals_of_month` says it of titres."""
    return Question(
        sql="""
            SELECT line ->> 'nature' AS nature, line ->> 'code' AS code, line ->> 'regularises' AS regularises,
                   count(*) AS lines, sum((line ->> 'quantity')::bigint)::bigint AS quantity,
                   sum((line ->> 'amount_cents')::bigint)::bigint AS amount_cents
            FROM draft_bills b, jsonb_array_elements(convert_from(b.bill, 'UTF8')::jsonb -> 'lines') AS lines (line)
            WHERE b.commune = %(commune)s AND b.month = %(month)s
            GROUP BY 1, 2, 3 ORDER BY 3 NULLS FIRST, 2, 1
        """,
        values={"commune": commune, "month": month},
    )
