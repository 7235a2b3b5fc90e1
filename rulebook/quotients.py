"""Which quotient familial holds on a day, and from which day a new one does."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from ledger.days import ONE_DAY
from ledger.events import QuotientDecided
from rulebook.grids import QuotientRule
from rulebook.timing import AnnualDay


def quotient_on(rule: QuotientRule, decided: Sequence[QuotientDecided], day: date) -> QuotientDecided | None:
    """The quotient that holds on a day: of those begun by then, the one that began last, and of two the last recorded.

    None when there is none, or when it has run out.
    """
    begun = [(each.first_day, place) for place, each in enumerate(decided) if each.first_day <= day]
    if not begun:
        return None
    latest = decided[max(begun)[1]]
    return None if day > _last_day(rule, latest.first_day) else latest


def begins(rule: QuotientRule, declared: date) -> date:
    """From which day a quotient that is declared on a day holds, when nobody says otherwise."""
    match rule.effect:
        case "day":
            return declared
        case "same_month":
            return declared.replace(day=1)
        case "next_month":
            return _months_after(declared.replace(day=1), 1)


def is_past(first_day: date, today: date) -> bool:
    """Whether a quotient that begins on a day would go back on a month that is over."""
    return first_day < today.replace(day=1)


def _last_day(rule: QuotientRule, first_day: date) -> date:
    last = date.max
    if rule.valid_months is not None:
        last = min(last, _months_after(first_day, rule.valid_months) - ONE_DAY)
    if rule.until is not None:
        this_year = _in_year(rule.until, first_day.year)
        last = min(last, this_year if this_year >= first_day else _in_year(rule.until, first_day.year + 1))
    return last


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _in_year(annual: AnnualDay, year: int) -> date:
    return date(year, annual.month, min(annual.day, monthrange(year, annual.month)[1]))
