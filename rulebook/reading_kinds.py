"""The types of deadline a clerk may write, and how the section of each is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from rulebook.rulebook import Session, Sessions, Unit
from rulebook.tables import Table
from rulebook.timing import (
    Anchor,
    CountBack,
    Measure,
    MonthDayBefore,
    PublishedDate,
    Skip,
    WeekdayBefore,
    When,
    YearlyDay,
)
from rulebook.words import ANCHOR_WORDS, INCLUSIVE_WORDS, LAST_DAY, SKIP_WORDS, WEEKDAY_WORDS, plain

MOST_DAYS: Final = 400
MOST_HOURS: Final = 2000
MOST_WEEKS: Final = 60
MOST_MONTHS: Final = 24
SATURDAY_SUNDAY: Final = frozenset({Skip.SATURDAY, Skip.SUNDAY})
WORKING: Final = SATURDAY_SUNDAY | {Skip.PUBLIC_HOLIDAYS}
"""Jours ouvrés: from Monday to Friday, public holidays left out."""
WORKABLE: Final = frozenset({Skip.SUNDAY, Skip.PUBLIC_HOLIDAYS})
"""Jours ouvrables: from Monday to Saturday, public holidays left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a rule may lean on: the units it is for, how the activity is cut into sessions, its weekdays."""

    units: tuple[Unit, ...]
    sessions: Sessions
    published: tuple[Session, ...]
    weekdays: frozenset[int]
    article: str


def need_start(table: Table, key: str, around: Surroundings) -> None:
    """Report the units whose start is not written, since the rule counts from it."""
    for unit in around.units:
        if unit.starts_at is None:
            table.wrong(
                key, f"on ne sait pas quand commence « {unit.name} »", 'écrivez debut = "11:45" dans cette unité'
            )


def _anchor(table: Table, around: Surroundings) -> Anchor:
    anchor = table.choice("avant", ANCHOR_WORDS, Anchor.DAY)
    if anchor is Anchor.SESSION and around.sessions is Sessions.NONE:
        table.wrong("avant", "cette activité n'a pas de session", 'écrivez sessions = "vacances" dans l\'activité')
    if anchor is Anchor.SERVICE:
        table.wrong("avant", "le début du service ne vaut que pour des heures", 'écrivez type = "heures"')
    return anchor


def _skipped(table: Table) -> frozenset[Skip]:
    return frozenset[Skip]().union(*table.choices("ne_comptent_pas", SKIP_WORDS))


Read = tuple[When | None, frozenset[Skip]]


def _count(
    table: Table, around: Surroundings, measure: Measure, most: int, base: frozenset[Skip]
) -> tuple[When, frozenset[Skip]]:
    amount = table.number("nombre", 0, most)
    inclusive = False
    skipped = base
    if measure is Measure.DAYS:
        inclusive = table.choice("decompte", INCLUSIVE_WORDS, default=False)
        if inclusive and not amount:
            table.wrong("nombre", "zéro jour ne peut pas inclure le jour réservé", "écrivez nombre = 1")
    if measure in (Measure.DAYS, Measure.CLEAR_DAYS):
        skipped |= _skipped(table)
    anchor = _anchor(table, around)
    return CountBack(amount=amount, measure=measure, anchor=anchor, inclusive=inclusive), skipped


def _days(table: Table, around: Surroundings) -> Read:
    return _count(table, around, Measure.DAYS, MOST_DAYS, frozenset())


def _working_days(table: Table, around: Surroundings) -> Read:
    return _count(table, around, Measure.DAYS, MOST_DAYS, WORKING)


def _workable_days(table: Table, around: Surroundings) -> Read:
    return _count(table, around, Measure.DAYS, MOST_DAYS, WORKABLE)


def _clear_days(table: Table, around: Surroundings) -> Read:
    return _count(table, around, Measure.CLEAR_DAYS, MOST_DAYS, frozenset())


def _weeks(table: Table, around: Surroundings) -> Read:
    return _count(table, around, Measure.WEEKS, MOST_WEEKS, frozenset())


def _months(table: Table, around: Surroundings) -> Read:
    return _count(table, around, Measure.MONTHS, MOST_MONTHS, frozenset())


def _hours(table: Table, around: Surroundings) -> Read:
    amount = table.number("nombre", 0, MOST_HOURS)
    anchor = table.choice("avant", ANCHOR_WORDS, Anchor.SERVICE)
    if anchor is Anchor.SERVICE:
        need_start(table, "avant", around)
    if table.has("heure"):
        table.wrong("heure", "des heures se comptent depuis le service", "supprimez « heure »")
    when = CountBack(amount=amount, measure=Measure.HOURS, anchor=anchor, inclusive=False)
    return when, _skipped(table)


def _weekday(table: Table, around: Surroundings) -> Read:
    weekday = table.choice("jour", WEEKDAY_WORDS)
    weeks = table.number("semaines_avant", 0, MOST_WEEKS)
    return WeekdayBefore(weekday=weekday, weeks_before=weeks, anchor=_anchor(table, around)), frozenset()


def _last_weekday(table: Table, around: Surroundings) -> Read:
    weekday = table.choice("jour", WEEKDAY_WORDS)
    return WeekdayBefore(weekday=weekday, weeks_before=None, anchor=_anchor(table, around)), frozenset()


def _month_day(table: Table, _around: Surroundings) -> Read:
    word = table.values.get("jour")
    if isinstance(word, str) and plain(word[:32]) in ("dernier", "dernier jour"):
        table.has("jour")
        day = LAST_DAY
    else:
        day = table.number("jour", 1, LAST_DAY)
    return MonthDayBefore(month_day=day, months_before=table.number("mois_avant", 0, MOST_MONTHS, 1)), frozenset()


def _yearly(table: Table, _around: Surroundings) -> Read:
    return YearlyDay(annual=table.annual("jour")), frozenset()


def _published(table: Table, around: Surroundings) -> Read:
    silent = [session.name for session in around.published if session.last_minute is None]
    if around.sessions is not Sessions.PUBLISHED:
        table.wrong("type", "cette activité ne publie pas de session", "ajoutez [[….sessions]] avec leur « limite »")
    elif silent:
        table.wrong("type", f"la session « {silent[0]} » n'a pas de limite", 'écrivez limite = "2024-03-15 12:00"')
    return PublishedDate(), frozenset()


def _nothing(_table: Table, _around: Surroundings) -> Read:
    return None, frozenset()


def counts_hours(when: When) -> bool:
    """Whether a rule counts hours rather than days."""
    return isinstance(when, CountBack) and when.measure is Measure.HOURS


KINDS: Final[Mapping[str, Callable[[Table, Surroundings], Read]]] = {
    "jours": _days,
    "jours ouvres": _working_days,
    "jours ouvrables": _workable_days,
    "jours francs": _clear_days,
    "heures": _hours,
    "semaines": _weeks,
    "mois": _months,
    "jour de la semaine": _weekday,
    "jour precedent": _last_weekday,
    "jour du mois": _month_day,
    "date annuelle": _yearly,
    "date publiee": _published,
    "aucun": _nothing,
}
"""Each type of deadline, as a clerk writes it, and how its section is read."""
