"""What governs a town on a day: the rulebook then in force, the days it closed, the places it set."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from ledger.child import SlotKey
from ledger.days import local_day
from ledger.holdings import PlaceKey
from ledger.identifiers import Slug
from ledger.town import Closure, Town
from rulebook.openings import closure_on, days_between
from rulebook.places import capacity
from rulebook.reader import read_rulebook
from rulebook.retention import DEFAULTS, Retention
from rulebook.rulebook import Activity, Place, Rulebook

_read = lru_cache(maxsize=256)(read_rulebook)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """Every rulebook a town adopted, in that order, and what it decided since."""

    rulebooks: tuple[Rulebook, ...] = ()
    closures: Mapping[Closure, Slug] = field(default_factory=dict)

    def on(self, day: date) -> Rulebook | None:
        """The rulebook in force that day: the latest to come into force, and of two from one day the last adopted."""
        in_force = [rulebook for rulebook in self.rulebooks if rulebook.in_force_from <= day]
        latest = max((rulebook.in_force_from for rulebook in in_force), default=None)
        return next((rulebook for rulebook in reversed(in_force) if rulebook.in_force_from == latest), None)

    def activity(self, slug: Slug, day: date) -> Activity | None:
        """An activity as the rulebook in force that day describes it."""
        rulebook = self.on(day)
        return None if rulebook is None else rulebook.activities.get(slug)

    def rulebook_of(self, key: SlotKey) -> Rulebook | None:
        """The rulebook in force that day or, for a unit it has dropped, the last one to know it.

        What was booked under a rulebook can still be given up under the next.
        """
        return next(
            (
                rulebook
                for rulebook in (self.on(key.day), *reversed(self.rulebooks))
                if rulebook is not None
                and key.activity in rulebook.activities
                and key.unit in rulebook.activities[key.activity].units
            ),
            None,
        )

    def governing(self, key: SlotKey) -> Activity | None:
        """The activity of a slot, as the rulebook that governs it describes it."""
        rulebook = self.rulebook_of(key)
        return None if rulebook is None else rulebook.activities[key.activity]

    def closure(self, activity: Slug, day: date, *, site: Slug | None) -> Slug | None:
        """Why the activity is closed that day, if it is: the town's decision first, then its rulebook."""
        for named in ((activity, site), (activity, None), (None, site), (None, None)):
            reason = self.closures.get((day, *named))
            if reason is not None:
                return reason
        described = self.activity(activity, day)
        announced = None if described is None else closure_on(described, day)
        return None if announced is None else announced.reason

    def announced_closures(self, first: date, last: date) -> Iterator[tuple[date, Slug, Slug]]:
        """The days the rulebooks themselves announce closed, with the activity and the reason."""
        for day in days_between(first, last):
            rulebook = self.on(day)
            for activity in rulebook.activities.values() if rulebook else ():
                announced = closure_on(activity, day)
                if announced is not None:
                    yield day, activity.slug, announced.reason

    def places(self, key: PlaceKey) -> int | None:
        """The places the rulebook gives; None is no limit."""
        rulebook = self.on(key.day)
        activity = None if rulebook is None else rulebook.activities.get(key.activity)
        if rulebook is None or activity is None:
            return 0
        return capacity(rulebook, activity, Place(key.unit, key.pool), key.day)


def retention_of(rules: Rules, now: datetime) -> Retention:
    """How long things are kept: as the rulebook in force on the town's day says; as usual before the first one."""
    latest = rules.rulebooks[-1] if rules.rulebooks else None
    rulebook = None if latest is None else rules.on(local_day(now, latest.timezone))
    return DEFAULTS if rulebook is None else rulebook.retention


def rules_of(contents: Iterable[str], *, closures: Mapping[Closure, Slug] | None = None) -> Rules:
    """The rules in these texts, in the order they were adopted. Each text is read once in the life of the process."""
    return Rules(rulebooks=tuple(_read(content) for content in contents), closures=closures or {})


def rules_of_town(town: Town | None) -> Rules:
    """The rules on a town's page; none before the first rulebook."""
    town = town or Town()
    contents = (adopted.content for adopted in town.rulebooks)
    return rules_of(contents, closures=town.closures)
