"""What an activity offers, in French sentences."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from ledger.days import Season
from ledger.identifiers import Slug
from rulebook.french_dates import french_clock, french_day, french_ordinal, join
from rulebook.rulebook import Activity, Capacity, Closure, Opening, Rulebook, Sharing
from rulebook.timing import AnnualDay, Span
from rulebook.words import MONTHS, WEEKDAYS

SEASONS: Final = (
    (frozenset(Season), "toute l'année"),
    (frozenset({Season.SHORT_HOLIDAYS, Season.SUMMER}), "pendant les vacances"),
    (frozenset({Season.SCHOOL}), "les semaines d'école"),
    (frozenset({Season.SHORT_HOLIDAYS}), "pendant les petites vacances"),
    (frozenset({Season.SUMMER}), "pendant les grandes vacances"),
    (frozenset({Season.BRIDGE}), "les ponts"),
)
"""Widest first: the words of some seasons are those of the fewest lines that make them up."""

POOLS: Final[Mapping[Sharing, str]] = {
    Sharing.ALL: "",
    Sharing.GROUP: " par groupe",
    Sharing.SITE: " par site",
    Sharing.SITE_AND_GROUP: " par site et par groupe",
}


def days_sentences(rulebook: Rulebook, activity: Activity) -> Iterator[str]:
    """Where and for whom, when each unit is offered, and when this activity is closed."""
    for labels, word in ((activity.sites, "Site"), (activity.groups, "Groupe")):
        if labels:
            yield f"{word}{'s' * (len(labels) > 1)} : {join(list(labels.values()))}."
    public = ", jours fériés compris" if activity.open_on_public_holidays else ", sauf jours fériés"
    for opening in activity.openings:
        units = [unit.name for slug, unit in activity.units.items() if not opening.units or slug in opening.units]
        only = [activity.sites[slug] for slug in sorted(opening.sites)]
        only += [activity.groups[slug] for slug in sorted(opening.groups)]
        whom = f" ({join(only)})" if only else ""
        when = f"{_weekdays(opening)}, {_season(opening.seasons)}{span_words(opening.span)}"
        yield f"{join(units)}{whom} : {when}{public}."
    yield from (closure_sentence(rulebook, closure) for closure in activity.closures if closure.activities)


def closure_sentence(rulebook: Rulebook, closure: Closure) -> str:
    """When and why it is closed."""
    return f"Fermé{span_words(closure.span)} ({rulebook.closure_reasons[closure.reason]})."


def _weekdays(opening: Opening) -> str:
    return join([f"le {WEEKDAYS[weekday]}" for weekday in sorted(opening.weekdays)])


def _season(seasons: frozenset[Season]) -> str:
    said: list[str] = []
    for some, words in SEASONS:
        if some <= seasons:
            said.append(words)
            seasons -= some
    return join(said)


def span_words(span: Span) -> str:
    """Words like " du 1er septembre au 30 juin" or " le 7 mai", with their leading space; empty for any day."""
    if span.first and span.first == span.last:
        return f" le {_bound(span.first)}" + " de chaque année" * isinstance(span.first, AnnualDay)
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
        if unit.by_duration:
            yield f"{unit.name} : on compte l'heure d'arrivée et de départ."


def _names(activity: Activity, slugs: frozenset[Slug]) -> str:
    return join([unit.name for slug, unit in activity.units.items() if slug in slugs])


def places_sentences(activity: Activity) -> Iterator[str]:
    """How many children are received."""
    for line in activity.capacities:
        count = "places illimitées" if line.places is None else f"{line.places} place{'s' * (line.places > 1)}"
        pool = "" if line.sites or line.groups else POOLS[activity.sharing]
        yield f"{_where(activity, line)}{count}{pool}{'' if line.units else _each(activity)}{span_words(line.span)}."
    if not activity.capacities:
        yield "Le nombre de places n'est pas limité."
    if activity.publishes_places:
        yield "Les familles voient les places qui restent."
    if activity.holds == "approval":
        yield "Une demande ne tient sa place qu'une fois acceptée."


def _each(activity: Activity) -> str:
    """For which units places are counted, when there are several: those that some unit fills."""
    taken = frozenset(slug for unit in activity.units.values() for slug in unit.takes)
    counted = [unit.name for slug, unit in activity.units.items() if slug in taken]
    if len(counted) == 1:
        return f" pour {counted[0]}" * (len(activity.units) > 1)
    return " pour chaque unité" + f" ({join(counted)})" * (len(counted) < len(activity.units))


def _where(activity: Activity, line: Capacity) -> str:
    said = [activity.units[slug].name for slug in sorted(line.units)]
    said += [activity.sites[slug] for slug in sorted(line.sites)] + [
        activity.groups[slug] for slug in sorted(line.groups)
    ]
    said += [f"le {WEEKDAYS[weekday]}" for weekday in sorted(line.weekdays)]
    said += [_season(line.seasons)] if line.seasons else []
    return f"{', '.join(said)} : " if said else ""
