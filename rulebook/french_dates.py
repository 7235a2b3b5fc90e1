"""Dates and hours as French people read them."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from rulebook.words import WEEKDAYS, spelled


def french_ordinal(day: int) -> str:
    """The number of a day in its month: 1er, 2, 31."""
    return "1er" if day == 1 else str(day)


def french_clock(clock: time) -> str:
    """9 h, 9 h 30, 23 h 59."""
    return f"{clock.hour} h {clock.minute:02d}" if clock.minute else f"{clock.hour} h"


def french_date(day: date) -> str:
    """27 mars 2024, 1er mars 2024."""
    return spelled(day)


def french_day(day: date) -> str:
    """Mercredi 27 mars 2024, without a capital."""
    return f"{WEEKDAYS[day.weekday()]} {french_date(day)}"


def french_instant(instant: datetime, tz: ZoneInfo) -> str:
    """Mardi 12 mars 2024 à 23 h 59, in the town's wall time; seconds are cut, never rounded."""
    local = instant.astimezone(tz)
    return f"{french_day(local.date())} à {french_clock(local.time())}"


def join(words: list[str]) -> str:
    """Words in a sentence: a, b et c."""
    return " et ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
