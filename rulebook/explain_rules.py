"""A deadline rule in French words."""

from collections.abc import Mapping
from typing import Final

from rulebook.french_dates import french_clock, french_ordinal, join
from rulebook.timing import (
    Anchor,
    CountBack,
    DeadlineRule,
    Measure,
    MonthDayBefore,
    Move,
    OpeningRule,
    PublishedDate,
    Skip,
    WeekdayBefore,
    When,
    YearlyDay,
)
from rulebook.words import LAST_DAY, MONTHS, WEEKDAYS

ANCHORS: Final[Mapping[Anchor, str]] = {
    Anchor.DAY: "le jour réservé",
    Anchor.MONDAY: "le lundi de la semaine réservée",
    Anchor.SESSION: "le premier jour de la session",
    Anchor.HOLIDAYS: "le premier jour des vacances",
    Anchor.SERVICE: "le début du service",
}
WEEK_OF: Final[Mapping[Anchor, str]] = {
    Anchor.DAY: "réservée",
    Anchor.MONDAY: "réservée",
    Anchor.SESSION: "du premier jour de la session",
    Anchor.HOLIDAYS: "du premier jour des vacances",
    Anchor.SERVICE: "réservée",
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
WORKED: Final = (
    (frozenset({Skip.SATURDAY, Skip.SUNDAY, Skip.PUBLIC_HOLIDAYS}), " ouvré"),
    (frozenset({Skip.SUNDAY, Skip.PUBLIC_HOLIDAYS}), " ouvrable"),
)
MOVES: Final[Mapping[Move, str]] = {
    Move.STAY: "",
    Move.EARLIER: ", reculé au jour ouvré d'avant s'il n'est pas ouvré",
    Move.LATER: ", repoussé au jour ouvré d'après s'il n'est pas ouvré",
}


def rule_sentence(rule: DeadlineRule) -> str:
    """Until when, in words that follow « Limite pour réserver : », with the exceptions of the rule."""
    said = [_main(rule)] if rule.when is not None or not rule.by_weekday else []
    for weekday, case in sorted(rule.by_weekday.items()):
        said.append(f"pour le {WEEKDAYS[weekday]}, {_main(case)}")
    if rule.after_holidays is not None:
        said.append(f"pour le premier jour après les vacances, {_main(rule.after_holidays)}")
    return " ; ".join(said)


def opening_sentence(rule: OpeningRule) -> str:
    """From when, in words that follow « Les réservations ouvrent »."""
    return f"{_when(rule.when, frozenset())}, à {french_clock(rule.at)}"


def _main(rule: DeadlineRule) -> str:
    if rule.when is None:
        return "le début du service"
    said = _when(rule.when, rule.skipped)
    left_out = _left_out(rule)
    if left_out:
        said += f", sans compter {join(left_out)}"
    said += MOVES[rule.move]
    if isinstance(rule.when, PublishedDate) or _is_hours(rule.when):
        return said
    return said + (f", à {french_clock(rule.at)}" if rule.at else ", avant le début du service")


def _when(when: When, skipped: frozenset[Skip]) -> str:
    match when:
        case CountBack():
            return _count(when, skipped)
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


def _count(when: CountBack, skipped: frozenset[Skip]) -> str:
    if when.measure is Measure.DAYS and when.amount == 0:
        return "le jour même" if when.anchor is Anchor.DAY else ANCHORS[when.anchor]
    one, many = MEASURES[when.measure]
    kind = _worked(skipped) if when.measure is Measure.DAYS else ""
    plural = "s" if kind and when.amount > 1 else ""
    counted = f"{when.amount} {many if when.amount > 1 else one}{kind}{plural} avant {ANCHORS[when.anchor]}"
    return f"{counted}, ce jour compris" if when.inclusive else counted


def _worked(skipped: frozenset[Skip]) -> str:
    return next((words for days, words in WORKED if skipped >= days), "")


def _left_out(rule: DeadlineRule) -> list[str]:
    said: frozenset[Skip] = frozenset()
    if isinstance(rule.when, CountBack) and rule.when.measure is Measure.DAYS and rule.when.amount:
        said = next((days for days, _ in WORKED if rule.skipped >= days), said)
    return [words for skip, words in SKIPS.items() if skip in rule.skipped - said]


def _weekday(weekday: int, weeks: int | None, anchor: Anchor) -> str:
    name = f"le {WEEKDAYS[weekday]}"
    if weeks is None:
        return f"{name} précédent" if anchor is Anchor.DAY else f"{name} qui précède {ANCHORS[anchor]}"
    if anchor is Anchor.DAY and weeks <= 1:
        return f"{name} de la {'semaine précédente' if weeks else 'même semaine'}"
    if weeks == 0:
        return f"{name} de la semaine {WEEK_OF[anchor]}"
    return f"{name}, {weeks} semaine{'s' * (weeks > 1)} avant la semaine {WEEK_OF[anchor]}"


def _is_hours(when: When) -> bool:
    return isinstance(when, CountBack) and when.measure is Measure.HOURS
