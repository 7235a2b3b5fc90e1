"""What the prices of a sound rulebook say that its author may not have meant."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from rulebook.amounts import euros, french_number
from rulebook.grids import Conditions, Grid, Rate, Tariff
from rulebook.problems import Problem
from rulebook.rulebook import Activity, Rulebook

CODE = "Code de l'éducation, R531-53"


def tariff_warnings(rulebook: Rulebook) -> Iterator[Problem]:
    """Everything worth a second look in what a town charges; nothing where it writes no tariff at all."""
    for tariff in rulebook.tariffs:
        path = f"tarifs.{tariff.slug}"
        yield from _legal_cap(tariff, path)
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
    """A school meal costs nobody more than it costs the town, reductions and surcharges included."""
    if tariff.nature != "meal":
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
    written = [bracket.price for grid in tariff.grids for bracket in grid.brackets]
    written += [rate.ceiling for rate in rates if rate.ceiling is not None]
    highest = max([*written, *([] if tariff.price_without is None else [tariff.price_without.price])])
    always = [each for each in tariff.adjustments if each.when == "always"]
    highest += sum((max(each.amount or highest * (each.share or 0), Decimal(0)) for each in always), Decimal(0))
    if highest > tariff.cost:
        message = f"le repas le plus cher, {euros(highest)}, dépasse ce qu'il coûte, {euros(tariff.cost)} ({CODE})"
        yield _warn(path, tariff.article, message, "baissez les prix les plus hauts, ou corrigez « cout_par_usager »")


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


def _free(rulebook: Rulebook, activity: Activity) -> Iterator[Problem]:
    for unit in activity.units.values():
        if rulebook.tariff(activity.slug, unit.slug) is None:
            path = f"activites.{activity.slug}.unites.{unit.slug}"
            message = f"« {unit.name} » ({activity.name}) n'a pas de tarif : elle ne coûtera rien"
            yield _warn(path, unit.article, message, "ajoutez-la à un tarif, ou un tarif avec prix = 0")
