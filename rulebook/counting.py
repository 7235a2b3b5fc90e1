"""Days counted back on a town's calendar."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Final

from ledger.days import ONE_DAY, monday_of
from rulebook.openings import first_day_of, in_year, is_open, session_of
from rulebook.rulebook import Activity
from rulebook.timing import (
    Anchor,
    AnnualDay,
    CountBack,
    DeadlineRule,
    Measure,
    MonthDayBefore,
    Move,
    Skip,
    WeekdayBefore,
    When,
    YearlyDay,
)

MONTHS_PER_YEAR: Final = 12
ONE_MICROSECOND: Final = timedelta(microseconds=1)
MOST_STEPS: Final = 1000
"""Days a count walks at most, if a rulebook leaves nearly every day out."""

OLDEST: Final = date(1990, 1, 1)
FARTHEST: Final = date(2200, 12, 31)
"""Days beyond these are read as these, so that no arithmetic on a hostile day can overflow."""

WEEKDAY_SKIPS: Final = ((5, Skip.SATURDAY), (6, Skip.SUNDAY), (2, Skip.WEDNESDAY))


def is_skipped(activity: Activity, skipped: frozenset[Skip], day: date) -> bool:
    """Whether a count leaves a day out."""
    if not skipped:
        return False
    weekday = day.weekday()
    if any(weekday == number and skip in skipped for number, skip in WEEKDAY_SKIPS):
        return True
    calendar = activity.calendar
    if Skip.PUBLIC_HOLIDAYS in skipped and calendar.public_holiday(day):
        return True
    if Skip.SCHOOL_HOLIDAYS in skipped and calendar.holiday_on(day):
        return True
    return Skip.CLOSED in skipped and not is_open(activity, day)


def counted_day(activity: Activity, when: When, skipped: frozenset[Skip], day: date) -> date:
    """The day that a rule counts back to from a booked day, before any move."""
    match when:
        case CountBack():
            return _days_back(activity, when, skipped, anchor_day(activity, when.anchor, day))
        case WeekdayBefore(weekday=weekday, weeks_before=None, anchor=anchor):
            before = anchor_day(activity, anchor, day) - ONE_DAY
            return before - timedelta(days=(before.weekday() - weekday) % 7)
        case WeekdayBefore(weekday=weekday, weeks_before=int(weeks), anchor=anchor):
            return monday_of(anchor_day(activity, anchor, day)) - timedelta(weeks=weeks, days=-weekday)
        case MonthDayBefore(month_day=month_day, months_before=months):
            return _months_back(day, months, month_day)
        case YearlyDay(annual=annual):
            return latest_on_or_before(annual, year_start(activity, day) - ONE_DAY)
        case _:
            raise AssertionError("a published date is read from its session")


def anchor_day(activity: Activity, anchor: Anchor, day: date) -> date:
    """The day a count starts from; the booked day itself when it belongs to no session or holidays."""
    if anchor is Anchor.MONDAY:
        return monday_of(day)
    if anchor is Anchor.SESSION:
        session = session_of(activity, day)
        return first_day_of(activity, session) if session else day
    if anchor is Anchor.HOLIDAYS:
        holiday = activity.calendar.holiday_on(day)
        return holiday.first_day if holiday else day
    return day


def _days_back(activity: Activity, when: CountBack, skipped: frozenset[Skip], anchor: date) -> date:
    match when.measure:
        case Measure.WEEKS:
            return anchor - timedelta(weeks=when.amount)
        case Measure.MONTHS:
            return _months_back(anchor, when.amount, anchor.day)
        case Measure.CLEAR_DAYS:
            steps = when.amount + 1
        case _:
            steps = when.amount - 1 if when.inclusive else when.amount
    if not skipped:
        return anchor - timedelta(days=steps)
    day = anchor
    for _ in range(MOST_STEPS):
        if steps <= 0:
            break
        day -= ONE_DAY
        if not is_skipped(activity, skipped, day):
            steps -= 1
    return day


def hours_back(activity: Activity, skipped: frozenset[Skip], hours: int, begins: datetime) -> datetime:
    """The wall time so many hours before another, the hours of days left out not counting."""
    if not skipped:
        return begins - timedelta(hours=hours)
    left = timedelta(hours=hours)
    at = begins
    for _ in range(MOST_STEPS):
        before = at - ONE_MICROSECOND
        midnight = datetime.combine(before.date(), time())
        available = timedelta() if is_skipped(activity, skipped, before.date()) else at - midnight
        if available >= left > timedelta():
            return at - left
        if left <= timedelta():
            break
        left -= available
        at = midnight
    return at


def moved_day(activity: Activity, rule: DeadlineRule, day: date) -> date:
    """Where a deadline goes when it falls on a week-end, a public holiday or a day left out."""
    if rule.move is Move.STAY:
        return day
    unworked = rule.skipped | {Skip.SATURDAY, Skip.SUNDAY, Skip.PUBLIC_HOLIDAYS}
    step = -ONE_DAY if rule.move is Move.EARLIER else ONE_DAY
    for _ in range(MOST_STEPS):
        if not is_skipped(activity, unworked, day):
            break
        day += step
    return day


def _months_back(day: date, months: int, month_day: int) -> date:
    year, month = divmod(day.year * MONTHS_PER_YEAR + day.month - 1 - months, MONTHS_PER_YEAR)
    return date(year, month + 1, min(month_day, monthrange(year, month + 1)[1]))


def year_start(activity: Activity, day: date) -> date:
    """What a yearly date comes before: the first day of the session of a day, or the day itself."""
    session = session_of(activity, day)
    return session.first_day if session else day


def latest_on_or_before(annual: AnnualDay, day: date) -> date:
    """The last time a yearly day came round, a given day included."""
    this_year = in_year(annual, day.year)
    return this_year if this_year <= day else in_year(annual, day.year - 1)
