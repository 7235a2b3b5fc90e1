"""How low and how high what a tariff asks may come, over everybody it may be asked of."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice, product
from typing import Final, NamedTuple

from ledger.events import Regime, Residence
from rulebook.grids import Adjustment, Grid, Rate, Tariff, When
from rulebook.reading_grids import HIGHEST_PRICE
from rulebook.situations import Situation, Unpriced, adjustments_of, grid_of

MOST_SITUATIONS: Final = 500
"""A tariff of more conditions than this is looked at in part: these are warnings."""


class Total(NamedTuple):
    """A price of a tariff, and what comes beside it."""

    price: Decimal
    adjustments: tuple[Adjustment, ...]

    @property
    def euros(self) -> Decimal:
        """All of it, before it is rounded, below zero where reductions take more than there is."""
        shares = sum((each.share or Decimal(0) for each in self.adjustments), Decimal(1))
        return self.price * shares + sum((each.amount or Decimal(0) for each in self.adjustments), Decimal(0))


def totals(tariff: Tariff, happened: frozenset[When]) -> Iterator[Total]:
    """What a unit may come to where all this happened, at both ends of every grid."""
    for situation in _situations(tariff, happened):
        grid, adjustments = grid_of(tariff, situation), adjustments_of(tariff, situation)
        assert not isinstance(grid, Unpriced), "everything is known of who is supposed"
        assert not isinstance(adjustments, Unpriced), "everything is known of who is supposed"
        for price in _ends(tariff, grid):
            yield Total(price, tuple(adjustments))


def _situations(tariff: Tariff, happened: frozenset[When]) -> Iterator[Situation]:
    """Everybody the conditions of a tariff tell apart."""
    every = [*(grid.conditions for grid in tariff.grids), *(each.conditions for each in tariff.adjustments)]
    everywhere: tuple[Residence, ...] = ("town", "outside")
    regimes: tuple[Regime, ...] = ("caf", "msa", "other")
    people = product(
        _counts([*(each.rank_from for each in every), *(1 + each.rank_to for each in every if each.rank_to)]),
        _counts([each.children_from for each in every]),
        _counts([each.units_from for each in every]),
        everywhere if any(each.residence for each in every) else everywhere[:1],
        regimes if any(each.regimes for each in every) else regimes[:1],
        (False, True) if any(each.meal_brought is not None for each in every) else (False,),
    )
    for rank, children, units, residence, regime, brought in islice(people, MOST_SITUATIONS):
        yield Situation(
            quotient=None,
            residence=residence,
            regime=regime,
            rank=rank,
            children=max(rank, children),
            units_in_month=units,
            meal_brought=brought,
            on_top=happened,
        )


def _counts(thresholds: Iterable[int | None]) -> list[int]:
    return sorted({1, *(count for count in thresholds if count is not None)})


def _ends(tariff: Tariff, grid: Grid) -> list[Decimal]:
    """The lowest and the highest price of a grid."""
    if isinstance(grid.prices, Rate):
        highest = HIGHEST_PRICE if grid.prices.ceiling is None else grid.prices.ceiling
        found = [grid.prices.floor or Decimal(0), highest]
    else:
        found = [bracket.price for bracket in grid.brackets]
    if tariff.price_without is not None and len(grid.brackets) != 1:
        found.append(tariff.price_without.price)
    return [min(found), max(found)]
