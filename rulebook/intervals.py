"""Brackets as a town publishes them, « de 0 à 599 », made into lower bounds, or what is ambiguous in them.

A quotient is in whole cents; read truncated or rounded, in whole euros. What no quotient can fall into is no hole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal

from rulebook.grids import Bracket

CENT: Final = Decimal("0.01")
EURO: Final = Decimal(1)

NO_END: Final = Decimal(99_000)
"""A last upper bound from there on is a form that had to be filled in: the national maximum is written 99990."""

Kind = Literal["overlap", "hole", "between", "below", "above"]
"""Two prices; no price; no price but for a quotient with cents; no price under the first; none over the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One line of a published grid. `last` is None where nothing ends it."""

    first: Decimal
    last: Decimal | None
    with_first: bool = True
    with_last: bool = True
    price: Decimal
    meal: Decimal | None = None

    def lowest(self, unit: Decimal) -> Decimal:
        """The first quotient in it, of those counted by the cent or by the euro."""
        lowest = (self.first / unit).quantize(EURO, ROUND_CEILING) * unit
        return lowest if self.with_first or lowest > self.first else lowest + unit

    def is_empty(self, unit: Decimal) -> bool:
        """Whether no quotient can be in it."""
        highest = self.highest(unit)
        return highest is not None and highest < self.lowest(unit)

    def highest(self, unit: Decimal) -> Decimal | None:
        """The last quotient in it."""
        if self.last is None:
            return None
        highest = (self.last / unit).quantize(EURO, ROUND_FLOOR) * unit
        return highest if self.with_last or highest < self.last else highest - unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where a published grid does not say one price: from which quotient to which, and between which two lines."""

    kind: Kind
    first: Decimal
    last: Decimal
    before: Interval | None
    after: Interval | None


def findings(intervals: Sequence[Interval], unit: Decimal) -> Iterator[Finding]:
    """Every quotient that has two prices, or none, as runs. Each interval has some quotient in it."""
    ordered = sorted(intervals, key=lambda each: each.lowest(unit))
    before = ordered[0]
    if before.lowest(unit) > 0:
        yield Finding(kind="below", first=Decimal(0), last=before.lowest(unit) - unit, before=None, after=before)
    for after in ordered[1:]:
        yield from _between(before, after, unit)
        before = max(before, after, key=lambda each: (each.last is None, each.highest(unit) or 0))
    if before.last is not None and before.last < NO_END:
        yield Finding(kind="above", first=before.last, last=before.last, before=before, after=None)


def _between(before: Interval, after: Interval, unit: Decimal) -> Iterator[Finding]:
    begins, ended = after.lowest(unit), before.highest(unit)
    if ended is None or begins <= ended:
        ends = after.highest(unit)
        last = min((each for each in (ended, ends) if each is not None), default=begins)
        yield Finding(kind="overlap", first=begins, last=last, before=before, after=after)
    elif begins > ended + unit:
        first, last = ended + unit, begins - unit
        whole_first, whole_last = first.quantize(EURO, ROUND_CEILING), last.quantize(EURO, ROUND_FLOOR)
        if whole_first <= whole_last:
            yield Finding(kind="hole", first=whole_first, last=whole_last, before=before, after=after)
        else:
            middle = ((first + last) / 2).quantize(CENT)
            yield Finding(kind="between", first=middle, last=middle, before=before, after=after)


def brackets(intervals: Sequence[Interval], unit: Decimal) -> tuple[Bracket, ...]:
    """The same prices by lower bounds; the intervals have no finding."""
    ordered = sorted(intervals, key=lambda each: each.lowest(unit))
    return tuple(Bracket(lower=each.lowest(unit), price=each.price, meal=each.meal) for each in ordered)
