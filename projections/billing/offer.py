"""What the rules of a town say of a day, remembered: a month asks the same of them a hundred thousand times."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from ledger.child import SlotKey
from ledger.events import DayClosed, DayReopened
from ledger.identifiers import Slug
from ledger.town import evolve
from projections.billing.family import Placed
from rulebook.openings import offered
from rulebook.rulebook import Activity, Rulebook, Unit
from rulebook.tariffs import Tariff
from rulebook.town import Rules


class Governed(NamedTuple):
    """What governs a slot."""

    rulebook: Rulebook
    activity: Activity
    unit: Unit
    tariff: Tariff | None
    """None when the unit is free."""
    by_rank: bool = False
    """Whether brothers and sisters change its price."""


@dataclass(frozen=True, slots=True)
class _Same:
    """Rules that are one another only when they are the same object: comparing texts of rulebooks takes longer."""

    rules: Rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.rules is self.rules


@dataclass(kw_only=True, slots=True)
class Offer:
    """The rules, and what they answered."""

    rules: Rules
    _governed: dict[SlotKey, Governed | None] = field(default_factory=dict)
    _closed: dict[tuple[Slug, date, Slug | None], bool] = field(default_factory=dict)
    _before: dict[int, "Offer"] = field(default_factory=dict)
    _units: dict[tuple[Slug, date, Slug | None, Slug | None], frozenset[Slug]] = field(default_factory=dict)

    def before(self, position: int, town: Sequence[Placed]) -> "Offer":
        """The same rulebooks, with the days that were closed at a position of the town."""
        found = self._before.get(position)
        if found is None:
            later = (placed.entry.fact for placed in town if placed.position > position)
            found = self
            if any(isinstance(fact, DayClosed | DayReopened) for fact in later):
                closures = evolve(None, [placed.entry for placed in town if placed.position <= position]).closures
                found = Offer(rules=replace(self.rules, closures=closures))
            self._before[position] = found
        return found

    def governing(self, key: SlotKey) -> Governed | None:
        """The rulebook of a slot, even one it has dropped since; None when no rulebook knows the unit."""
        try:
            return self._governed[key]
        except KeyError:
            found = self._governed[key] = self._look_up(key)
            return found

    def _look_up(self, key: SlotKey) -> Governed | None:
        rulebook = self.rules.rulebook_of(key)
        if rulebook is None:
            return None
        activity = rulebook.activities[key.activity]
        tariff = rulebook.tariff(key.activity, key.unit)
        return Governed(rulebook, activity, activity.units[key.unit], tariff, tariff is not None and _by_rank(tariff))

    def is_closed(self, activity: Slug, day: date, site: Slug | None) -> bool:
        """Whether the town closed the day, there."""
        key = (activity, day, site)
        if key not in self._closed:
            self._closed[key] = self.rules.closure(activity, day, site=site) is not None
        return self._closed[key]

    def units_on(self, activity: Slug, day: date, site: Slug | None, group: Slug | None) -> frozenset[Slug]:
        """The units that are offered on a day, closed days aside."""
        key = (activity, day, site, group)
        if key not in self._units:
            rulebook = self.rules.on(day)
            described = rulebook.activities.get(activity) if rulebook else None
            open_units = (
                offered(rulebook, described, day, site=site, group=group)
                if rulebook and described and not self.is_closed(activity, day, site)
                else ()
            )
            self._units[key] = frozenset(unit.slug for unit in open_units)
        return self._units[key]


def _by_rank(tariff: Tariff) -> bool:
    conditions = (*(grid.conditions for grid in tariff.grids), *(each.conditions for each in tariff.adjustments))
    return any((each.rank_from, each.rank_to, each.children_from) != (None, None, None) for each in conditions)


@lru_cache(maxsize=8)
def _offer(same: _Same) -> Offer:
    return Offer(rules=same.rules)


def offer_of(rules: Rules) -> Offer:
    """What these rules say, remembered as long as they are the ones in use."""
    return _offer(_Same(rules))
