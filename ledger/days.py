"""The town's calendar: its clock, its weeks, its school years, its holidays.

Pure: no clock is read here. Public holidays come from `jours_feries_france`, school holidays from
`vacances_scolaires_france` (zones A, B and C, known until the summer of 2028). Both are slow (65 ms to load the second,
then a scan of 5,700 rows per question), so every answer is kept: a lookup by day is one dictionary access.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

from jours_feries_france import JoursFeries  # type: ignore[import-untyped]
from vacances_scolaires_france import SchoolHolidayDates  # type: ignore[import-untyped]

Zone = Literal["A", "B", "C"]

ONE_DAY: Final = timedelta(days=1)
ONE_MINUTE: Final = timedelta(minutes=1)
SATURDAY: Final = 5
KEPT_INSTANTS: Final = 16_384
"""Local times whose instant is remembered: some years of days with their hours, under 4 MB."""

SCHOOL_YEAR_MONTH: Final = 9
"""A school year runs from 1 September to 31 August."""

FIRST_KNOWN_YEAR: Final = 1990
"""The first year of the school calendars at hand; Ardoise keeps nothing older."""

REGIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "metropole": "Métropole",
        "alsace-moselle": "Alsace-Moselle",
        "guadeloupe": "Guadeloupe",
        "guyane": "Guyane",
        "martinique": "Martinique",
        "mayotte": "Mayotte",
        "la-reunion": "La Réunion",
        "saint-barthelemy": "Saint-Barthélémy",
        "saint-martin": "Saint-Martin",
    }
)
"""Where public holidays differ: the town's word, then the library's."""

ASCENSION_BRIDGES: Final = (2023, 2024, 2025, 2026)
"""Years whose national calendar closes schools on the Friday and Saturday after Ascension, which the library lacks.

