"""What a day costs: tariffs, and the price of a unit under one. The name to import all of it by.

What a town publishes is in `rulebook.grids`, what a price depends on in `rulebook.situations`, how a unit is priced in
`rulebook.pricing`, which quotient holds in `rulebook.quotients`.
"""

from collections.abc import Collection

from ledger.identifiers import Slug
from rulebook.grids import (
    QUOTIENT_DEFAULT,
    Adjustment,
    Bracket,
    Conditions,
    Effect,
    Grid,
    PayerRule,
    QuotientRule,
    RankAmong,
    Rate,
    Reading,
    RegieRule,
    Rounding,
    Tariff,
    Unrecorded,
    When,
    Without,
)
from rulebook.pricing import Priced, price
from rulebook.quotients import quotient_on
from rulebook.situations import Situation, Unpriced

__all__ = [
    "QUOTIENT_DEFAULT",
    "Adjustment",
    "Bracket",
    "Conditions",
    "Effect",
    "Grid",
    "PayerRule",
    "Priced",
    "QuotientRule",
    "RankAmong",
    "Rate",
    "Reading",
    "RegieRule",
    "Rounding",
    "Situation",
    "Tariff",
    "Unpriced",
    "Unrecorded",
    "When",
    "Without",
    "price",
    "quotient_on",
    "tariff_of",
]


def tariff_of(tariffs: Collection[Tariff], activity: Slug, unit: Slug) -> Tariff | None:
    """The tariff that prices a unit."""
    return next((tariff for tariff in tariffs if unit in tariff.units.get(activity, frozenset())), None)
