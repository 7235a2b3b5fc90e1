"""The draft of a month as it can be read, and how one is asked for. A working paper: nothing of it is in the ledger.

A draft is `asked`, then `running`, then `ready` or `failed` (with a sentence in `error`). One made by another version
of the code is shown as `asked`: it will be worked out again.
"""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal, LiteralString, NotRequired, TypedDict

import rulebook
from ledger.identifiers import Commune, HouseholdId, Month, Slug, Subject
from projections.question import Question

State = Literal["asked", "running", "ready", "failed"]


def _code() -> str:
    """The version, and what the sources that bill are: a fix without a new version is another code."""
    digest = sha256()
    for room in (Path(__file__).parent, Path(*rulebook.__path__)):
        for source in sorted(room.rglob("*.py")):
            digest.update(source.read_bytes())
    return f"{version('ardoise')}+{digest.hexdigest()[:12]}"


CODE: Final = _code()
"""Two versions may work out two bills of the same facts."""


class Summary(TypedDict):
    """What a draft comes to. Amounts in cents."""

    households: int
    """That were looked at."""
    bills: int
    """Households with a line: as many titres."""
    lines: int
    day_prices: int
    """Days of a unit that have a price, each once."""
    total_cents: int
    credits: int
    """Bills below zero."""
    by_nature: dict[str, int]
    by_code: dict[str, int]
    """By account; the empty code is that of lines the rulebook gives none."""
    regularisations: int
    """Lines that correct a closed month."""
    regularised_cents: int
    missing: dict[str, int]
    """Days that cannot be billed yet, by reason: a month is closed without them only when somebody says so."""
    meanwhile: dict[str, int]
    """Days that are billed until something about them is decided, by reason: they hold nothing up."""
    earliest: NotRequired[Month]
    """A month before it that has something to bill or to complete, in a town that has closed none."""


_DRAFT: Final[LiteralString] = """
    SELECT d.month, CASE WHEN d.state = 'ready' AND d.code <> %(code)s THEN 'asked' ELSE d.state END AS state,
           d.asked_at, d.asked_by, d.position, d.after_month, d.digest, d.summary, d.error, d.ended_at, d.households,
           coalesce((SELECT sum(s.households) FROM draft_slices s
                     WHERE s.commune = d.commune AND s.month = d.month AND s.done), 0)::bigint AS households_done
    FROM drafts d WHERE d.commune = %(commune)s AND d.month = %(month)s
"""
_BILLS: Final[LiteralString] = """
    SELECT household, total_cents, lines, day_prices, missing, bill, missing_days FROM draft_bills
    WHERE commune = %(commune)s AND month = %(month)s AND household > %(after)s
    ORDER BY household LIMIT %(limit)s
"""
_MISSING: Final[LiteralString] = """
    SELECT household, missing_days FROM draft_bills
    WHERE commune = %(commune)s AND month = %(month)s AND household > %(after)s AND missing > 0
    ORDER BY household LIMIT %(limit)s
"""
_BILL: Final[LiteralString] = """
    SELECT household, total_cents, lines, day_prices, missing, bill, missing_days FROM draft_bills
    WHERE commune = %(commune)s AND month = %(month)s AND household = %(household)s
"""
_UNKNOWN: Final[LiteralString] = """
    SELECT min(e.recorded_at) AS since FROM seals s JOIN entries e ON e.commune = s.commune AND e.arrival = s.arrival
    WHERE s.commune = %(commune)s AND s.position > %(position)s
"""
_HELD: Final[LiteralString] = """
    SELECT encode(sha256(coalesce(string_agg(bill, ''::bytea ORDER BY household), ''::bytea)), 'hex') AS digest,
           count(*) AS titres, coalesce(sum(total_cents), 0)::bigint AS total_cents
    FROM draft_bills WHERE commune = %(commune)s AND month = %(month)s AND lines > 0
"""
_EARLIEST: Final[LiteralString] = """
    SELECT min(found.day) AS day
    FROM unnest(%(activities)s::text[], %(from_days)s::date[]) AS priced (activity, from_day)
    CROSS JOIN LATERAL (
        (SELECT c.day FROM calendar_days c
         WHERE c.commune = %(commune)s AND c.activity = priced.activity
           AND c.day >= priced.from_day AND c.day < %(before)s ORDER BY c.day LIMIT 1)
        UNION ALL
        (SELECT a.day FROM attendance a
         WHERE a.commune = %(commune)s AND a.activity = priced.activity AND a.presence = 'present'
           AND a.day >= priced.from_day AND a.day < %(before)s ORDER BY a.day LIMIT 1)
    ) found
"""
_ASK: Final[LiteralString] = """
    INSERT INTO drafts AS d (commune, month, state, asked_at, asked_by)
    VALUES (%(commune)s, %(month)s, 'asked', %(at)s, %(by)s)
    ON CONFLICT (commune, month) DO UPDATE SET
        state = 'asked', asked_at = excluded.asked_at, asked_by = excluded.asked_by, error = NULL
    RETURNING d.month, d.state, d.asked_at
"""


def draft_of(commune: Commune, month: Month) -> Question:
    """The draft of a month: one row or none. `summary` is a `Summary` once it is ready.

    `households_done` of `households` says how far it is. The bills of one that is not ready are not whole.
    """
    return Question(sql=_DRAFT, values={"commune": commune, "month": month, "code": CODE})


def bills_of_draft(commune: Commune, month: Month, *, after: str = "", limit: int = 50) -> Question:
    """Bills in order of household, from after one of them on; those without a line are there when something is missing.

    `bill` is the canonical JSON: {"household", "lines": [BilledLine, …]}; `missing_days` is a list of MissingDay.
    """
    return Question(sql=_BILLS, values={"commune": commune, "month": month, "after": after, "limit": limit})


def bill_in_draft(commune: Commune, month: Month, household: HouseholdId) -> Question:
    """The bill of one household, as `bills_of_draft` gives it: one row or none."""
    return Question(sql=_BILL, values={"commune": commune, "month": month, "household": household})


def missing_in_draft(commune: Commune, month: Month, *, after: str = "", limit: int = 50) -> Question:
    """What cannot be billed yet, household by household, from after one of them on."""
    return Question(sql=_MISSING, values={"commune": commune, "month": month, "after": after, "limit": limit})


def held(commune: Commune, month: Month) -> Question:
    """What the bills of a draft come to now: one row, which is what its draft says unless somebody touched either."""
    return Question(sql=_HELD, values={"commune": commune, "month": month})


def unknown_since(commune: Commune, position: int) -> Question:
    """When the first line after a position was recorded: one row, of None when there is none."""
    return Question(sql=_UNKNOWN, values={"commune": commune, "position": position})


def earliest_day(commune: Commune, priced: Mapping[Slug, date], before: date) -> Question:
    """The first day before another that was asked for or came to, of activities from the day each has a price on."""
    values = {"commune": commune, "activities": list(priced), "from_days": list(priced.values()), "before": before}
    return Question(sql=_EARLIEST, values=values)


def ask(commune: Commune, month: Month, *, by: Subject, at: datetime) -> Question:
    """Asks for a draft of all that is recorded by now, in place of the one there is; who leads the billing makes it.

    One that runs goes on, and is followed by the one that is asked for.
    """
    return Question(sql=_ASK, values={"commune": commune, "month": month, "by": by, "at": at})
