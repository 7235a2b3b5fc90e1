"""What is offered on a day, and the session a day belongs to.

A day is offered when an opening covers it, nothing closes it, and its school calendar is known.
"""

from datetime import date, timedelta
from functools import lru_cache

from ledger.days import FIRST_KNOWN_YEAR, SCHOOL_YEAR_MONTH, Calendar, days_between, monday_of, school_year
from ledger.identifiers import Slug
from rulebook.rulebook import Activity, Closure, Opening, Rulebook, Session, Sessions, Unit
from rulebook.timing import AnnualDay, Span

__all__ = ["closure_on", "covers", "days_between", "first_day_of", "in_year", "is_open", "offered", "session_of"]

LEAP_MONTH = 2
FEBRUARY_DAYS = 28


def in_year(annual: AnnualDay, year: int) -> date:
    """The day of a year that comes back every year; 29 February is the 28th in common years."""
    try:
        return date(year, annual.month, annual.day)
    except ValueError:
        return date(year, LEAP_MONTH, FEBRUARY_DAYS)


def covers(span: Span, day: date) -> bool:
    """Whether a day lies in a span, both ends included; a yearly span may pass over 1 January."""
    first, last = span.first, span.last
    if isinstance(first, AnnualDay) and isinstance(last, AnnualDay):
        start, end = in_year(first, day.year), in_year(last, day.year)
        return start <= day <= end if start <= end else day >= start or day <= end
    if first is not None and day < _resolved(first, day):
        return False
    return last is None or day <= _resolved(last, day)


def offered(
    rulebook: Rulebook, activity: Activity, day: date, *, site: Slug | None = None, group: Slug | None = None
) -> tuple[Unit, ...]:
    """The units that may be ticked on a day, in the order of the rulebook; none when the activity is closed.

    Without a site or a group, openings of every site and group count.
    """
    if activity.slug not in rulebook.activities or not _may_open(activity, day):
        return ()
    season = activity.calendar.season(day)
    weekday = day.weekday()
    open_slugs: set[Slug] = set()
    for opening in activity.openings:
        if weekday not in opening.weekdays or season not in opening.seasons:
            continue
        if _concerns(opening, site, group) and covers(opening.span, day):
            open_slugs.update(opening.units or activity.units)
    if not open_slugs:
        return ()
    return tuple(unit for slug, unit in activity.units.items() if slug in open_slugs)


def is_open(activity: Activity, day: date) -> bool:
    """Whether any unit is offered to anybody on a day."""
    if not _may_open(activity, day):
        return False
    season, weekday = activity.calendar.season(day), day.weekday()
    return any(
        weekday in opening.weekdays and season in opening.seasons and covers(opening.span, day)
        for opening in activity.openings
    )


def closure_on(activity: Activity, day: date) -> Closure | None:
    """The closure announced in the rulebook for a day, whose reason the calendar tells."""
    return next((closure for closure in activity.closures if covers(closure.span, day)), None)


def session_of(activity: Activity, day: date) -> Session | None:
    """The session a day belongs to; None when the activity has none that day."""
    match activity.sessions:
        case Sessions.NONE:
            return None
        case Sessions.PUBLISHED:
            return next((s for s in activity.published_sessions if s.first_day <= day <= s.last_day), None)
        case Sessions.SCHOOL_YEAR:
            year = school_year(day)
            first, last = date(year, SCHOOL_YEAR_MONTH, 1), date(year + 1, SCHOOL_YEAR_MONTH, 1) - timedelta(days=1)
            return Session(name=f"Année scolaire {year}-{year + 1}", first_day=first, last_day=last)
        case Sessions.HOLIDAYS | Sessions.HOLIDAY_WEEKS:
            return _holiday_session(activity.calendar, activity.sessions, day)


def first_day_of(activity: Activity, session: Session) -> date:
    """The first day children are received in a session: its announced first day, or the first one that is open."""
    if activity.sessions is Sessions.PUBLISHED:
        return session.first_day
    days = days_between(session.first_day, session.last_day)
    return next((day for day in days if is_open(activity, day)), session.first_day)


def _resolved(bound: date | AnnualDay, day: date) -> date:
    return in_year(bound, day.year) if isinstance(bound, AnnualDay) else bound


def _may_open(activity: Activity, day: date) -> bool:
    calendar = activity.calendar
    if day.year < FIRST_KNOWN_YEAR or day > calendar.known_until():
        return False
    if not activity.open_on_public_holidays and calendar.public_holiday(day):
        return False
    if activity.sessions is Sessions.PUBLISHED and session_of(activity, day) is None:
        return False
    return closure_on(activity, day) is None


def _concerns(opening: Opening, site: Slug | None, group: Slug | None) -> bool:
    if site is not None and opening.sites and site not in opening.sites:
        return False
    return group is None or not opening.groups or group in opening.groups


def _holiday_session(calendar: Calendar, kind: Sessions, day: date) -> Session | None:
    holiday = calendar.holiday_on(day)
    if holiday is None:
        return None
    if kind is Sessions.HOLIDAYS:
        return _session(holiday.name, holiday.first_day, holiday.last_day)
    monday = monday_of(day)
    first, last = max(monday, holiday.first_day), min(monday + timedelta(days=6), holiday.last_day)
    return _session(f"{holiday.name}, semaine du {max(monday, holiday.first_day):%d/%m/%Y}", first, last)


@lru_cache(maxsize=512)
def _session(name: str, first: date, last: date) -> Session:
    return Session(name=name, first_day=first, last_day=last)
