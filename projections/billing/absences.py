"""Whether an accepted absence spares a day: waiting days, runs that are too short, notice that came too late."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from ledger.child import SlotKey
from ledger.identifiers import Slug
from projections.billing.offer import Governed, Offer
from projections.billing.story import Story
from rulebook.absences import window
from rulebook.counting import MOST_STEPS
from rulebook.dues import Accepted
from rulebook.rulebook import AbsenceRule


def accepted(offer: Offer, story: Story, key: SlotKey, governed: Governed) -> Accepted:
    """What becomes of a day whose absence was accepted. Later reasons are only looked for when the first do not hold.

    A run is made of days that follow one another among those on which what the child was absent from is offered; a day
    it is offered on and that the child was not absent ends the run, whether it was reserved or not.
    """
    rule = governed.activity.absence
    if rule is None:
        return "at_once"
    if _too_late(story, key, governed):
        return "too_late"
    if rule.minimum_run_days <= 1 and not rule.waiting_days and not rule.waiting_hours:
        return "at_once"
    run = _run(offer, story, key)
    if len(run) < rule.minimum_run_days:
        return "too_short"
    return "waiting_days" if _waits(offer, story, key, rule, run) else "at_once"


def absences_of(story: Story, activity: Slug | None) -> list[SlotKey]:
    """The slots of an activity, or of all, whose absence was accepted, by day."""
    found = [
        key
        for key, slot in story.child.slots.items()
        if slot.absence == "justified" and activity in (None, key.activity)
    ]
    return sorted(found, key=lambda key: (key.day, key.unit))


def _too_late(story: Story, key: SlotKey, governed: Governed) -> bool:
    allowed, declared_at = window(governed.rulebook, governed.activity, key.day), story.slots[key].declared_at
    closes_at = allowed.notice_closes_at if allowed else None
    return closes_at is not None and declared_at is not None and declared_at >= closes_at


def _run(offer: Offer, story: Story, key: SlotKey) -> Sequence[date]:
    """The days of the run a day belongs to, in order."""
    units: dict[date, set[Slug]] = {}
    for absent in absences_of(story, key.activity):
        units.setdefault(absent.day, set()).add(absent.unit)
    days = list(units)
    first = last = days.index(key.day)
    while first > 0 and _follow(offer, story, key.activity, days[first - 1], days[first], units):
        first -= 1
    while last + 1 < len(days) and _follow(offer, story, key.activity, days[last], days[last + 1], units):
        last += 1
    return days[first : last + 1]


def _follow(
    offer: Offer, story: Story, activity: Slug, before: date, after: date, units: Mapping[date, set[Slug]]
) -> bool:
    """Whether nothing the child was absent from on two days is offered between them."""
    between = (before + timedelta(days=number) for number in range(1, (after - before).days))
    if (after - before).days > MOST_STEPS:
        return False
    return not any(_is_offered(offer, story, activity, day, units[before] | units[after]) for day in between)


def _is_offered(offer: Offer, story: Story, activity: Slug, day: date, units: set[Slug]) -> bool:
    enrolment = story.child.enrolment_on(activity, day)
    site, group = (enrolment.site, enrolment.group) if enrolment else (None, None)
    return not units.isdisjoint(offer.units_on(activity, day, site, group))


def _waits(offer: Offer, story: Story, key: SlotKey, rule: AbsenceRule, run: Sequence[date]) -> bool:
    if key.day in run[: rule.waiting_days]:
        return True
    if not rule.waiting_hours:
        return False
    starts = [_start(offer, absent) for absent in absences_of(story, key.activity) if absent.day == run[0]]
    return _start(offer, key) - min(starts) < timedelta(hours=rule.waiting_hours)


def _start(offer: Offer, key: SlotKey) -> datetime:
    """When a unit begins, on the clock of the wall: hours of families pass over the change of the clocks."""
    governed = offer.governing(key)
    starts_at = governed.unit.starts_at if governed else None
    return datetime.combine(key.day, starts_at or time())
