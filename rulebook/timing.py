"""How a règlement counts time: until when, and from when, a day may be asked for.

Data only: `rulebook.deadlines` reads it. Times are wall times of the town.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Literal

Late = Literal["refuse", "surcharge", "agent"]
"""What happens to a request made after its deadline."""


@dataclass(frozen=True, slots=True)
class AnnualDay:
    """A day that comes back every year: the 30th of September. The 29th of February falls back on the 28th."""

    month: int
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from a first to a last, both included; either may be missing, either may come back every year."""

    first: date | AnnualDay | None = None
    last: date | AnnualDay | None = None


class Measure(StrEnum):
    """What is counted back from the anchor."""

    DAYS = "days"
    CLEAR_DAYS = "clear_days"
    HOURS = "hours"
    WEEKS = "weeks"
    MONTHS = "months"


class Anchor(StrEnum):
    """What the count starts from."""

    DAY = "day"
    MONDAY = "monday"
    SESSION = "session"
    HOLIDAYS = "holidays"
    SERVICE = "service"


class Skip(StrEnum):
    """Days that a count leaves out."""

    SATURDAY = "saturday"
    SUNDAY = "sunday"
    PUBLIC_HOLIDAYS = "public_holidays"
    SCHOOL_HOLIDAYS = "school_holidays"
    WEDNESDAY = "wednesday"
    CLOSED = "closed"


class Move(StrEnum):
    """Where a deadline goes when it falls on a day left out."""

    STAY = "stay"
    EARLIER = "earlier"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBack:
    """So many days, clear days, hours, weeks or months before an anchor."""

    amount: int
    measure: Measure
    anchor: Anchor
    inclusive: bool
    """Whether the booked day is itself the first of the days counted: 15 then means a gap of 14."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekdayBefore:
    """A weekday, so many weeks before the week of the anchor; the last one before the day when weeks are None."""

    weekday: int
    weeks_before: int | None
    anchor: Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDayBefore:
    """A day of the month, so many months before the booked day; 31 is the last day of any month."""

    month_day: int
    months_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyDay:
    """A day of the year: the last one before the session of the booked day, or before the day without a session."""

    annual: AnnualDay


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDate:
    """The date and hour that the session announces for itself."""


When = CountBack | WeekdayBefore | MonthDayBefore | YearlyDay | PublishedDate


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRule:
    """Until when a day may be asked for; `when` is None if nothing closes it but its own start.

    `at` is the last announced minute, None when the service's own start closes it.
    """

    when: When | None
    at: time | None
    skipped: frozenset[Skip]
    move: Move
    late: Late
    article: str
    by_weekday: Mapping[int, "DeadlineRule"]
    after_holidays: "DeadlineRule | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRule:
    """From which instant days may be asked for: a day counted like a deadline, and an hour."""

    when: When
    at: time
    article: str
