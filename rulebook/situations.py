"""What a price depends on that day, and which grids and adjustments of a tariff that puts it under."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ledger.events import QuotientDecided, Regime, Residence, Step
from rulebook.grids import Adjustment, Conditions, Grid, Tariff, When


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """No price can be told, and why: `quotient_missing`, `residence_missing`, `regime_missing`, `times_missing`."""

    code: str
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a price may depend on, that day."""

    quotient: QuotientDecided | None
    residence: Residence | None = None
    regime: Regime | None = None
    rank: int = 1
    children: int = 1
    units_in_month: int = 1
    meal_brought: bool = False
    minutes: int | None = None
    """How long the child stayed, where the tariff counts minutes."""
    unit_due: bool = True
    """False where only what comes on top is: a cancellation that came too late."""
    on_top: frozenset[When] = field(default_factory=frozenset)
    """What happened that an adjustment may be for: late, late_cancellation, unreserved, absent."""


Lacking = Literal["residence_missing", "regime_missing"]


def _applies(conditions: Conditions, situation: Situation) -> bool | Lacking:
    """Whether conditions hold; what nobody knows only matters where all the rest holds."""
    holds = (
        conditions.rank_from is None or situation.rank >= conditions.rank_from,
        conditions.rank_to is None or situation.rank <= conditions.rank_to,
        conditions.children_from is None or situation.children >= conditions.children_from,
        conditions.units_from is None or situation.units_in_month >= conditions.units_from,
        conditions.meal_brought in (None, situation.meal_brought),
        conditions.residence is None or situation.residence in (None, conditions.residence),
        not conditions.regimes or situation.regime is None or situation.regime in conditions.regimes,
    )
    if not all(holds):
        return False
    if conditions.residence is not None and situation.residence is None:
        return "residence_missing"
    if conditions.regimes and situation.regime is None:
        return "regime_missing"
    return True


def grid_of(tariff: Tariff, situation: Situation) -> Grid | Unpriced:
    """The last grid whose conditions hold."""
    for grid in reversed(tariff.grids[1:]):
        applies = _applies(grid.conditions, situation)
        if applies is True:
            return grid
        if applies:
            return Unpriced(code=applies, article=grid.article)
    return tariff.grids[0]


def adjustments_of(tariff: Tariff, situation: Situation) -> list[Adjustment] | Unpriced:
    """Those of what happened that day, and those that always go with the unit, where their conditions hold."""
    happened = situation.on_top | (frozenset({"always"}) if situation.unit_due else frozenset())
    found: list[Adjustment] = []
    for adjustment in tariff.adjustments:
        applies = adjustment.when in happened and _applies(adjustment.conditions, situation)
        if applies is True:
            found.append(adjustment)
        elif applies:
            return Unpriced(code=applies, article=adjustment.article)
    return found


def reasons(conditions: Conditions, situation: Situation) -> Iterable[Step]:
    """What about the household and the child put them under these conditions."""
    if conditions.rank_from is not None or conditions.rank_to is not None:
        yield Step(kind="rank", value=str(situation.rank))
    if conditions.children_from is not None:
        yield Step(kind="children", value=str(situation.children))
    if conditions.residence is not None:
        yield Step(kind="residence", value=conditions.residence)
    if conditions.regimes:
        yield Step(kind="regime", value=situation.regime or "")
    if conditions.units_from is not None:
        yield Step(kind="units_in_month", value=str(situation.units_in_month))
    if conditions.meal_brought is not None:
        yield Step(kind="meal_brought", value="true" if situation.meal_brought else "false")
