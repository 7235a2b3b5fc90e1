"""Days, hours and demandes as the portal of a French town writes them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from api.demo.stage import PARIS
from rulebook.french_dates import french_day, join
from rulebook.words import WEEKDAYS

KINDS: Final[Mapping[str, str]] = {
    "reservation": "Réservation",
    "cancellation": "Annulation",
    "modification": "Modification",
    "absence": "Absence",
}
MOST_NAMED: Final = 4
"""More days than that are counted instead of named."""


def clock(instant: str | datetime) -> str:
    """19:12, in the town's wall time."""
    return f"{_local(instant):%H:%M}"


def clock_to_the_second(instant: str | datetime) -> str:
    """23:59:59, for the last second of a deadline; 19:12 when the seconds say nothing."""
    local = _local(instant)
    telling = local.second or (local.hour, local.minute) == (0, 0)
    return f"{local:%H:%M:%S}" if telling else f"{local:%H:%M}"


def short_instant(instant: str | datetime) -> str:
    """As in mer. 24/08 23:59, in the town's wall time."""
    local = _local(instant)
    return f"{WEEKDAYS[local.weekday()][:3]}. {local:%d/%m} {clock(instant)}"


def short_instant_to_the_second(instant: str | datetime) -> str:
    """As in mer. 24/08 23:59:59."""
    local = _local(instant)
    return f"{WEEKDAYS[local.weekday()][:3]}. {local:%d/%m} {clock_to_the_second(instant)}"


def long_day(day: str | date) -> str:
    """Mercredi 27 mars 2024, without a capital."""
    return french_day(day if isinstance(day, date) else date.fromisoformat(day))


def short_day(day: str) -> str:
    """As in mer. 27/03/2024."""
    known = date.fromisoformat(day)
    return f"{WEEKDAYS[known.weekday()][:3]}. {known:%d/%m/%Y}"


def wall_day(instant: str | datetime) -> date:
    """The day of an instant, in the town's wall time."""
    return _local(instant).date()


def days_said(days: Sequence[Mapping[str, Any]]) -> str:
    """As in le 27/03/2024; du 09 au 10/04/2024; les 06/03 et 20/03/2024; 24 jours du 01/09 au 21/10/2022."""
    known = sorted({date.fromisoformat(day["day"]) for day in days})
    first, last = known[0], known[-1]
    if first == last:
        return f"le {first:%d/%m/%Y}"
    if last - first == timedelta(days=len(known) - 1):
        start = f"{first:%d}" if first.month == last.month else f"{first:%d/%m}"
        return f"du {start} au {last:%d/%m/%Y}"
    if len(known) <= MOST_NAMED:
        return f"les {join([f'{day:%d/%m}' for day in known])}/{last.year}"
    return f"{len(known)} jours du {first:%d/%m} au {last:%d/%m/%Y}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 place, 3 places."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _local(instant: str | datetime) -> datetime:
    known = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return known.astimezone(PARIS)
