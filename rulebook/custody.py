"""Whose day it is, of a child that lives in two households: by weeks, by halves of the school holidays, by exception.

Weeks are those of French calendars (ISO 8601): after a week 53 comes week 1, so that two odd weeks follow one another
and the same household has both. Bridges are no holidays to share, and a day of lessons given within holidays does not
cut them.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from ledger.days import Calendar, Holiday, Season, week_number
from ledger.events import CustodyAgreed, CustodyEnded, CustodyExcepted, CustodyStatement
from ledger.identifiers import HouseholdId
from rulebook.town import Rules


def whose(rules: Rules, statements: Sequence[CustodyStatement], day: date) -> HouseholdId | None:
    """The household whose day it is, by the school holidays of the rulebook that governs the day; None: everybody's."""
    if not statements:
        return None
    rulebook = rules.on(day)
    return household_of(statements, day, rulebook.calendar if rulebook else None)


def household_of(statements: Sequence[CustodyStatement], day: date, calendar: Calendar | None) -> HouseholdId | None:
    """The household whose day it is; None when it is everybody's. Without a calendar, no day is in the holidays."""
    match statement_on(statements, day):
        case CustodyExcepted(household=household):
            return household
        case CustodyAgreed() as agreed:
            return _agreed(agreed, day, calendar)
        case _:
            return None


def statement_on(statements: Sequence[CustodyStatement], day: date) -> CustodyStatement | None:
    """What holds on a day: of several statements that cover it, the last that was recorded."""
    return next((said for said in reversed(statements) if _covers(said, day)), None)


def shares_from(statements: Sequence[CustodyStatement], day: date) -> bool:
    """Whether any day is one household's alone from a day on.

    The first day of each statement is enough: what hides it there and not later is an exception, a household's too.
    """
    firsts = {max(day, said.first_day) for said in statements}
    held = [statement_on(statements, first) for first in firsts]
    return any(said is not None and not isinstance(said, CustodyEnded) for said in held)


def households_in(statement: CustodyStatement) -> frozenset[HouseholdId]:
    """The households a statement names."""
    match statement:
        case CustodyAgreed(holidays=halves):
            shared = () if halves is None else (halves.even_years, halves.odd_years)
            return frozenset((*statement.even_week, *statement.odd_week, *shared))
        case CustodyExcepted(household=household):
            return frozenset({household})
        case CustodyEnded():
            return frozenset()


def concerning(statements: Sequence[CustodyStatement], household: HouseholdId) -> int:
    """The place of the first statement that names a household: what was said of others before is not theirs."""
    named = (place for place, said in enumerate(statements) if household in households_in(said))
    return next(named, len(statements))


def first_half(holiday: Holiday) -> date:
    """The last day of the first half of some holidays: of an odd number of days, it has one more."""
    days = (holiday.last_day - holiday.first_day).days + 1
    return holiday.first_day + timedelta(days=(days + 1) // 2 - 1)


def _covers(statement: CustodyStatement, day: date) -> bool:
    if isinstance(statement, CustodyExcepted):
        return statement.first_day <= day <= statement.last_day
    return statement.first_day <= day


def _agreed(agreed: CustodyAgreed, day: date, calendar: Calendar | None) -> HouseholdId:
    holiday = None if agreed.holidays is None or calendar is None else _shared_holiday(calendar, day)
    if agreed.holidays is None or holiday is None:
        week = agreed.even_week if week_number(day) % 2 == 0 else agreed.odd_week
        return week[day.weekday()]
    halves = agreed.holidays
    first = halves.even_years if holiday.first_day.year % 2 == 0 else halves.odd_years
    if day <= first_half(holiday):
        return first
    return next(other for other in (*agreed.even_week, *agreed.odd_week) if other != first)


def _shared_holiday(calendar: Calendar, day: date) -> Holiday | None:
    found = calendar.holiday_on(day)
    if found is None and day in calendar.class_days:
        found = next((each for each in calendar.holidays if each.first_day <= day <= each.last_day), None)
    return None if found is None or found.season is Season.BRIDGE else found
