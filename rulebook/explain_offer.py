"""What an activity offers, in French sentences."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from ledger.days import Season
from ledger.identifiers import Slug
from rulebook.french_dates import french_clock, french_day, french_ordinal, join
from rulebook.rulebook import Activity, Capacity, Opening, Rulebook, Sharing
from rulebook.timing import AnnualDay, Span
from rulebook.words import MONTHS, WEEKDAYS

SEASONS: Final = (
    (frozenset(Season), "toute l'année"),
    (frozenset({Season.SCHOOL}), "les semaines d'école"),
    (frozenset({Season.SHORT_HOLIDAYS}), "pendant les petites vacances"),
    (frozenset({Season.SUMMER}), "pendant les grandes vacances"),
    (frozenset({Season.SHORT_HOLIDAYS, Season.SUMMER}), "pendant les vacances"),
)
POOLS: Final[Mapping[Sharing, str]] = {
    Sharing.ALL: "",
    Sharing.GROUP: " par groupe",
    Sharing.SITE: " par site",
    Sharing.SITE_AND_GROUP: " par site et par groupe",
}


def days_sentences(rulebook: Rulebook, activity: Activity) -> Iterator[str]:
    """When each unit is offered, and when the activity is closed."""
    public = ", jours fériés compris" if activity.open_on_public_holidays else ", sauf jours fériés"
    for opening in activity.openings:
        units = [unit.name for slug, unit in activity.units.items() if not opening.units or slug in opening.units]
        yield f"{join(units)} : {_weekdays(opening)}, {_season(opening)}{span_words(opening.span)}{public}."
    for closure in activity.closures:
        yield f"Fermé{span_words(closure.span)} ({rulebook.closure_reasons[closure.reason]})."


def _weekdays(opening: Opening) -> str:
    return join([f"le {WEEKDAYS[weekday]}" for weekday in sorted(opening.weekdays)])


def _season(opening: Opening) -> str:
    return next((words for seasons, words in SEASONS if seasons == opening.seasons), "certains jours de l'année")


def span_words(span: Span) -> str:
    """Words like " du 1er septembre au 30 juin", with its leading space; empty for any day."""
    said = f" du {_bound(span.first)}" if span.first else ""
    said += f" au {_bound(span.last)}" if span.last else ""
    yearly = isinstance(span.first, AnnualDay) or isinstance(span.last, AnnualDay)
    return f"{said} de chaque année" if yearly else said


def _bound(bound: date | AnnualDay) -> str:
    if isinstance(bound, AnnualDay):
        return f"{french_ordinal(bound.day)} {MONTHS[bound.month - 1]}"
    return french_day(bound)


def units_sentences(activity: Activity) -> Iterator[str]:
    """The hours of each unit, and what it goes with."""
    for unit in activity.units.values():
        if unit.starts_at and unit.ends_at:
            yield f"{unit.name} : de {french_clock(unit.starts_at)} à {french_clock(unit.ends_at)}."
        if unit.excludes:
            yield f"{unit.name} ne va pas avec : {_names(activity, unit.excludes)}."
        if unit.requires:
            yield f"{unit.name} demande aussi : {_names(activity, unit.requires)}."
        if unit.takes != (unit.slug,):
            yield f"{unit.name} prend une place de : {_names(activity, frozenset(unit.takes))}."


def _names(activity: Activity, slugs: frozenset[Slug]) -> str:
    return join([unit.name for slug, unit in activity.units.items() if slug in slugs])


def places_sentences(activity: Activity) -> Iterator[str]:
    """How many children are received."""
    for line in activity.capacities:
        count = "places illimitées" if line.places is None else f"{line.places} place{'s' * (line.places > 1)}"
        each = " pour chaque unité" if len(activity.units) > 1 and not line.units else ""
        yield f"{count}{POOLS[activity.sharing]}{each}{_where(activity, line)}."
    if not activity.capacities:
        yield "Le nombre de places n'est pas limité."


def _where(activity: Activity, line: Capacity) -> str:
    said = [activity.units[slug].name for slug in sorted(line.units)]
    said += [activity.sites[slug] for slug in sorted(line.sites)] + [
        activity.groups[slug] for slug in sorted(line.groups)
    ]
    said += [f"le {WEEKDAYS[weekday]}" for weekday in sorted(line.weekdays)]
    said += [words for seasons, words in SEASONS if seasons == line.seasons]
    return (f" ({', '.join(said)})" if said else "") + span_words(line.span)
