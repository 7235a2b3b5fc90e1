"""What each day of a household's children is due, to whom and for how much."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, cast, get_args

from ledger.child import SlotKey
from ledger.events import Basis, QuotientUsed, TariffStatusDecided
from ledger.identifiers import ChildId, HouseholdId, Month, Slug, Version
from projections.billing.facts_of_day import Facts, Seen, brings_meal, day_facts, facts_of, minutes_of
from projections.billing.family import Family, MissingDay
from projections.billing.home import Held, Home, home_of
from projections.billing.offer import Governed, Offer
from projections.billing.payers import asker_of, payer_of
from projections.billing.story import Story, story_of
from rulebook.dues import Due, Missing, due
from rulebook.rulebook import Rulebook
from rulebook.tariffs import Priced, Situation, Tariff, Unpriced, price
from rulebook.town import Rules

_UNPRICED: Final[Mapping[str, Missing]] = {f"{why}_missing": why for why in get_args(Missing)}


class Charge(NamedTuple):
    """A part of what a day costs, and what it rests on."""

    child: ChildId
    key: SlotKey
    part: Priced
    basis: Basis
    rulebook: Version
    quotient: QuotientUsed | None
    lines: tuple[int, ...]


class Worked(NamedTuple):
    """A month of a household worked out."""

    charges: list[Charge]
    missing: list[MissingDay]
    unknown: frozenset[tuple[ChildId, SlotKey]]
    """Days of which nothing can be said yet: what was billed of them stands."""


class _Dated(NamedTuple):
    """A slot, and what is due of it before its price is known."""

    story: Story
    key: SlotKey
    governed: Governed
    tariff: Tariff
    due: Due
    lines: tuple[int, ...]
    brought: bool
    minutes: int | None
    """How long the child stayed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stories:
    """A family told: its household's page, and its children's."""

    household: HouseholdId
    home: Home
    children: Mapping[ChildId, Story]
    """In the order of their identifiers."""
    siblings: tuple[Story, ...]
    """In the order they came to the household."""


def stories_of(family: Family, rules: Rules) -> Stories:
    """The pages of a family, each read once."""
    children = {child: story_of(page, rules) for child, page in sorted(family.children.items()) if page}
    joined = [(story.joined_at(family.household), child) for child, story in children.items()]
    order = sorted((position, child) for position, child in joined if position is not None)
    return Stories(
        household=family.household,
        home=home_of(family.home),
        children=children,
        siblings=tuple(children[child] for _, child in order),
    )


def worked_out(stories: Stories, offer: Offer, month: Month, *, closed_at: int | None = None) -> Worked:
    """What a month costs a household. Of a month closed at a position, quotients said since change nothing."""
    return Working(stories, offer, month, closed_at).worked_out()


