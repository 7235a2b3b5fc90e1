"""The town's page folded: the rulebooks it adopted, the days it closed, the places it set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ledger.entry import Entry
from ledger.events import CapacityChanged, DayClosed, DayReopened, RulebookAdopted
from ledger.holdings import PlaceKey
from ledger.identifiers import Slug

Closure = tuple[date, Slug | None, Slug | None]
"""A day, an activity or every one, a site or every one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """A town as its page tells it."""

    rulebooks: tuple[RulebookAdopted, ...] = ()
    """In the order they were adopted."""
    closures: Mapping[Closure, Slug] = field(default_factory=dict)
    """What is closed, and why."""
    capacities: Mapping[PlaceKey, int | None] = field(default_factory=dict)
    """The places the town set itself, whatever the rulebook says."""


def evolve(town: Town | None, entries: Iterable[Entry]) -> Town:
    """The town after these entries of its page."""
    town = town or Town()
    rulebooks, closures, capacities = list(town.rulebooks), dict(town.closures), dict(town.capacities)
    for entry in entries:
        match entry.fact:
            case RulebookAdopted() as adopted:
                rulebooks.append(adopted)
            case DayClosed(day=day, activity=activity, site=site, reason=reason):
                closures[day, activity, site] = reason
            case DayReopened(day=day, activity=activity, site=site):
                del closures[day, activity, site]
            case CapacityChanged() as changed:
                key = PlaceKey(changed.activity, changed.unit, changed.day, changed.pool)
                capacities[key] = changed.places
    return Town(rulebooks=tuple(rulebooks), closures=closures, capacities=capacities)
