"""A deadline rule in French words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rulebook.french_dates import french_clock, french_ordinal
from rulebook.timing import (
    Anchor,
    CountBack,
    DeadlineRule,
    Measure,
    MonthDayBefore,
    Move,
    PublishedDate,
    Skip,
    WeekdayBefore,
    When,
    YearlyDay,
)
from rulebook.words import LAST_DAY, MONTHS, WEEKDAYS

NEVER_CLOSED: Final = DeadlineRule(
    when=None,
    at=None,
    skipped=frozenset(),
    move=Move.STAY,
    late="refuse",
    article="",
    by_weekday=MappingProxyType({}),
    after_holidays=None,
)
"""The rule of what nothing closes but its own start."""

ANCHORS: Final[Mapping[Anchor, str]] = {
    Anchor.DAY: "le jour réservé",
    Anchor.MONDAY: "le lundi de la semaine réservée",
    Anchor.SESSION: "le premier jour de la session",
    Anchor.HOLIDAYS: "le premier jour des vacances",
    Anchor.SERVICE: "le début du service",
}
MEASURES: Final[Mapping[Measure, tuple[str, str]]] = {
    Measure.DAYS: ("jour", "jours"),
    Measure.CLEAR_DAYS: ("jour franc", "jours francs"),
    Measure.HOURS: ("heure", "heures"),
    Measure.WEEKS: ("semaine", "semaines"),
    Measure.MONTHS: ("mois", "mois"),
}
SKIPS: Final[Mapping[Skip, str]] = {
    Skip.SATURDAY: "les samedis",
    Skip.SUNDAY: "les dimanches",
    Skip.PUBLIC_HOLIDAYS: "les jours fériés",
    Skip.SCHOOL_HOLIDAYS: "les vacances",
    Skip.WEDNESDAY: "les mercredis",
    Skip.CLOSED: "les jours fermés",
}
MOVES: Final[Mapping[Move, str]] = {
    Move.STAY: "",
    Move.EARLIER: ", reculé au jour ouvré d'avant s'il n'est pas ouvré",
    Move.LATER: ", repoussé au jour ouvré d'après s'il n'est pas ouvré",
}


def rule_sentence(rule: DeadlineRule) -> str:
    """Until when, in words that follow « jusqu'à : », with the exceptions of the rule."""
    said = [_main(rule)] if rule.when is not None or not rule.by_weekday else []
    for weekday, case in sorted(rule.by_weekday.items()):
        said.append(f"pour le {WEEKDAYS[weekday]}, {_main(case)}")
    if rule.after_holidays is not None:
        said.append(f"pour le premier jour après les vacances, {_main(rule.after_holidays)}")
    return " ; ".join(said)


def _main(rule: DeadlineRule) -> str:
    if rule.when is None:
        return "le début du service"
    said = _when(rule.when)
    left_out = [words for skip, words in SKIPS.items() if skip in rule.skipped]
    if left_out:
        said += f", sans compter {', '.join(left_out)}"
    said += MOVES[rule.move]
    if isinstance(rule.when, PublishedDate) or _is_hours(rule.when):
        return said
    return said + (f", à {french_clock(rule.at)}" if rule.at else ", avant le début du service")


def _when(when: When) -> str:
    match when:
        case CountBack():
            return _count(when)
        case WeekdayBefore(weekday=weekday, weeks_before=weeks, anchor=anchor):
            return _weekday(weekday, weeks, anchor)
        case MonthDayBefore(month_day=month_day, months_before=months):
            day = "le dernier jour" if month_day == LAST_DAY else f"le {french_ordinal(month_day)}"
            names = {0: "du même mois", 1: "du mois précédent"}
            return f"{day} {names.get(months, f'du mois, {months} mois avant')}"
        case YearlyDay(annual=annual):
            return f"le {french_ordinal(annual.day)} {MONTHS[annual.month - 1]}"
        case PublishedDate():
            return "la date publiée pour la session"
    raise AssertionError(when)


def _count(when: CountBack) -> str:
    if when.measure is Measure.DAYS and when.amount == 0:
        return "le jour même" if when.anchor is Anchor.DAY else ANCHORS[when.anchor]
    one, many = MEASURES[when.measure]
    counted = f"{when.amount} {many if when.amount > 1 else one} avant {ANCHORS[when.anchor]}"
    return f"{counted}, ce jour compris" if when.inclusive else counted


def _weekday(weekday: int, weeks: int | None, anchor: Anchor) -> str:
    of = "" if anchor is Anchor.DAY else f" (par rapport à {ANCHORS[anchor]})"
    if weeks is None:
        return f"le {WEEKDAYS[weekday]} précédent{of}"
    names = {0: "de la même semaine", 1: "de la semaine précédente"}
    return f"le {WEEKDAYS[weekday]} {names.get(weeks, f'{weeks} semaines avant')}{of}"


def _is_hours(when: When) -> bool:
    return isinstance(when, CountBack) and when.measure is Measure.HOURS