class Working:
    """One month of one household."""

    def __init__(self, stories: Stories, offer: Offer, month: Month, closed_at: int | None) -> None:
        self.stories, self.offer, self.month = stories, offer, month
        self.later = stories.home
        self.home = stories.home if closed_at is None else stories.home.until(closed_at)
        self.dated: list[_Dated] = []
        self.charges: list[Charge] = []
        self.missing: list[MissingDay] = []
        self.unknown: set[tuple[ChildId, SlotKey]] = set()
        self.units: dict[tuple[ChildId, Slug], int] = {}
        """Units of a tariff in the month, by child."""
        self.billed: set[tuple[ChildId, Slug, date]] = set()
        self._answers: dict[tuple[int, Facts], Due] = {}
        self._prices: dict[object, tuple[Priced, ...] | Unpriced] = {}
        self._quotients: dict[int, Held] = {}
        self._held: dict[tuple[Version, date, bool], Held | None] = {}
        self._statuses: dict[date, TariffStatusDecided | None] = {}

    def worked_out(self) -> Worked:
        """What it costs, worked out once."""
        for child, story in self.stories.children.items():
            for key in story.by_month.get(self.month, ()):
                self._dues(child, story, key)
        self._contradictions()
        for dated in self.dated:
            self._charge(dated)
        return Worked(self.charges, sorted(self.missing), frozenset(self.unknown))

    def seen(self, child: ChildId, key: SlotKey) -> Seen | None:
        """What a day of the month rests on, once it is worked out; None when nothing was said of it."""
        story, governed = self.stories.children.get(child), self.offer.governing(key)
        if story is None or key not in story.slots or governed is None or governed.tariff is None:
            return None
        asker, dated = (
            asker_of(story, key),
            next((each for each in self.dated if each.story is story and each.key == key), None),
        )
        held = self._quotient(governed.rulebook, key.day, self.home, later=False)
        held = held or self._quotient(governed.rulebook, key.day, self.later, later=True)
        return Seen(
            asker=asker,
            payer=payer_of(self.offer.rules, story, asker, governed.tariff, key.day),
            facts=facts_of(self.offer, story, key, governed),
            situation=self._situation(dated, held) if dated is not None else None,
            quotient=held.used.line if held is not None else None,
        )

    # What is due

    def _dues(self, child: ChildId, story: Story, key: SlotKey) -> None:
        governed = self.offer.governing(key)
        if governed is not None and governed.tariff is None:
            return
        asker = asker_of(story, key)
        if governed is None:
            if (asker or story.household_on(key.day)) == self.stories.household:
                self._miss(child, key, "tariff", "")
                self.unknown.add((child, key))
            return
        tariff = cast("Tariff", governed.tariff)
        if payer_of(self.offer.rules, story, asker, tariff, key.day) != self.stories.household:
            return
        answer = self._due(tariff, facts_of(self.offer, story, key, governed))
        if answer.missing is not None:
            # Until an absence is decided it spares nothing and is not punished, even where that costs nothing.
            stands = answer.basis is not None or answer.missing == "absence"
            self._miss(child, key, answer.missing, governed.activity.article, billed=stands)
            if not stands:
                self.unknown.add((child, key))
                return
        if answer.odd:
            self._miss(child, key, "contradiction", governed.activity.article, billed=True)
        if answer.basis is None and not answer.on_top:
            return
        brought = brings_meal(story, key)
        minutes = minutes_of(story, key, governed.unit) if tariff.minutes is not None else None
        self.dated.append(_Dated(story, key, governed, tariff, answer, tuple(story.slots[key].lines), brought, minutes))
        if answer.basis not in (None, "late_cancellation"):
            self._count(child, tariff, key.day, minutes)

    def _due(self, tariff: Tariff, facts: Facts) -> Due:
        """What is due of a day, worked out once for all the days of which the same is known."""
        known = self._answers.get((id(tariff), facts))
        if known is None:
            known = self._answers[id(tariff), facts] = due(tariff, day_facts(facts))
        return known

    def _count(self, child: ChildId, tariff: Tariff, day: date, minutes: int | None) -> None:
        self.billed.add((child, tariff.slug, day))
        units = -(-minutes // tariff.minutes) if minutes and tariff.minutes else 1
        self.units[child, tariff.slug] = self.units.get((child, tariff.slug), 0) + units

    def _contradictions(self) -> None:
        """Two units of a day that exclude each other are both due: somebody should look at the one that comes last."""
        day: list[_Dated] = []
        for dated in self.dated:
            excludes = dated.governed.unit.excludes
            if not excludes or dated.due.basis is None or dated.due.odd:
                continue
            story, key = dated.story, dated.key
            if day and (day[0].story is not story or day[0].key._replace(unit=key.unit) != key):
                day.clear()
            if any(other.key.unit in excludes for other in day):
                self._miss(story.child.child, key, "contradiction", dated.governed.activity.article, billed=True)
            day.append(dated)

    # What it costs

    def _charge(self, dated: _Dated) -> None:
        child, key, rulebook = dated.story.child.child, dated.key, dated.governed.rulebook
        held = self._quotient(rulebook, key.day, self.home, later=False)
        parts = self._price(dated, held)
        if isinstance(parts, Unpriced) and parts.code == "quotient_missing" and self.home is not self.later:
            # Nothing could be billed when the month was closed: the quotient that came since prices what had no price.
            held = self._quotient(rulebook, key.day, self.later, later=True)
            parts = self._price(dated, held)
        if isinstance(parts, Unpriced):
            self._miss(child, key, _UNPRICED.get(parts.code, "tariff"), parts.article)
            self.unknown.add((child, key))
            return
        for part in parts:
            used = held.used if held is not None and any(step.kind == "quotient" for step in part.steps) else None
            basis = dated.due.basis if part.basis == "unit" else part.basis
            assert basis is not None, "a unit that is not due has no price"
            self.charges.append(Charge(child, key, part, basis, rulebook.version, used, dated.lines))

    def _price(self, dated: _Dated, held: Held | None) -> tuple[Priced, ...] | Unpriced:
        """A price, worked out once for all the days it is the same."""
        tariff, child, day = dated.tariff, dated.story.child.child, dated.key.day
        found = (
            id(tariff),
            id(held.decided if held is not None else None),
            id(self._status(day)),
            *self._rank(dated.story, tariff, day, by_rank=dated.governed.by_rank),
            self.units.get((child, tariff.slug), 1),
            dated.minutes,
            dated.due.basis not in (None, "late_cancellation"),
            dated.due.on_top,
            dated.brought,
        )
        known = self._prices.get(found)
        if known is None:
            known = self._prices[found] = price(tariff, self._situation(dated, held))
        return known

    def _situation(self, dated: _Dated, held: Held | None) -> Situation:
        tariff, child, status = dated.tariff, dated.story.child.child, self._status(dated.key.day)
        rank, children = self._rank(dated.story, tariff, dated.key.day, by_rank=dated.governed.by_rank)
        return Situation(
            quotient=held.decided if held is not None else None,
            residence=status.residence if status else None,
            regime=status.regime if status else None,
            rank=rank,
            children=children,
            units_in_month=self.units.get((child, tariff.slug), 1),
            meal_brought=dated.brought,
            minutes=dated.minutes,
            unit_due=dated.due.basis not in (None, "late_cancellation"),
            on_top=dated.due.on_top,
        )

    def _quotient(self, rulebook: Rulebook, day: date, home: Home, *, later: bool) -> Held | None:
        key = (rulebook.version, day, later)
        if key not in self._held:
            found = home.quotient_on(rulebook.quotient, day)
            # The same object for the same quotient: days are put together by which it is.
            self._held[key] = found if found is None else self._quotients.setdefault(found.used.line, found)
        return self._held[key]

    def _status(self, day: date) -> TariffStatusDecided | None:
        if day not in self._statuses:
            self._statuses[day] = self.stories.home.status_on(day)
        return self._statuses[day]

    def _rank(self, story: Story, tariff: Tariff, day: date, *, by_rank: bool) -> tuple[int, int]:
        """Which child of the household it is that day, and of how many."""
        siblings = self.stories.siblings
        if len(siblings) < 2 or not by_rank:
            return 1, 1
        rank, children, before = 1, 0, True
        for sibling in siblings:
            if sibling is story:
                before, children = False, children + 1
            elif self._counts(sibling, tariff, day):
                children, rank = children + 1, rank + before
        return rank, children

    def _counts(self, sibling: Story, tariff: Tariff, day: date) -> bool:
        if tariff.rank_among == "billed":
            return (sibling.child.child, tariff.slug, day) in self.billed
        if not sibling.is_of(self.stories.household, day):
            return False
        return any(
            enrolment.activity in tariff.units and enrolment.first_day <= day <= enrolment.last_day
            for enrolment in sibling.child.enrolments.values()
        )

    def _miss(self, child: ChildId, key: SlotKey, why: Missing, article: str, *, billed: bool = False) -> None:
        missing = MissingDay(
            child=child, activity=key.activity, unit=key.unit, day=key.day, why=why, article=article, billed=billed
        )
        self.missing.append(missing)
