"""What a family's pages and the town's say since the last month was closed: which months it moves, and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from types import UnionType
from typing import get_args

from ledger.child import SlotKey
from ledger.entry import Entry
from ledger.events import (
    Cause,
    ChildEnrolled,
    ChildJoinedHousehold,
    ChildLeftHousehold,
    ChildRegistered,
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    DayClosed,
    DayReopened,
    EnrolmentEnded,
    MealBroughtDecided,
    QuotientDecided,
    RulebookAdopted,
    TariffStatusDecided,
)
from ledger.identifiers import ChildId, Month, Slug
from projections.billing.absences import absences_of
from projections.billing.facts_of_day import Seen
from projections.billing.family import Family, Placed
from projections.billing.grounds import Ground, grounds
from projections.billing.month import Stories
from projections.billing.story import Story, month_of
from rulebook.tariffs import Tariff

_OF_ANY_DAY = (
    ChildRegistered
    | ChildJoinedHousehold
    | ChildLeftHousehold
    | CustodyAgreed
    | CustodyExcepted
    | CustodyEnded
    | ChildEnrolled
    | EnrolmentEnded
    | MealBroughtDecided
)
"""Facts of a child that may move what any day costs."""
_GOES = ChildRegistered | ChildJoinedHousehold | ChildLeftHousehold | CustodyAgreed | CustodyExcepted | CustodyEnded
"""Those that say whose day it is."""
_ENROLS = ChildEnrolled | EnrolmentEnded
"""Those that say where the child goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """The lines that came since a position."""

    stories: Stories
    since: int
    home: tuple[Entry, ...]
    town: tuple[Entry, ...]
    adopted: tuple[Entry, ...]
    """Every rulebook the town ever adopted."""
    months: frozenset[Month]
    """Closed months that a line is about."""
    from_month: Month | None
    """From this month on, any may have moved."""

    def may_move(self, month: Month) -> bool:
        """Whether a closed month may have to be worked out again."""
        return month in self.months or (self.from_month is not None and month >= self.from_month)

    def causes(
        self, child: ChildId, key: SlotKey, tariff: Tariff | None, before: Seen | None, now: Seen | None
    ) -> tuple[Cause, ...]:
        """The lines that explain why a day costs something else now: those of all that moved its price.

        Where nothing that pages say moved it, the rules did; failing that, all that may have is named.
        """
        story = self.stories.children.get(child)
        if story is None or tariff is None:
            return self._whatever()
        moved = grounds(before, now, tariff)
        return (
            _each(self._of(ground, story, key, tariff, now) for ground in moved)
            or self._of_rules(key.day)
            or _each(self._of(ground, story, key, tariff, now) for ground in get_args(Ground))
            or self._whatever()
        )

    def _of(self, ground: Ground, story: Story, key: SlotKey, tariff: Tariff, now: Seen | None) -> tuple[Cause, ...]:
        match ground:
            case "slot":
                return self._of_slot(story, key)
            case "closure":
                closed = (entry for entry in self.town if _closes(entry, story, key.activity, key.day, key.day))
                return _causes(closed) or self._of_child(story, key, _ENROLS)
            case "absences":
                return self._of_absences(story, key)
            case "payer":
                return self._of_child(story, key, _GOES)
            case "quotient":
                return _causes(entry for entry in self.home if now is not None and entry.version == now.quotient)
            case "status":
                return _causes(entry for entry in self.home if _says_status(entry, key.day))
            case "meal":
                return self._of_child(story, key, MealBroughtDecided)
            case "month":
                return self._of_month(story, key, tariff)
            case "siblings":
                return self._of_siblings(story, key)

    def _of_child(self, story: Story, key: SlotKey, kinds: type | UnionType) -> tuple[Cause, ...]:
        entries = (entry for entry in self._newer(story) if isinstance(entry.fact, kinds))
        return _causes(entry for entry in entries if _moves(entry, story, key))

    def _newer(self, story: Story) -> Iterator[Entry]:
        return _newer(story.page, self.since)

    def _of_slot(self, story: Story, key: SlotKey) -> tuple[Cause, ...]:
        told = story.slots.get(key)
        lines = story.newer(told.lines, self.since) if told is not None else []
        return tuple(Cause(stream=story.page[0].entry.stream, line=line) for line in lines)

    def _of_absences(self, story: Story, key: SlotKey) -> tuple[Cause, ...]:
        """Of a run of absences, the days that made it longer or shorter: those of it, and those closed among them."""
        absences = absences_of(story, key.activity)
        if key not in absences:
            return ()
        first, last = absences[0].day, absences[-1].day
        closed = (entry for entry in self.town if _closes(entry, story, key.activity, first, last))
        return _each([*(self._of_slot(story, absent) for absent in absences), _causes(closed)])

    def _of_month(self, story: Story, key: SlotKey, tariff: Tariff) -> tuple[Cause, ...]:
        """Of a price by the number of units in the month, the other days."""
        keys = [other for other in story.by_month.get(month_of(key.day), ()) if other != key]
        counted = [other for other in keys if other.unit in tariff.units.get(other.activity, ())]
        return _each(self._of_slot(story, other) for other in counted)

    def _of_rules(self, day: date) -> tuple[Cause, ...]:
        """The rulebook that governs a day, where it came since: one that another replaced moved nothing."""
        governing = max((entry for entry in self.adopted if _in_force(entry) <= day), key=_in_force_last, default=None)
        return _causes([governing]) if governing is not None and governing in self.town else ()

    def _of_siblings(self, story: Story, key: SlotKey) -> tuple[Cause, ...]:
        others = [other for other in self.stories.children.values() if other is not story]
        moved = (
            self._read(other, (entry.version for entry in self._newer(other) if isinstance(entry.fact, _OF_ANY_DAY)))
            for other in others
        )
        that_day = (
            self._read(other, (cause.line for cause in self._of_slot(other, each)))
            for other in others
            for each in other.by_month.get(month_of(key.day), ())
            if each.day == key.day
        )
        return _each(that_day) or _each(moved)

    def _whatever(self) -> tuple[Cause, ...]:
        """No line is about the day: all that came since, so that nothing is said to come from nowhere."""
        pages = (
            self._read(story, (entry.version for entry in self._newer(story)))
            for story in self.stories.children.values()
        )
        return _each((_causes(self.home), *pages)) or _causes(self.town)

    def _read(self, story: Story, lines: Iterable[int]) -> tuple[Cause, ...]:
        """Lines of a child's page as the household may read them: of what came after the child left it, its leaving."""
        stream, household = story.page[0].entry.stream, self.stories.household
        return _each([[Cause(stream=stream, line=story.read_as(line, household)) for line in lines]])


