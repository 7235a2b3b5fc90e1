"""The units of an activity, read from their sections."""

from dataclasses import replace
from typing import Final

from ledger.days import Season
from ledger.identifiers import Slug
from rulebook.reading_kinds import Surroundings
from rulebook.reading_places import read_seasons, read_span
from rulebook.reading_rules import read_deadlines
from rulebook.rulebook import Opening, Unit
from rulebook.tables import Table
from rulebook.words import quoted

SCHOOL_DAYS: Final = frozenset({Season.SCHOOL})
UNIT_KEYS: Final = frozenset(
    {
        "nom",
        "article",
        "debut",
        "fin",
        "exclut",
        "exige",
        "prend_les_places_de",
        "au_temps_passe",
        "jours",
        "quand",
        "delai",
        "delai_reservation",
        "delai_annulation",
    }
)


def read_units(table: Table, article: str) -> tuple[dict[Slug, Unit], tuple[Opening, ...]]:
    """The units of an activity without their own deadlines, and the openings of those that have their own days."""
    section = table.table("unites")
    slugs = [] if section is None else section.slug_keys()
    if not slugs or section is None:
        table.wrong("unites", "il manque ce que l'on coche", f"écrivez [{'.'.join(map(str, table.path))}.unites.repas]")
        return {}, ()
    units: dict[Slug, Unit] = {}
    openings: list[Opening] = []
    for slug in slugs:
        unit = section.table(slug)
        if unit is None:
            continue
        units[slug] = _unit(unit, slug, slugs, article)
        weekdays = unit.weekdays("jours")
        seasons = read_seasons(unit)
        if weekdays or seasons:
            openings.append(
                Opening(
                    weekdays=weekdays or table.weekdays("jours"),
                    seasons=seasons or read_seasons(table) or SCHOOL_DAYS,
                    span=read_span(table),
                    units=frozenset({slug}),
                    sites=frozenset(),
                    groups=frozenset(),
                )
            )
    _check_takes(section, units)
    symmetric = {
        slug: replace(unit, excludes=unit.excludes | {other.slug for other in units.values() if slug in other.excludes})
        for slug, unit in units.items()
    }
    return symmetric, tuple(openings)


def _check_takes(section: Table, units: dict[Slug, Unit]) -> None:
    """Report a unit whose places others take, but which takes none of them itself."""
    taken = {slug for unit in units.values() if unit.takes != (unit.slug,) for slug in unit.takes if slug in units}
    for slug in sorted(taken):
        if slug not in units[slug].takes:
            own = quoted((slug, *units[slug].takes))
            message = f"« {units[slug].name} » ne prend pas ses propres places, qu'une autre unité prend"
            section.wrong(slug, message, f"écrivez prend_les_places_de = [{own}]")


def _unit(unit: Table, slug: Slug, slugs: list[Slug], article: str) -> Unit:
    others = [other for other in slugs if other != slug]
    starts_at, ends_at = unit.clock("debut"), unit.clock("fin")
    if starts_at and ends_at and ends_at <= starts_at:
        unit.wrong("fin", "cette unité finit avant de commencer", "échangez « debut » et « fin »")
    excludes, requires = unit.slugs("exclut", others), unit.slugs("exige", others)
    for both in sorted(set(excludes) & set(requires)):
        unit.wrong("exige", f"« {both} » est à la fois exigée et exclue", "gardez l'une des deux")
    return Unit(
        slug=slug,
        name=unit.text("nom", example="Repas"),
        article=unit.text("article", article),
        starts_at=starts_at,
        ends_at=ends_at,
        excludes=frozenset(excludes),
        requires=frozenset(requires),
        takes=unit.slugs("prend_les_places_de", slugs) or (slug,),
        by_duration=unit.flag("au_temps_passe", "non"),
        book=None,
        cancel=None,
    )


def rule_units(table: Table, units: dict[Slug, Unit], around: Surroundings) -> dict[Slug, Unit]:
    """The units with the deadlines that are their own, once what surrounds them is known."""
    section = table.table("unites")
    if section is None:
        return units
    ruled: dict[Slug, Unit] = {}
    for slug, unit in units.items():
        own = section.table(slug)
        if own is None:
            continue
        book, cancel = read_deadlines(own, replace(around, units=(unit,)))
        ruled[slug] = replace(unit, book=book, cancel=cancel)
        own.asked |= UNIT_KEYS
        own.close()
    return ruled
