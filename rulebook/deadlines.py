"""Until when, and from when, a day may be asked for.

A deadline is local wall time, and the last announced minute is honoured to its last second: "23:59" closes at 24:00.
Hours are wall-clock hours too: 72 hours before 11:45 is 11:45 three days earlier, even across a change of clock,
because that is how a town reads its own poster.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from ledger.days import ONE_DAY, ONE_MINUTE, earliest_instant, latest_instant, local_midnight, school_year
from rulebook.counting import (
    FARTHEST,
    OLDEST,
    ONE_MICROSECOND,
    anchor_day,
    counted_day,
    hours_back,
    latest_on_or_before,
    moved_day,
    year_start,
)
from rulebook.openings import covers, in_year, session_of
from rulebook.rulebook import Activity, Grace, Rulebook, Unit, Verb
from rulebook.timing import Anchor, AnnualDay, CountBack, DeadlineRule, Late, Measure, PublishedDate, YearlyDay

FIRST_SUMMER_MONTH: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When one verb is open for one unit on one day. Instants are aware, in UTC; ends are exclusive.

    `final_at` is the start of the service (or the end of the day): nothing is asked for after it, even late.
    """

    opens_at: datetime | None
    opens_article: str
    closes_at: datetime | None
    """None when only `final_at` closes it."""
    final_at: datetime
    late: Late
    article: str
    grace_from: datetime | None
    grace_until: datetime | None
    """None when no grace applies."""
    grace_article: str

    @property
    def last_instant(self) -> datetime | None:
        """The last instant at which a request is in time, to the microsecond; grace apart."""
        return None if self.closes_at is None else self.closes_at - ONE_MICROSECOND

    def article_at(self, now: datetime) -> str:
        """What answers a request made now: the opening it comes before, the grace that saves it, or the rule."""
        if not self.is_open_yet(now):
            return self.opens_article
        return (self.grace_article if self.is_stretched(now) else "") or self.article

    def is_stretched(self, now: datetime) -> bool:
        """Whether it is the grace, and not the rule, that says until when a request made now is in time."""
        if self.closes_at is None or self.grace_until is None:
            return False
        return self.in_grace(now) and self.grace_until > self.closes_at

    def in_grace(self, now: datetime) -> bool:
        """Whether the rule is off for a request made now."""
        if self.grace_until is None or now >= self.grace_until:
            return False
        return self.grace_from is None or now >= self.grace_from

    def is_late(self, now: datetime) -> bool:
        """Whether a request made now is past its deadline."""
        return self.closes_at is not None and now >= self.closes_at and not self.in_grace(now)

    def is_open_yet(self, now: datetime) -> bool:
        """Whether requests are accepted already. A grace that says when it begins opens them too."""
        if self.opens_at is None or now >= self.opens_at:
            return True
        return self.grace_from is not None and self.in_grace(now)

    def is_over(self, now: datetime) -> bool:
        """Whether the service has begun, so that no lateness is forgiven any more."""
        return now >= self.final_at


def deadline(rulebook: Rulebook, activity: Activity, unit: Unit, day: date, *, verb: Verb) -> Deadline:
    """The deadline of one verb for one unit on one day, and what happens after it. Total: never raises."""
    day = min(max(day, OLDEST), FARTHEST)
    tz = rulebook.timezone
    rule = rule_of(activity, unit, day, verb)
    final_at = _final(unit, day, tz)
    closes_at = _closing(activity, unit, rule, day, tz)
    if closes_at is not None:
        final_at = max(final_at, closes_at)
    grace = _grace(activity, day, verb)
    grace_from, grace_until = _grace_window(grace, day, tz)
    return Deadline(
        opens_at=_opening(activity, day, tz) if verb is Verb.BOOK else None,
        opens_article=activity.opens.article if activity.opens else activity.article,
        closes_at=closes_at,
        final_at=final_at,
        late=rule.late,
        article=rule.article,
        grace_from=grace_from,
        grace_until=min(grace_until, final_at) if grace_until else None,
        grace_article=grace.article if grace else "",
    )


def rule_of(activity: Activity, unit: Unit, day: date, verb: Verb) -> DeadlineRule:
    """The rule that applies: the unit's own or the activity's, then its exceptions for that day."""
    own, common = (unit.book, activity.book) if verb is Verb.BOOK else (unit.cancel, activity.cancel)
    rule = own or common
    if rule.after_holidays is not None and activity.calendar.is_first_day_back(day):
        return rule.after_holidays
    return rule.by_weekday.get(day.weekday(), rule)


def _final(unit: Unit, day: date, tz: ZoneInfo) -> datetime:
    if unit.starts_at is not None:
        return latest_instant(datetime.combine(day, unit.starts_at), tz)
    return _end_of(day, tz)


def _end_of(day: date, tz: ZoneInfo) -> datetime:
    return latest_instant(datetime.combine(day + ONE_DAY, time()), tz)


def _closing(activity: Activity, unit: Unit, rule: DeadlineRule, day: date, tz: ZoneInfo) -> datetime | None:
    if rule.when is None:
        return None
    if isinstance(rule.when, PublishedDate):
        session = session_of(activity, day)
        minute = session.last_minute if session else None
        return None if minute is None else latest_instant(minute, tz) + ONE_MINUTE
    if isinstance(rule.when, CountBack) and rule.when.measure is Measure.HOURS:
        start = unit.starts_at if rule.when.anchor is Anchor.SERVICE else None
        begins = datetime.combine(anchor_day(activity, rule.when.anchor, day), start or time())
        return latest_instant(hours_back(activity, rule.skipped, rule.when.amount, begins), tz) + ONE_MINUTE
    last_day = moved_day(activity, rule, counted_day(activity, rule.when, rule.skipped, day))
    if rule.at is None:
        return latest_instant(datetime.combine(last_day, unit.starts_at or time()), tz)
    return latest_instant(datetime.combine(last_day, rule.at), tz) + ONE_MINUTE


def _opening(activity: Activity, day: date, tz: ZoneInfo) -> datetime | None:
    session = session_of(activity, day)
    if session is not None and session.opens_at is not None:
        return earliest_instant(session.opens_at, tz)
    rule = activity.opens
    if rule is None:
        return None
    if isinstance(rule.when, YearlyDay):
        first_day = latest_on_or_before(rule.when.annual, year_start(activity, day))
    else:
        first_day = counted_day(activity, rule.when, frozenset(), day)
    return earliest_instant(datetime.combine(first_day, rule.at), tz)


def _grace(activity: Activity, day: date, verb: Verb) -> Grace | None:
    return next((grace for grace in activity.graces if verb in grace.verbs and covers(grace.days, day)), None)


def _grace_window(grace: Grace | None, day: date, tz: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    if grace is None:
        return None, None
    first, last = grace.requests.first, grace.requests.last
    if isinstance(last, AnnualDay):
        last = _in_school_year(last, day)
    if last is None:
        return None, None
    if isinstance(first, AnnualDay):
        first = latest_on_or_before(first, last)
    opened = None if first is None else local_midnight(first, tz)
    return opened, _end_of(last, tz)


def _in_school_year(annual: AnnualDay, day: date) -> date:
    """The 30th of September of the school year of a day; a summer date is the one before that school year."""
    year = school_year(day)
    return in_year(annual, year if annual.month >= FIRST_SUMMER_MONTH else year + 1)
