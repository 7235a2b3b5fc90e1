"""What a day costs: a unit's price, its part for the meal, its adjustments, each a line of its own. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from ledger.events import Nature, Step
from rulebook.grids import Adjustment, Tariff
from rulebook.rounding import amount, cents, plain, rounded
from rulebook.situations import Situation, Unpriced, adjustments_of
from rulebook.unit_price import UnitPrice, unit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """One part of what a unit costs. Quantity times `unit_price_cents` is exact."""

    nature: Nature
    label: str
    unit_price_cents: int
    quantity: int
    article: str
    code: str
    steps: tuple[Step, ...]
    basis: Literal["unit", "late", "late_cancellation", "unreserved", "absent"]
    """The unit itself (its price, what always goes with it), or what came on top of it, and why."""

    @property
    def amount_cents(self) -> int:
        """All of it."""
        return self.unit_price_cents * self.quantity


def price(tariff: Tariff, situation: Situation) -> tuple[Priced, ...] | Unpriced:
    """What one unit costs: its price, its parts, its adjustments, each with its arithmetic. Pure.

    Nothing is asked for that would not change the answer: a household's quotient where there is one price for all.
    """
    known = replace(
        situation,
        residence=situation.residence or tariff.residence_unknown,
        regime=situation.regime or tariff.regime_unknown,
    )
    adjustments = adjustments_of(tariff, known)
    if isinstance(adjustments, Unpriced):
        return adjustments
    if not known.unit_due and all(adjustment.share is None for adjustment in adjustments):
        return _cut((), [_on_top(tariff, adjustment, None, 1) for adjustment in adjustments])
    unit = unit_price(tariff, known)
    if isinstance(unit, Unpriced):
        return unit
    if tariff.minutes is not None and known.minutes is None and known.unit_due:
        return Unpriced(code="times_missing", article=tariff.article)
    slices = 1 if tariff.minutes is None else max(1, -(-(known.minutes or 0) // tariff.minutes))
    parts = _parts(tariff, unit, slices) if known.unit_due else ()
    return _cut(parts, [_on_top(tariff, adjustment, unit.euros, slices) for adjustment in adjustments])


def _cut(parts: tuple[Priced, ...], beside: Sequence[Priced]) -> tuple[Priced, ...]:
    """Reductions take, in their order, no more than there is to pay: a unit never comes below zero."""
    left = sum(line.amount_cents for line in (*parts, *beside) if line.amount_cents > 0)
    found = list(parts)
    for line in beside:
        kept = line if line.amount_cents + left >= 0 else _cut_to(line, left)
        if kept.amount_cents:
            found.append(kept)
        left += min(0, kept.amount_cents)
    return tuple(found)


def _cut_to(line: Priced, left: int) -> Priced:
    quantity = line.quantity if left % line.quantity == 0 else 1
    steps = (*line.steps, amount("floor", Decimal(0)))
    return replace(line, unit_price_cents=-left // quantity, quantity=quantity, steps=steps)


def _parts(tariff: Tariff, unit: UnitPrice, slices: int) -> tuple[Priced, ...]:
    """The unit as one line, or as what is for care and what is for the meal."""
    steps = unit.steps if not unit.meal else (*unit.steps, amount("meal_part", unit.meal))
    steps += () if tariff.minutes is None else (Step(kind="minutes", value=str(tariff.minutes)),)
    whole = Priced(
        nature=tariff.nature,
        label=tariff.label,
        unit_price_cents=cents(unit.euros - unit.meal),
        quantity=slices,
        article=unit.article,
        code=tariff.code,
        steps=steps,
        basis="unit",
    )
    if not unit.meal:
        return (whole,)
    meal = replace(
        whole,
        nature="meal",
        label=tariff.meal_label or tariff.label,
        unit_price_cents=cents(unit.meal),
        code=tariff.meal_code or tariff.code,
    )
    return (whole, meal) if whole.unit_price_cents else (meal,)


def _on_top(tariff: Tariff, adjustment: Adjustment, euros: Decimal | None, slices: int) -> Priced:
    """An adjustment as its line. A share is never hidden in the unit price.

    What is rounded is what is paid: what a surcharge adds, what a reduction leaves.
    """
    steps = [Step(kind="adjustment", value=adjustment.label)]
    if adjustment.share is None or euros is None:
        added = raw = adjustment.amount or Decimal(0)
        steps, quantity = [*steps, amount("price", added)], 1
    else:
        raw, quantity = euros * adjustment.share, slices
        less = euros if adjustment.share < 0 else Decimal(0)
        added = rounded(tariff.rounding, less + raw) - less
        steps += [amount("price", euros), Step(kind="share", value=plain(adjustment.share)), amount("raw", raw)]
    return Priced(
        nature=adjustment.nature,
        label=adjustment.label,
        unit_price_cents=cents(added),
        quantity=quantity,
        article=adjustment.article,
        code=adjustment.code,
        steps=(*steps, *([] if added == raw else [amount("rounded", added)])),
        basis="unit" if adjustment.when == "always" else adjustment.when,
    )
