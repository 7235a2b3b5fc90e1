"""The clock and the working days of a town, as the last rulebook it adopted tells them."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ledger.days import local_day, working_hours_after, working_hours_between
from rulebook.town import Rules

PARIS: Final = ZoneInfo("Europe/Paris")
METROPOLE: Final = "metropole"
"""Of a town that has adopted nothing yet, and of what is told of no town."""


def timezone_of(rules: Rules) -> ZoneInfo:
    """The wall time of the town."""
    return rules.rulebooks[-1].timezone if rules.rulebooks else PARIS


def town_day(rules: Rules, instant: datetime) -> date:
    """The day the town lives at an instant."""
    return local_day(instant, timezone_of(rules))


def due_after(rules: Rules, instant: datetime, hours: int) -> datetime:
    """When so many working hours of the town will have passed."""
    if not rules.rulebooks:
        return working_hours_after(instant, hours, PARIS, METROPOLE)
    calendar = rules.rulebooks[-1].calendar
    closed = calendar.extra_public_holidays
    return working_hours_after(instant, hours, timezone_of(rules), calendar.region, closed=closed)


def hours_left(rules: Rules, now: datetime, due_at: datetime) -> int:
    """The whole working hours of the town that are left; none when the time has passed."""
    if not rules.rulebooks:
        return working_hours_between(now, due_at, PARIS, METROPOLE)
    calendar = rules.rulebooks[-1].calendar
    closed = calendar.extra_public_holidays
    return working_hours_between(now, due_at, timezone_of(rules), calendar.region, closed=closed)