Source: the ministry's calendars, as schools publish them (2024: back on Monday 13 May; 2025: 2 June; 2026: 18 May).
2023 was not checked.
"""


class Season(StrEnum):
    """What school families live through on a day."""

    SCHOOL = "school"
    SHORT_HOLIDAYS = "short_holidays"
    SUMMER = "summer"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class Holiday:
    """School holidays, both days included."""

    name: str
    first_day: date
    last_day: date
    season: Season


def zone_of(name: str) -> ZoneInfo:
    """The rules of a local clock; raises ZoneInfoNotFoundError or ValueError on an unknown name."""
    return ZoneInfo(name)


@lru_cache(maxsize=KEPT_INSTANTS)
def latest_instant(wall: datetime, tz: ZoneInfo) -> datetime:
    """When a wall clock last shows this time, in UTC: the second 02:30 of October, and after the gap of March."""
    return max(_instant(wall, tz, 0), _instant(wall, tz, 1))


@lru_cache(maxsize=KEPT_INSTANTS)
def earliest_instant(wall: datetime, tz: ZoneInfo) -> datetime:
    """When a wall clock first shows this time, in UTC."""
    return min(_instant(wall, tz, 0), _instant(wall, tz, 1))


def _instant(wall: datetime, tz: ZoneInfo, fold: int) -> datetime:
    return wall.replace(tzinfo=tz, fold=fold).astimezone(UTC)


def local_midnight(day: date, tz: ZoneInfo) -> datetime:
    """The instant a local day begins, in UTC."""
    return earliest_instant(datetime.combine(day, time()), tz)


def local_day(instant: datetime, tz: ZoneInfo) -> date:
    """The day a town lives at an aware instant."""
    return instant.astimezone(tz).date()


def week_number(day: date) -> int:
    """The number printed on French calendars (ISO 8601)."""
    return day.isocalendar().week


def monday_of(day: date) -> date:
    """The Monday that begins the week of a day; a Sunday ends its week."""
    return day - timedelta(days=day.weekday())


def school_year(day: date) -> int:
    """The year in which the school year of a day began: 2023 for 2023-2024."""
    return day.year if day.month >= SCHOOL_YEAR_MONTH else day.year - 1


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included; none when they are in the wrong order."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


@lru_cache(maxsize=1024)
def public_holidays(year: int, region: str = "metropole") -> Mapping[date, str]:
    """The public holidays of a civil year by day, none before 1990; raises KeyError on an unknown region."""
    if year < FIRST_KNOWN_YEAR:
        return MappingProxyType({})
    named: dict[str, date] = JoursFeries.for_year(year, REGIONS[region])
    return MappingProxyType({day: name for name, day in named.items()})


def is_working_day(day: date, region: str, closed: Container[date] = ()) -> bool:
    """From Monday to Friday, public holidays aside, those of the region and those the town adds."""
    return day.weekday() < SATURDAY and day not in public_holidays(day.year, region) and day not in closed


def working_hours_after(
    instant: datetime, hours: int, tz: ZoneInfo, region: str = "metropole", *, closed: Container[date] = ()
) -> datetime:
    """When so many hours of working days will have passed, in UTC: a working day counts for 24 of them.

    What comes on a day off counts from the midnight that begins the next working day.
    """
    wall, left = instant.astimezone(tz).replace(tzinfo=None), timedelta(hours=hours)
    while True:
        end = datetime.combine(wall.date() + ONE_DAY, time())
        if is_working_day(wall.date(), region, closed):
            if wall + left <= end:
                return earliest_instant(wall + left, tz)
            left -= end - wall
        wall = end


def working_hours_between(
    first: datetime, last: datetime, tz: ZoneInfo, region: str = "metropole", *, closed: Container[date] = ()
) -> int:
    """The whole hours of working days from an instant to a later one; none when it has passed."""
    start, end = (each.astimezone(tz).replace(tzinfo=None) for each in (first, last))
    worked = timedelta()
    while start < end:
        midnight = datetime.combine(start.date() + ONE_DAY, time())
        if is_working_day(start.date(), region, closed):
            worked += min(midnight, end) - start
        start = midnight
    return worked // timedelta(hours=1)


def season_named(name: str) -> Season:
    """The season that the name of some school holidays tells."""
    lowered = name.casefold()
    if "pont" in lowered:
        return Season.BRIDGE
    return Season.SUMMER if "été" in lowered or " d'ete" in lowered else Season.SHORT_HOLIDAYS


def _ascension_bridge(year: int) -> Holiday:
    thursday = next(day for day, name in public_holidays(year).items() if name == "Ascension")
    return Holiday("Pont de l'Ascension", thursday + ONE_DAY, thursday + 2 * ONE_DAY, Season.BRIDGE)


def _runs(named: Iterable[tuple[date, str]]) -> Iterator[Holiday]:
    run: Holiday | None = None
    for day, name in named:
        if run and run.name == name and run.last_day + ONE_DAY == day:
            run = Holiday(name, run.first_day, day, run.season)
            continue
        if run:
            yield run
        run = Holiday(name, day, day, season_named(name))
    if run:
        yield run


@lru_cache(maxsize=3)
def official_holidays(zone: Zone) -> tuple[Holiday, ...]:
    """Every school holiday of a zone, in order, as the ministry publishes them."""
    rows = cast(Mapping[date, Mapping[str, object]], SchoolHolidayDates().data)
    key = f"vacances_zone_{zone.lower()}"
    named = ((day, str(row["nom_vacances"])) for day, row in sorted(rows.items()) if row[key])
    bridges = (_ascension_bridge(year) for year in ASCENSION_BRIDGES)
    return tuple(sorted((*_runs(named), *bridges), key=lambda holiday: holiday.first_day))


def school_holidays(zone: Zone, first: date, last: date) -> tuple[Holiday, ...]:
    """The school holidays of a zone that touch a span, both days included."""
    return tuple(h for h in official_holidays(zone) if h.first_day <= last and h.last_day >= first)


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a town's days are: school or holidays, public holidays, weeks.

    `declared` holidays replace the official ones they touch; `class_days` are lessons given within holidays.
    """

    zone: Zone
    region: str = "metropole"
    declared: tuple[Holiday, ...] = ()
    class_days: frozenset[date] = frozenset()
    extra_public_holidays: Mapping[date, str] = field(default_factory=dict)
    holidays: tuple[Holiday, ...] = field(init=False, repr=False, compare=False)
    _by_day: Mapping[date, Holiday] = field(init=False, repr=False, compare=False)
    _known_until: date = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay the town's own holidays over the official ones, once."""
        official = official_holidays(self.zone)
        kept = tuple(h for h in official if not any(_touch(h, own) for own in self.declared))
        holidays = tuple(sorted((*kept, *self.declared), key=lambda holiday: holiday.first_day))
        by_day = {
            day: holiday
            for holiday in holidays
            for day in days_between(holiday.first_day, holiday.last_day)
            if day not in self.class_days
        }
        object.__setattr__(self, "holidays", holidays)
        object.__setattr__(self, "_by_day", by_day)
        object.__setattr__(self, "_known_until", max(holiday.last_day for holiday in holidays))

    def known_until(self) -> date:
        """The last day whose school calendar is known: later days are neither school days nor holidays."""
        return self._known_until

    def holiday_on(self, day: date) -> Holiday | None:
        """The school holidays a day belongs to."""
        return self._by_day.get(day)

    def season(self, day: date) -> Season:
        """School or holidays. A week-end outside holidays counts as school: openings say which weekdays."""
        holiday = self._by_day.get(day)
        return holiday.season if holiday else Season.SCHOOL

    def public_holiday(self, day: date) -> str | None:
        """The name of the public holiday a day is."""
        return public_holidays(day.year, self.region).get(day) or self.extra_public_holidays.get(day)

    def is_class_day(self, day: date) -> bool:
        """Whether schools may teach that day: from Monday to Friday, out of holidays and public holidays."""
        return day.weekday() < SATURDAY and day not in self._by_day and self.public_holiday(day) is None

    def is_first_day_back(self, day: date) -> bool:
        """Whether a day is the first class day after school holidays."""
        if not self.is_class_day(day):
            return False
        before = day - ONE_DAY
        while not self.is_class_day(before):
            if before in self._by_day:
                return True
            before -= ONE_DAY
        return False


def _touch(one: Holiday, other: Holiday) -> bool:
    return one.first_day <= other.last_day and other.first_day <= one.last_day
