"""What the prices of a sound rulebook say that its author may not have meant."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from rulebook.amounts import euros, french_number
from rulebook.extremes import totals
from rulebook.grids import Conditions, Grid, Rate, Tariff, When
from rulebook.problems import Problem
from rulebook.rulebook import Activity, Rulebook

CODE: Final = "Code de l'éducation, R531-53"
SERVED: Final[tuple[frozenset[When], ...]] = (frozenset(), frozenset({"late"}), frozenset({"unreserved"}))
"""What may come on top of a meal that is served."""


def tariff_warnings(rulebook: Rulebook) -> Iterator[Problem]:
    """Everything worth a second look in what a town charges; nothing where it writes no tariff at all."""
    for tariff in rulebook.tariffs:
        path = f"tarifs.{tariff.slug}"
        yield from _legal_cap(tariff, path)
        yield from _below_zero(tariff, path)
        for place, grid in enumerate(tariff.grids):
            yield from _falling(tariff, grid, path)
            yield from _hidden(tariff, place, path)
        yield from _late(rulebook, tariff, path)
        yield from _minutes(rulebook, tariff, path)
    if rulebook.tariffs:
        for activity in rulebook.activities.values():
            yield from _free(rulebook, activity)


def _warn(path: str, article: str | None, message: str, remedy: str) -> Problem:
    return Problem(line=None, path=path, article=article, message=message, remedy=remedy, severity="warning")


def _legal_cap(tariff: Tariff, path: str) -> Iterator[Problem]:
    """A school meal costs nobody more than it costs the town, a surcharge included with which it is served."""
    if tariff.nature != "meal":
        yield from _meal_part(tariff, path)
        return
    if tariff.cost is None:
        message = f"un repas d'école ne peut être vendu plus cher qu'il ne coûte à la ville ({CODE})"
        yield _warn(path, tariff.article, message, "écrivez cout_par_usager = 9.80, le vôtre, pour que ce soit vérifié")
        return
    rates = [grid.prices for grid in tariff.grids if isinstance(grid.prices, Rate)]
    if any(rate.ceiling is None for rate in rates):
        message = f"rien n'empêche ce taux de dépasser le coût du repas, {euros(tariff.cost)} ({CODE})"
        yield _warn(path, tariff.article, message, f"écrivez plafond = {tariff.cost}, ou moins")
        return
    for happened in SERVED:
        dearest = max(totals(tariff, happened), key=lambda total: total.euros)
        if dearest.euros > tariff.cost:
            beside = [each.label for each in dearest.adjustments if each.when in happened]
            said = "".join(f" avec « {label} »" for label in beside)
            told = f"le repas le plus cher, {euros(dearest.euros)}{said}, dépasse ce qu'il coûte, {euros(tariff.cost)}"
            remedy = "baissez les prix les plus hauts" if not beside else "baissez cette majoration"
            yield _warn(path, tariff.article, f"{told} ({CODE})", f"{remedy}, ou corrigez « cout_par_usager »")
            return


def _meal_part(tariff: Tariff, path: str) -> Iterator[Problem]:
    """The same of a meal that is a part of a price for care, where the town writes what it costs."""
    brackets = [bracket for grid in tariff.grids for bracket in grid.brackets]
    brackets += [] if tariff.price_without is None else [tariff.price_without]
    highest = max((bracket.meal or Decimal(0) for bracket in brackets), default=Decimal(0))
    if tariff.cost is not None and highest > tariff.cost:
        message = f"la part du repas, {euros(highest)}, dépasse ce qu'il coûte, {euros(tariff.cost)} ({CODE})"
        yield _warn(path, tariff.article, message, "baissez « dont_repas », ou corrigez « cout_par_usager »")


def _below_zero(tariff: Tariff, path: str) -> Iterator[Problem]:
    """Reductions that together take more than there is to pay."""
    reducing = frozenset(each.when for each in tariff.adjustments if (each.amount or each.share or 0) < 0)
    if not reducing:
        return
    lowest = min(totals(tariff, reducing), key=lambda total: total.euros)
    if lowest.euros < 0:
        labels = " et ".join(f"« {each.label} »" for each in lowest.adjustments if (each.amount or each.share or 0) < 0)
        message = f"un prix de {euros(lowest.price)} passerait sous zéro avec {labels} : la réduction s'arrêtera à zéro"
        yield _warn(path, tariff.article, message, "baissez ces réductions, ou dites pour qui est chacune")


def _falling(tariff: Tariff, grid: Grid, path: str) -> Iterator[Problem]:
    for before, after in pairwise(grid.prices if isinstance(grid.prices, tuple) else ()):
        if after.price < before.price:
            at = french_number(after.lower)
            message = f"à partir de {at}, le prix baisse de {euros(before.price)} à {euros(after.price)}"
            yield _warn(path, grid.article or tariff.article, message, "vérifiez les prix de ces deux tranches")


def _hidden(tariff: Tariff, place: int, path: str) -> Iterator[Problem]:
    """A grid that a later one, under the same conditions, always replaces."""
    grid, later = tariff.grids[place], tariff.grids[place + 1 :]
    if place and any(each.conditions in (grid.conditions, Conditions()) for each in later):
        message = f"la grille « {grid.name} » ne sert jamais : une grille plus bas vaut pour les mêmes familles"
        yield _warn(path, grid.article, message, "retirez l'une des deux")


def _late(rulebook: Rulebook, tariff: Tariff, path: str) -> Iterator[Problem]:
    charged = {each.when for each in tariff.adjustments}
    announced = {rule for slug in tariff.units for rule in _surcharged(rulebook.activities[slug], tariff)}
    for when, said in (("late", "retard"), ("late_cancellation", "annulation tardive")):
        if when in charged and when not in announced:
            message = f"l'ajustement « {said} » ne servira jamais : aucun délai n'accepte une demande en retard"
            yield _warn(path, tariff.article, message, 'écrivez retard = "majoration" dans le délai, ou retirez-le')
        if when in announced and when == "late" and when not in charged:
            message = "un délai annonce une majoration, et ce tarif n'en a pas"
            remedy = 'ajoutez [[….ajustements]] avec quand = "retard", ou changez « retard » dans le délai'
            yield _warn(path, tariff.article, message, remedy)


def _surcharged(activity: Activity, tariff: Tariff) -> Iterator[str]:
    """Which requests the deadlines of the priced units take late, for a surcharge."""
    for slug in tariff.units[activity.slug]:
        unit = activity.units[slug]
        for rule, when in ((unit.book or activity.book, "late"), (unit.cancel or activity.cancel, "late_cancellation")):
            every = [rule, *rule.by_weekday.values(), *([rule.after_holidays] if rule.after_holidays else [])]
            if any(each.late == "surcharge" for each in every):
                yield when


def _minutes(rulebook: Rulebook, tariff: Tariff, path: str) -> Iterator[Problem]:
    for slug, units in tariff.units.items():
        for unit in (rulebook.activities[slug].units[each] for each in sorted(units)):
            if tariff.minutes is not None and not unit.by_duration:
                message = f"« {unit.name} » se paie au temps passé, et personne n'écrit les heures"
                yield _warn(path, tariff.article, message, 'écrivez au_temps_passe = "oui" dans l\'unité')
            endless = unit.starts_at is None or unit.ends_at is None
            if tariff.minutes is not None and endless and (tariff.absent_due or tariff.unrecorded == "reserved"):
                message = f"« {unit.name} » se paie au temps passé : sans ses heures, un jour d'absence n'a pas de prix"
                remedy = "écrivez debut et fin dans l'unité"
                told = remedy if tariff.unrecorded == "reserved" else f'{remedy}, ou absence_due = "non" dans le tarif'
                yield _warn(path, tariff.article, message, told)


def _free(rulebook: Rulebook, activity: Activity) -> Iterator[Problem]:
    for unit in activity.units.values():
        if rulebook.tariff(activity.slug, unit.slug) is None:
            path = f"activites.{activity.slug}.unites.{unit.slug}"
            message = f"« {unit.name} » ({activity.name}) n'a pas de tarif : elle ne coûtera rien"
            yield _warn(path, unit.article, message, "ajoutez-la à un tarif, ou un tarif avec prix = 0")