def changes_since(since: int, stories: Stories, family: Family, town: Sequence[Placed]) -> Changes:
    """What came since the last month was closed."""
    home, of_town = tuple(_newer(family.home, since)), tuple(_newer(town, since))
    months = {month_of(entry.fact.day) for entry in of_town if isinstance(entry.fact, DayClosed | DayReopened)}
    firsts = {
        month_of(entry.fact.first_day)
        for entry in home
        if isinstance(entry.fact, QuotientDecided | TariffStatusDecided)
    }
    if any(isinstance(entry.fact, RulebookAdopted) for entry in of_town):
        firsts.add(Month(""))
    # A day closed or reopened joins or cuts runs of absences, whichever months these are of.
    runs = {fact.activity for fact in (entry.fact for entry in of_town) if isinstance(fact, DayClosed | DayReopened)}
    for story in stories.children.values():
        for activity in runs:
            months.update(_months_of_absences(story, activity))
        newer = list(_newer(story.page, since))
        if not newer:
            continue
        if any(isinstance(entry.fact, _OF_ANY_DAY) for entry in newer):
            firsts.add(Month(""))
        for key, told in story.slots.items():
            if story.page[told.lines[-1] - 1].position > since:
                months.add(month_of(key.day))
                if told.declared_at is not None:
                    months.update(_months_of_absences(story, key.activity))
    return Changes(
        stories=stories,
        since=since,
        home=home,
        town=of_town,
        adopted=tuple(entry for entry, _ in town if isinstance(entry.fact, RulebookAdopted)),
        months=frozenset(months),
        from_month=min(firsts, default=None),
    )


def _in_force(entry: Entry) -> date:
    assert isinstance(entry.fact, RulebookAdopted)
    return entry.fact.in_force_from


def _in_force_last(entry: Entry) -> tuple[date, int]:
    """Of two of one day, the last adopted governs."""
    return _in_force(entry), entry.version


def _months_of_absences(story: Story, activity: Slug | None) -> set[Month]:
    return {month_of(absent.day) for absent in absences_of(story, activity)}


def _newer(page: Sequence[Placed], since: int) -> Iterator[Entry]:
    return (entry for entry, position in page if position > since)


def _causes(entries: Iterator[Entry] | Sequence[Entry]) -> tuple[Cause, ...]:
    return tuple(Cause(stream=entry.stream, line=entry.version) for entry in entries)


def _each(found: Iterable[Iterable[Cause]]) -> tuple[Cause, ...]:
    """All of them, each once, page by page in the order of their lines."""
    causes = {(cause.stream, cause.line): cause for causes in found for cause in causes}
    return tuple(causes[key] for key in sorted(causes))


def _closes(entry: Entry, story: Story, activity: Slug, first: date, last: date) -> bool:
    """Whether a line closes or reopens one of these days, where the child goes to the activity."""
    fact = entry.fact
    if not isinstance(fact, DayClosed | DayReopened) or not first <= fact.day <= last:
        return False
    enrolment = story.child.enrolment_on(activity, fact.day)
    site = enrolment.site if enrolment is not None else None
    return fact.activity in (None, activity) and fact.site in (None, site)


def _says_status(entry: Entry, day: date) -> bool:
    return isinstance(entry.fact, TariffStatusDecided) and entry.fact.first_day <= day


def _moves(entry: Entry, story: Story, key: SlotKey) -> bool:
    """Whether a line of the child's page, about none of its days, is about that one all the same."""
    match entry.fact:
        case MealBroughtDecided(activity=activity, first_day=first_day):
            return activity == key.activity and first_day <= key.day
        case ChildEnrolled(activity=activity, first_day=first_day, last_day=last_day):
            return activity == key.activity and first_day <= key.day <= last_day
        case CustodyAgreed(first_day=first_day) | CustodyEnded(first_day=first_day):
            return first_day <= key.day
        case CustodyExcepted(first_day=first_day, last_day=last_day):
            return first_day <= key.day <= last_day
        case EnrolmentEnded(enrolment=enrolment):
            return story.child.enrolments[enrolment].activity == key.activity
        case ChildJoinedHousehold() | ChildLeftHousehold():
            return True
        case _:
            return False
