"""The households of a town, in pages: what an agent lists."""

from ledger.identifiers import Commune, HouseholdId
from ledger.streams import household_page
from projections.question import Question


def households(commune: Commune, *, after: str | None, limit: int) -> Question:
    """The households after one of them, each with its guardians and its children."""
    return Question(
        sql="""
            SELECT h.household,
                (SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'guardian', g.guardian, 'subject', nullif(g.subject, ''), 'holder', g.holder,
                        'standing', g.standing) ORDER BY g.place), '[]')
                 FROM guardians g WHERE g.commune = %(commune)s AND g.household = h.household) AS guardians,
                ARRAY(SELECT c.child FROM children c
                      WHERE c.commune = %(commune)s AND c.household = h.household ORDER BY c.child) AS children
            FROM (
                SELECT stream, split_part(stream, '/', 3) AS household FROM entries
                WHERE commune = %(commune)s AND stream > %(after)s AND type = 'household_opened.v1'
                ORDER BY stream LIMIT %(limit)s
            ) h ORDER BY h.stream
        """,
        values={"commune": commune, "after": household_page(commune, HouseholdId(after or "")), "limit": limit},
    )
