"""What a rulebook says of its prices, said back in French."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from ledger.events import QuotientDecided, Regime, Residence
from rulebook.amounts import euros, french_number
from rulebook.french_dates import french_ordinal, join
from rulebook.rulebook import Rulebook
from rulebook.tariffs import (
    QUOTIENT_DEFAULT,
    Adjustment,
    Bracket,
    Conditions,
    Effect,
    Grid,
    Priced,
    QuotientRule,
    Rate,
    Reading,
    RegieRule,
    Rounding,
    Situation,
    Tariff,
    When,
    price,
)
from rulebook.words import MONTHS

EXAMPLES: Final = (65_000, 119_950)
"""Quotients prices are shown for, in cents: a common one, and one that is no whole number of euros."""

ROUNDING: Final[Mapping[Rounding, str]] = {
    Rounding.HALF_UP: "au centime le plus proche, le demi-centime vers le haut",
    Rounding.HALF_EVEN: "au centime le plus proche, le demi-centime vers le centime pair",
    Rounding.UP_TO_FIVE_CENTS: "aux 5 centimes supérieurs",
}
READ: Final[Mapping[Reading, str]] = {
    "truncated": "Un quotient se lit sans ses centimes.",
    "rounded": "Un quotient se lit arrondi à l'euro.",
}
RESIDENCES: Final[Mapping[Residence, str]] = {"town": "famille de la commune", "outside": "famille hors commune"}
REGIMES: Final[Mapping[Regime, str]] = {"caf": "CAF", "msa": "MSA", "other": "autre régime"}
WHEN: Final[Mapping[When, str]] = {
    "always": "Toujours",
    "late": "Réservé en retard",
    "late_cancellation": "Annulé en retard",
    "unreserved": "Venu sans réservation",
    "absent": "Absent sans absence acceptée",
}
EFFECTS: Final[Mapping[Effect, str]] = {
    "next_month": "du premier jour du mois qui suit",
    "same_month": "du premier jour du mois en cours",
    "day": "du jour même",
}


def tariffs_sentences(rulebook: Rulebook) -> Iterator[str]:
    """Every tariff, the quotient and the régie, as far as the town writes them."""
    for tariff in rulebook.tariffs:
        for sentence in _tariff(rulebook, tariff):
            yield f"Tarif « {tariff.label} » — {sentence}"
    if rulebook.tariffs or rulebook.quotient != QUOTIENT_DEFAULT:
        yield _quotient(rulebook.quotient)
    if rulebook.regie is not None:
        yield from _regie(rulebook.regie)


def _tariff(rulebook: Rulebook, tariff: Tariff) -> Iterator[str]:
    yield f"{join(list(_units(rulebook, tariff)))} (article {tariff.article})."
    slices = f", par tranche de {tariff.minutes} minutes commencée" if tariff.minutes else ""
    for grid in tariff.grids:
        yield f"{_who(grid)}{_prices(grid)}{slices}."
    yield from _examples(tariff)
    yield from (_adjustment(adjustment) for adjustment in tariff.adjustments)
    if any(not isinstance(grid.prices, Bracket) for grid in tariff.grids):
        yield _without(tariff)
    if tariff.reading in READ:
        yield READ[tariff.reading]
    if any(isinstance(grid.prices, Rate) for grid in tariff.grids) or any(each.share for each in tariff.adjustments):
        yield f"On arrondit {ROUNDING[tariff.rounding]}."
    yield from _due(tariff)


def _units(rulebook: Rulebook, tariff: Tariff) -> Iterator[str]:
    for slug, units in tariff.units.items():
        activity = rulebook.activities[slug]
        yield f"{activity.name} : {join([unit.name for unit in activity.units.values() if unit.slug in units])}"


# ---- grids ----------------------------------------------------------------------------------------------------------


def _who(grid: Grid) -> str:
    said = ", ".join(_conditions(grid.conditions))
    return f"{grid.name} ({said} ; article {grid.article}) : " if said else ""


def _conditions(conditions: Conditions) -> Iterator[str]:
    first, last = conditions.rank_from, conditions.rank_to
    if first is not None and first == last:
        yield f"{french_ordinal(first) if first == 1 else f'{first}e'} enfant"
    elif first is not None:
        yield f"à partir du {first}e enfant" + (f" jusqu'au {last}e" if last is not None else "")
    elif last is not None:
        yield f"jusqu'au {last}e enfant"
    if conditions.children_from is not None:
        yield f"au moins {conditions.children_from} enfants"
    if conditions.residence is not None:
        yield RESIDENCES[conditions.residence]
    if conditions.regimes:
        yield join([REGIMES[each] for each in REGIMES if each in conditions.regimes])
    if conditions.units_from is not None:
        yield f"à partir de {conditions.units_from} dans le mois"
    if conditions.meal_brought is not None:
        yield "repas apporté" if conditions.meal_brought else "repas de la commune"


def _prices(grid: Grid) -> str:
    if grid.lower_brackets:
        lower = "la tranche immédiatement inférieure"
        return f"le prix de {lower if grid.lower_brackets == 1 else f'{grid.lower_brackets} tranches plus bas'}"
    match grid.prices:
        case Bracket() as only:
            return f"le même prix pour tous les quotients : {_amount(only)}"
        case Rate() as rate:
            bounds = f", au moins {euros(rate.floor)}" if rate.floor is not None else ""
            bounds += f", au plus {euros(rate.ceiling)}" if rate.ceiling is not None else ""
            return f"{_percent(rate.rate)} du quotient{bounds}"
        case tuple() as several:
            ends: list[Decimal | None] = [*(each.lower for each in several[1:]), None]
            lines = [f"{_bounds(each.lower, end)} : {_amount(each)}" for each, end in zip(several, ends, strict=True)]
            return f"selon le quotient : {' ; '.join(lines)}"


def _bounds(first: Decimal, end: Decimal | None) -> str:
    if end is None:
        return f"{french_number(first)} et plus"
    below = f"moins de {french_number(end)}"
    return f"{below}" if first == 0 else f"de {french_number(first)} à {below}"


def _amount(bracket: Bracket) -> str:
    return euros(bracket.price) + (f" dont {euros(bracket.meal)} de repas" if bracket.meal else "")


def _percent(share: Decimal) -> str:
    return f"{f'{(share * 100).normalize():f}'.replace('.', ',')} %"


def _examples(tariff: Tariff) -> Iterator[str]:
    """What the base grid makes of some quotients, by the very code that bills."""
    if isinstance(tariff.grids[0].prices, Bracket):
        return
    for amount_cents in EXAMPLES:
        quotient = QuotientDecided(amount_cents=amount_cents, source="caf", first_day=date.min)
        situation = Situation(quotient=quotient, residence="town", regime="caf", minutes=tariff.minutes)
        priced = price(tariff, situation)
        if isinstance(priced, tuple):
            total = euros(Decimal(sum(_total(line) for line in priced)) / 100)
            yield f"Pour un quotient de {french_number(Decimal(amount_cents) / 100)}, {tariff.label} : {total}."


def _total(line: Priced) -> int:
    return line.quantity * line.unit_price_cents


def _adjustment(adjustment: Adjustment) -> str:
    if adjustment.share is not None:
        much = f"{'+' if adjustment.share > 0 else ''}{_percent(adjustment.share)} du prix"
    else:
        amount = adjustment.amount or Decimal(0)
        much = f"{'+' if amount > 0 else ''}{euros(amount)}"
    said = ", ".join([WHEN[adjustment.when], *_conditions(adjustment.conditions)])
    return f"{said} : {adjustment.label}, {much}, sur une ligne à part (article {adjustment.article})."


# ---- what a town does not know, what is due -------------------------------------------------------------------------


def _without(tariff: Tariff) -> str:
    match tariff.without_quotient:
        case "error":
            return "Sans quotient, il n'y a pas de prix : la facture l'attend."
        case "highest":
            return "Sans quotient, on paie le prix le plus haut."
        case "price":
            return f"Sans quotient : {_amount(tariff.price_without) if tariff.price_without else ''}."


def _due(tariff: Tariff) -> Iterator[str]:
    if tariff.unrecorded == "missing":
        yield "Un jour réservé que personne n'a pointé n'est pas facturé : il manque."
    else:
        yield "Un jour réservé que personne n'a pointé est facturé."
    if not tariff.absent_due:
        yield "Un jour d'absence n'est pas facturé, même sans justification."
    if tariff.payer == "asker":
        yield "Paie le foyer qui a réservé le jour, même un jour de l'autre foyer."


def _quotient(rule: QuotientRule) -> str:
    until = f", pendant {rule.valid_months} mois" if rule.valid_months is not None else ""
    if rule.until is not None:
        until += f", jusqu'au {french_ordinal(rule.until.day)} {MONTHS[rule.until.month - 1]}"
    article = f" (article {rule.article})" if rule.article else ""
    return f"Un quotient vaut à partir {EFFECTS[rule.effect]}{until}{article}, jamais avant sans décision de la ville."


def _regie(regie: RegieRule) -> Iterator[str]:
    yield f"{regie.name} — Une facture se paie dans les {regie.payment_days} jours : {' ; '.join(regie.how_to_pay)}."
    if regie.contact:
        yield f"{regie.name} — Pour toute question : {' ; '.join(regie.contact)}."
    if regie.appeal:
        yield f"{regie.name} — Pour contester : {' ; '.join(each.removesuffix('.') for each in regie.appeal)}."
    if regie.creditor_id:
        yield f"{regie.name} — Prélèvements : {regie.creditor_name}, ICS {regie.creditor_id}."
