"""The town changes the places of some days. Lowering them below what is reserved cancels nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused
from ledger.events import CapacityChanged
from ledger.identifiers import Commune, Slug, Stream
from ledger.store import Write
from rulebook.openings import offered
from rulebook.places import pools
from rulebook.rulebook import Activity


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeCapacity:
    """So many places from now on, on each of these days. `places` None lifts the limit."""

    activity: Slug
    unit: Slug
    days: Sequence[date]
    places: int | None
    pool: str = ""

    def pages(self, commune: Commune) -> Sequence[Stream]:  # noqa: ARG002 - the town's page is always known
        """None but the town's."""
        return []

    def decide(self, known: Known) -> Outcome:
        """Changed on every day, or on none when one of them has no such places."""
        days = sorted(set(self.days))
        refusals = tuple(
            Refusal(code=code, day=day, unit=self.unit) for day in days if (code := self._code(known, day)) is not None
        )
        if refusals:
            return Refused(refusals=refusals)
        facts = [
            CapacityChanged(activity=self.activity, unit=self.unit, day=day, places=self.places, pool=self.pool)
            for day in days
        ]
        return Accepted(writes=[Write(page=known.town(), facts=facts)])

    def _code(self, known: Known, day: date) -> str | None:
        rulebook = known.rules.on(day)
        activity = rulebook.activities.get(self.activity) if rulebook else None
        if rulebook is None or activity is None:
            return "unknown_activity"
        if not offered(rulebook, activity, day):
            return "not_a_day_of_this_activity"
        if (self.unit, self.pool) not in _counted(activity):
            return "unknown_place"
        return None


def _counted(activity: Activity) -> frozenset[tuple[Slug, str]]:
    """Every place the activity counts: a unit, and who shares it."""
    return frozenset(
        (place.unit, place.pool)
        for unit in activity.units.values()
        for site in activity.sites or (None,)
        for group in activity.groups or (None,)
        for place in pools(activity, unit, site=site, group=group)
    )
