"""Under which conditions a grid or an adjustment applies, and what comes beside the unit price."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from ledger.events import Nature, Regime, Residence
from rulebook.amounts import read_amount, read_share
from rulebook.grids import Adjustment, Conditions, Rounding, When
from rulebook.tables import Table

MOST_RANK: Final = 20
MOST_UNITS: Final = 1000
HIGHEST_AMOUNT: Final = Decimal(10_000)
RESIDENCE_WORDS: Final[Mapping[str, Residence]] = {"commune": "town", "hors commune": "outside"}
REGIME_WORDS: Final[Mapping[str, Regime]] = {"caf": "caf", "msa": "msa", "autre": "other"}
WHEN_WORDS: Final[Mapping[str, When]] = {
    "toujours": "always",
    "retard": "late",
    "annulation tardive": "late_cancellation",
    "sans réservation": "unreserved",
    "absence non justifiée": "absent",
}
NATURE_WORDS: Final[Mapping[str, Nature]] = {
    "majoration": "surcharge",
    "pénalité": "penalty",
    "supplément": "supplement",
    "réduction": "reduction",
}
USUAL: Final[Mapping[When, Nature]] = {
    "late": "surcharge",
    "late_cancellation": "surcharge",
    "unreserved": "surcharge",
    "absent": "penalty",
}


def read_conditions(table: Table) -> Conditions:
    """The conditions of a grid or an adjustment; all of them must hold."""
    rank_from, rank_to = _count(table, "a_partir_du_rang", MOST_RANK), _count(table, "jusqu_au_rang", MOST_RANK)
    if rank_from and rank_to and rank_to < rank_from:
        table.wrong("jusqu_au_rang", "aucun enfant n'a un tel rang", "échangez les deux rangs")
    return Conditions(
        rank_from=rank_from,
        rank_to=rank_to,
        children_from=_count(table, "a_partir_de_enfants", MOST_RANK),
        residence=table.choice("residence", RESIDENCE_WORDS) if table.has("residence") else None,
        regimes=frozenset(table.choices("regime", REGIME_WORDS)),
        units_from=_count(table, "a_partir_de_unites", MOST_UNITS),
        meal_brought=table.flag("repas_apporte", "non") if table.has("repas_apporte") else None,
    )


def _count(table: Table, key: str, most: int) -> int | None:
    return table.number(key, 1, most) if table.has(key) else None


def read_adjustment(table: Table, code: str, rounding: Rounding) -> Adjustment | None:
    """One line that comes beside the unit price; None when what it adds is not understood."""
    when = table.choice("quand", WHEN_WORDS)
    amount = read_amount(table, "montant", low=-HIGHEST_AMOUNT, high=HIGHEST_AMOUNT)
    share = read_share(table, "taux", low=Decimal(-1), high=Decimal(10))
    nature = _nature(table, when, below_zero=(amount or share or Decimal(0)) < 0)
    adjustment = Adjustment(
        label=table.text("libelle", example="Majoration pour retard"),
        article=table.text("article", table.article or ""),
        when=when,
        conditions=read_conditions(table),
        nature=nature,
        amount=amount,
        share=share,
        code=table.text("imputation", code),
    )
    written = table.has("montant") + table.has("taux")
    if written != 1:
        message = "on ne sait pas combien" if not written else "« montant » et « taux » disent tous les deux combien"
        table.wrong("montant", message, 'écrivez montant = 1.00, ou taux = "10 %"')
    elif 0 in (amount, share):
        table.wrong(
            "montant" if share is None else "taux", "cet ajustement ne change rien", "retirez-le, ou corrigez-le"
        )
    elif share is not None and rounding is Rounding.NONE:
        message = "un taux donne des fractions de centime, et ce tarif n'arrondit pas"
        table.wrong("taux", message, 'écrivez arrondi = "au centime" dans le tarif')
    table.close()
    return None if (amount is None) == (share is None) else adjustment


def _nature(table: Table, when: When, *, below_zero: bool) -> Nature:
    usual = "reduction" if below_zero else USUAL.get(when, "supplement")
    nature = table.choice("nature", NATURE_WORDS, usual)
    if below_zero != (nature == "reduction"):
        right = "réduction" if below_zero else "supplément"
        table.wrong("nature", "seule une réduction est en dessous de zéro", f'écrivez nature = "{right}"')
    return nature
