"""What one unit costs by itself, in whole cents, with its arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger.events import QuotientDecided, Step
from rulebook.grids import Bracket, Grid, Rate, Tariff
from rulebook.rounding import amount, plain, read, rounded
from rulebook.situations import Situation, Unpriced, grid_of, reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """In euros that are whole cents."""

    euros: Decimal
    meal: Decimal
    article: str
    steps: tuple[Step, ...]


def unit_price(tariff: Tariff, situation: Situation) -> UnitPrice | Unpriced:
    """The price of a unit under the grid that applies, rounded as the tariff says."""
    grid = grid_of(tariff, situation)
    if isinstance(grid, Unpriced):
        return grid
    steps = [Step(kind="tariff", value=tariff.slug)]
    if grid is not tariff.grids[0]:
        steps += [Step(kind="grid", value=grid.name), *reasons(grid.conditions, situation)]
    found = _found(tariff, grid, situation.quotient, steps)
    if found is None:
        return Unpriced(code="quotient_missing", article=grid.article)
    euros = rounded(tariff.rounding, found.price)
    steps.append(amount("price" if euros == found.price else "rounded", euros))
    return UnitPrice(
        euros=euros,
        meal=rounded(tariff.rounding, found.meal or Decimal(0)),
        article=grid.article,
        steps=tuple(steps),
    )


def _found(tariff: Tariff, grid: Grid, quotient: QuotientDecided | None, steps: list[Step]) -> Bracket | None:
    """The price before it is rounded; None when it takes a quotient that nobody knows."""
    if isinstance(grid.prices, Bracket):
        return grid.prices
    if quotient is None:
        if tariff.without_quotient == "error":
            return None
        steps.append(Step(kind="no_quotient", value=tariff.without_quotient))
        if tariff.without_quotient == "price":
            return tariff.price_without
        return _highest(grid, grid.prices, steps)
    quotient_read = read(tariff.reading, Decimal(quotient.amount_cents) / 100)
    steps.append(Step(kind="quotient", value=plain(quotient_read)))
    if isinstance(grid.prices, Rate):
        return _by_rate(grid.prices, quotient_read, steps)
    place = sum(bracket.lower <= quotient_read for bracket in grid.prices) - 1
    return _lowered(grid, grid.prices, place, steps)


def _highest(grid: Grid, prices: tuple[Bracket, ...] | Rate, steps: list[Step]) -> Bracket | None:
    """The dearest bracket, or the ceiling: what a household pays that does not say its quotient."""
    if isinstance(prices, Rate):
        return None if prices.ceiling is None else Bracket(lower=Decimal(0), price=prices.ceiling)
    dearest = max(range(len(prices)), key=lambda place: (prices[place].price, place))
    return _lowered(grid, prices, dearest, steps)


def _lowered(grid: Grid, brackets: Sequence[Bracket], place: int, steps: list[Step]) -> Bracket:
    if grid.lower_brackets:
        steps.append(Step(kind="lower_brackets", value=str(grid.lower_brackets)))
    bracket = brackets[max(0, place - grid.lower_brackets)]
    steps.append(Step(kind="bracket", value=plain(bracket.lower)))
    return bracket


def _by_rate(rate: Rate, quotient: Decimal, steps: list[Step]) -> Bracket:
    raw = quotient * rate.rate
    steps += [Step(kind="rate", value=plain(rate.rate)), Step(kind="raw", value=plain(raw))]
    if rate.floor is not None and raw < rate.floor:
        raw = rate.floor
        steps.append(amount("floor", raw))
    if rate.ceiling is not None and raw > rate.ceiling:
        raw = rate.ceiling
        steps.append(amount("ceiling", raw))
    return Bracket(lower=Decimal(0), price=raw)
