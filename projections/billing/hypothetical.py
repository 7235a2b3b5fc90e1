"""What days would cost if they were reserved and the child came: worked out as the bill of their month is."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import NamedTuple

from ledger.child import Attendance, Slot, SlotKey, copied
from ledger.days import days_between
from ledger.events import BilledDay, BilledLine, QuotientDecided, TariffStatusDecided
from ledger.identifiers import UNNUMBERED, ChildId, Month, Slug
from projections.billing.family import Family, MissingDay
from projections.billing.home import Home, Said
from projections.billing.lines import Heading, heading_of, lines_of
from projections.billing.month import Charge, Stories, payer_of, stories_of, worked_out
from projections.billing.offer import Offer, offer_of
from projections.billing.regularising import Billed, billed_of
from projections.billing.story import Story, Told, month_of
from rulebook.town import Rules


class Wished(NamedTuple):
    """A day somebody thinks of reserving."""

    child: ChildId
    key: SlotKey
    late: bool = False
    """Asked for too late, for a surcharge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """What the days would add to the bills of their months."""

    lines: tuple[BilledLine, ...]
    """Below zero too: another day may make the others cheaper."""
    missing: tuple[MissingDay, ...]
    """Those of the days that have no price, and why."""
    elsewhere: tuple[Wished, ...]
    """Those another household would pay."""

    @property
    def total_cents(self) -> int:
        """All lines together."""
        return sum(line.amount_cents for line in self.lines)


def quote(
    family: Family,
    rules: Rules,
    wished: Sequence[Wished],
    *,
    quotient: QuotientDecided | None = None,
    status: TariffStatusDecided | None = None,
) -> Quote:
    """What days would cost a household, beside those it has, under its quotient and status or others.

    Every day that is reserved and of which nobody has said who came is taken for one the child will come.
    """
    offer = offer_of(rules)
    known = stories_of(family, rules)
    known = replace(known, home=_supposed(known.home, quotient, status))
    months = sorted({month_of(each.key.day) for each in wished})
    before, after = _with(known, offer, months, ()), _with(known, offer, months, wished)
    dated: list[tuple[Heading, BilledDay]] = []
    missing: list[MissingDay] = []
    asked = {(each.child, each.key) for each in wished}
    for month in months:
        was, now = worked_out(before, offer, month), worked_out(after, offer, month)
        dated.extend(_added(was.charges, now.charges))
        missing.extend(each for each in now.missing if (each.child, _slot(each)) in asked)
    return Quote(
        lines=tuple(lines_of(dated)),
        missing=tuple(sorted(missing)),
        elsewhere=tuple(each for each in wished if _is_of_others(known, offer, each)),
    )


def days_offered(
    rules: Rules,
    key: tuple[Slug, Slug],
    first: date,
    last: date,
    *,
    weekdays: Collection[int],
    site: Slug | None = None,
    group: Slug | None = None,
) -> list[SlotKey]:
    """The days on which an activity's unit may be ticked, on some weekdays, both ends included: a typical month."""
    activity, unit = key
    return [
        SlotKey(activity, unit, day)
        for day in days_between(first, last)
        if day.weekday() in weekdays and unit in offer_of(rules).units_on(activity, day, site, group)
    ]


def _supposed(home: Home, quotient: QuotientDecided | None, status: TariffStatusDecided | None) -> Home:
    return Home(
        quotients=home.quotients if quotient is None else (Said(quotient, 0, 0),),
        statuses=home.statuses if status is None else (status,),
    )


def _with(stories: Stories, offer: Offer, months: Sequence[Month], wished: Sequence[Wished]) -> Stories:
    """The family if these days were reserved, and if the children came whenever they are to come."""
    told = {
        child: _story(stories, offer, story, months, [each for each in wished if each.child == child])
        for child, story in stories.children.items()
    }
    siblings = tuple(told[story.child.child] for story in stories.siblings)
    return replace(stories, children=told, siblings=siblings)


def _story(stories: Stories, offer: Offer, story: Story, months: Sequence[Month], wished: Sequence[Wished]) -> Story:
    child, slots = copied(story.child), dict(story.slots)
    for each in wished:
        slot = child.slots.get(each.key)
        if slot is None or slot.state == "awaiting_add":
            child.slots[each.key] = Slot("reserved", UNNUMBERED, stories.household, False, ())
            slots[each.key] = Told(household=stories.household, late=each.late)
    by_month = {
        month: sorted(_of_month(slots, month), key=lambda key: (key.day, key.activity, key.unit)) for month in months
    }
    for keys in by_month.values():
        for key in keys:
            slot = child.slots.get(key)
            if (
                slot is not None
                and slot.state != "awaiting_add"
                and slot.absence is None
                and key not in child.attendance
            ):
                child.attendance[key] = _came(offer, key)
    return replace(story, child=child, slots=slots, by_month=by_month)


def _of_month(slots: Mapping[SlotKey, Told], month: Month) -> Iterable[SlotKey]:
    return (key for key in slots if month_of(key.day) == month)


def _came(offer: Offer, key: SlotKey) -> Attendance:
    """The child comes for as long as the unit lasts."""
    governed = offer.governing(key)
    unit = governed.unit if governed is not None else None
    if unit is None or unit.starts_at is None or unit.ends_at is None:
        return Attendance("present", None, None)
    arrived, left = (datetime.combine(key.day, at, UTC) for at in (unit.starts_at, unit.ends_at))
    return Attendance("present", arrived, left)


def _added(was: Sequence[Charge], now: Sequence[Charge]) -> Iterator[tuple[Heading, BilledDay]]:
    """What is charged more, and what is charged no more; of a price that stays, nothing."""
    charges = {billed_of(charge): charge for charge in (*was, *now)}
    more = Counter[Billed]()
    for charge in now:
        more[billed_of(charge)] += charge.part.quantity
    for charge in was:
        more[billed_of(charge)] -= charge.part.quantity
    for billed in sorted(charges):
        charge, quantity = charges[billed], more[billed]
        if quantity:
            day = BilledDay(day=charge.key.day, basis=charge.basis, quantity=quantity, lines=charge.lines)
            yield heading_of(charge)._replace(taken_back=quantity < 0), day


def _slot(missing: MissingDay) -> SlotKey:
    return SlotKey(missing.activity, missing.unit, missing.day)


def _is_of_others(stories: Stories, offer: Offer, wished: Wished) -> bool:
    governed, story = offer.governing(wished.key), stories.children[wished.child]
    if governed is None or governed.tariff is None:
        return False
    household = stories.household
    return payer_of(offer.rules, story, household, governed.tariff, wished.key.day) != household
