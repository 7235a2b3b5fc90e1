"""The days on which banks move euros: every day but week-ends and the six closing days of the Eurosystem's T2."""

from datetime import date, timedelta
from functools import cache
from typing import Final

from ledger.days import public_holidays

_SATURDAY: Final = 5
_ONE_DAY: Final = timedelta(days=1)


@cache
def _closing_days(year: int) -> frozenset[date]:
    """The closing days of T2 (Bank of the euro area, in force since 2002)."""
    easter_monday = next(day for day, name in public_holidays(year).items() if name == "Lundi de Pâques")
    return frozenset(
        {
            date(year, 1, 1),
            easter_monday - timedelta(days=3),
            easter_monday,
            date(year, 5, 1),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def is_target_day(day: date) -> bool:
    """Whether banks settle that day."""
    return day.weekday() < _SATURDAY and day not in _closing_days(day.year)


def target_days_after(day: date, count: int) -> date:
    """The day on which so many days of settlement have passed, that day included and the first one not."""
    assert count >= 1
    while count:
        day += _ONE_DAY
        count -= is_target_day(day)
    return day
