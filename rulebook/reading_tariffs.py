"""The [tarifs] of a rulebook."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final, TypeVar

from ledger.events import Nature
from ledger.identifiers import Slug
from rulebook.amounts import read_amount
from rulebook.grids import (
    Bracket,
    Conditions,
    Grid,
    PayerRule,
    RankAmong,
    Rate,
    Reading,
    Rounding,
    Tariff,
    Unrecorded,
    Without,
)
from rulebook.reading_adjustments import REGIME_WORDS, RESIDENCE_WORDS, read_adjustment, read_conditions
from rulebook.reading_grids import HIGHEST_PRICE, Prices, check_rounding, read_price, read_prices
from rulebook.rulebook import Activity
from rulebook.tables import Table
from rulebook.words import plain

Value = TypeVar("Value")

MOST_MINUTES: Final = 24 * 60
MOST_BRACKETS_LOWER: Final = 10
NATURE_WORDS: Final[Mapping[str, Nature]] = {"repas": "meal", "garde": "care", "supplément": "supplement"}
ROUNDING_WORDS: Final = {
    "au centime": Rounding.HALF_UP,
    "au centime pair": Rounding.HALF_EVEN,
    "aux 5 centimes supérieurs": Rounding.UP_TO_FIVE_CENTS,
    "aucun": Rounding.NONE,
}
READING_WORDS: Final[Mapping[str, Reading]] = {"exact": "exact", "tronqué": "truncated", "arrondi": "rounded"}
WITHOUT_WORDS: Final[Mapping[str, Without]] = {"erreur": "error", "maximum": "highest"}
RANK_WORDS: Final[Mapping[str, RankAmong]] = {"inscrits": "enrolled", "facturés": "billed"}
UNRECORDED_WORDS: Final[Mapping[str, Unrecorded]] = {"manquant": "missing", "réservation": "reserved"}
PAYER_WORDS: Final[Mapping[str, PayerRule]] = {"garde": "custody", "demandeur": "asker"}
NO_PRICE: Final = Bracket(lower=Decimal(0), price=Decimal(0))
HOW: Final = "écrivez prix = 3.05, ou tranches, ou intervalles, ou taux"


def read_tariffs(top: Table, activities: Mapping[Slug, Activity]) -> tuple[Tariff, ...]:
    """Every tariff of the town, in the order of its text; a unit has one at most."""
    section = top.table("tarifs")
    slugs = [] if section is None else section.slug_keys()
    priced: dict[tuple[Slug, Slug], Slug] = {}
    found: list[Tariff] = []
    for slug in slugs:
        table = section.table(slug) if section is not None else None
        if table is None:
            continue
        tariff = _tariff(table, slug, activities)
        found.append(tariff)
        for unit in ((activity, unit) for activity, units in tariff.units.items() for unit in sorted(units)):
            other = priced.setdefault(unit, slug)
            if other != slug:
                name = activities[unit[0]].units[unit[1]].name
                message = f"« {name} » ({activities[unit[0]].name}) a déjà un prix dans le tarif « {other} »"
                table.wrong("activites", message, "retirez-la de l'un des deux")
    return tuple(found)


def _tariff(table: Table, slug: Slug, activities: Mapping[Slug, Activity]) -> Tariff:
    nature = table.choice("nature", NATURE_WORDS)
    code, label = table.text("imputation", ""), table.text("libelle", example="Repas")
    rounding = table.choice("arrondi", ROUNDING_WORDS, Rounding.HALF_UP)
    reading = table.choice("quotient_lu", READING_WORDS, "exact")
    without, price_without = _without(table, rounding)
    tariff = Tariff(
        slug=slug,
        label=label,
        article=table.text("article", example="5"),
        nature=nature,
        code=code,
        units=_units(table, activities),
        rounding=rounding,
        without_quotient=without,
        price_without=price_without,
        reading=reading,
        grids=_grids(table, reading, rounding),
        adjustments=tuple(
            each for own in table.tables("ajustements") if (each := read_adjustment(own, code, rounding)) is not None
        ),
        rank_among=table.choice("rang_parmi", RANK_WORDS, "enrolled"),
        residence_unknown=_optional(table, "residence_inconnue", RESIDENCE_WORDS),
        regime_unknown=_optional(table, "regime_inconnu", REGIME_WORDS),
        minutes=table.number("minutes", 1, MOST_MINUTES) if table.has("minutes") else None,
        unrecorded=table.choice("sans_pointage", UNRECORDED_WORDS, "missing"),
        absent_due=table.flag("absence_due", "oui"),
        payer=table.choice("payeur", PAYER_WORDS, "custody"),
        meal_label=table.text("libelle_repas", "Repas"),
        meal_code=table.text("imputation_repas", code),
        cost=read_amount(table, "cout_par_usager", low=Decimal(0), high=HIGHEST_PRICE),
    )
    _check(table, tariff)
    table.close()
    return tariff


def _optional(table: Table, key: str, words: Mapping[str, Value]) -> Value | None:
    return table.choice(key, words) if table.has(key) else None


def _without(table: Table, rounding: Rounding) -> tuple[Without, Bracket | None]:
    """What a household without a quotient pays: a word, a price, or a price and its part for the meal."""
    written = table.values.get("sans_quotient", "erreur")
    if isinstance(written, dict):
        own = table.table("sans_quotient")
        price = None if own is None else read_price(own, rounding)
        if own is not None:
            own.close()
        return "price", price or NO_PRICE
    if isinstance(written, str) and plain(written) in WITHOUT_WORDS:
        table.has("sans_quotient")
        return WITHOUT_WORDS[plain(written)], None
    amount = read_amount(table, "sans_quotient", low=Decimal(0), high=HIGHEST_PRICE)
    check_rounding(table, "sans_quotient", amount, rounding)
    return "price", replace(NO_PRICE, price=amount or Decimal(0))


def _units(table: Table, activities: Mapping[Slug, Activity]) -> Mapping[Slug, frozenset[Slug]]:
    """The units of some activities; all of them, or those that are named."""
    chosen = table.slugs("activites", activities)
    if not table.values.get("activites"):
        remedy = f'écrivez activites = ["{next(iter(activities), "restauration")}"]'
        table.wrong("activites", "on ne sait pas de quelle activité c'est le prix", remedy)
    known = {slug for activity in chosen for slug in activities[activity].units}
    named = frozenset(table.slugs("unites", sorted(known)))
    found = {
        activity: frozenset(slug for slug in activities[activity].units if not named or slug in named)
        for activity in chosen
    }
    return {activity: units for activity, units in found.items() if units}


def _grids(table: Table, reading: Reading, rounding: Rounding) -> tuple[Grid, ...]:
    already = len(table.found)
    prices = read_prices(table, reading, rounding)
    if prices is None and len(table.found) == already:
        table.wrong("", "ce tarif ne dit aucun prix", HOW)
    base = Grid(name="", article=table.article or "", conditions=Conditions(), prices=prices or NO_PRICE)
    return (base, *(_grid(own, base, reading, rounding) for own in table.tables("grilles")))


def _grid(own: Table, base: Grid, reading: Reading, rounding: Rounding) -> Grid:
    already = len(own.found)
    prices: Prices | None = read_prices(own, reading, rounding)
    lower = own.number("tranches_inferieures", 1, MOST_BRACKETS_LOWER) if own.has("tranches_inferieures") else 0
    if prices is None and not lower and len(own.found) == already:
        own.wrong("", "cette grille ne dit aucun prix", HOW)
    prices = prices or base.prices
    if lower and not isinstance(prices, tuple) and len(own.found) == already:
        own.wrong("tranches_inferieures", "il n'y a pas de tranches où descendre", "écrivez des tranches dans le tarif")
    conditions = read_conditions(own)
    if conditions == Conditions() and len(own.found) == already:
        example = 'residence = "hors commune", ou a_partir_du_rang = 3'
        own.wrong("", "on ne sait pas pour qui est cette grille", f"écrivez {example}")
    grid = Grid(
        name=own.text("nom", example="Hors commune"),
        article=own.text("article", own.article or ""),
        conditions=conditions,
        prices=prices,
        lower_brackets=lower,
    )
    own.close()
    return grid


def _check(table: Table, tariff: Tariff) -> None:
    """Report what the parts of a tariff make impossible together."""
    rates = [grid.prices for grid in tariff.grids if isinstance(grid.prices, Rate)]
    if tariff.without_quotient == "highest" and any(rate.ceiling is None for rate in rates):
        message = "sans quotient, on paierait le maximum, mais ce taux n'a pas de plafond"
        table.wrong("sans_quotient", message, "écrivez plafond = 4.50, ou un prix dans « sans_quotient »")
    meals = [bracket.meal for grid in tariff.grids for bracket in grid.brackets]
    if tariff.nature == "meal" and any(meal is not None for meal in meals):
        message = "« dont_repas » est la part du repas d'un prix de garde, mais tout ce tarif est du repas"
        table.wrong("nature", message, 'écrivez nature = "garde"')
    every = [*meals, *([] if tariff.price_without is None else [tariff.price_without.meal])]
    if len({meal is None for meal in every}) > 1:
        message = "certains prix de ce tarif disent la part du repas, d'autres non"
        table.wrong("", message, "écrivez dont_repas partout, avec 0 quand le repas n'est pas compris")
