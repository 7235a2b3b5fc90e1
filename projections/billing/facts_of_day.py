"""What is known of one unit of one day of a child: what was reserved, who came, what was said of it."""

from datetime import timedelta
from typing import NamedTuple

from ledger.child import AbsenceState, SlotKey
from ledger.events import Presence
from ledger.identifiers import HouseholdId
from projections.billing.absences import accepted
from projections.billing.offer import Governed, Offer
from projections.billing.story import Story
from rulebook.dues import Accepted, DayFacts
from rulebook.rulebook import Unit
from rulebook.tariffs import Situation


class Facts(NamedTuple):
    """`DayFacts`, cheap to make and to look up."""

    reserved: bool
    requested: bool
    presence: Presence | None
    absence: AbsenceState | None
    accepted: Accepted | None
    late: bool
    late_cancellation: bool
    closed: bool


class Seen(NamedTuple):
    """What a day rests on."""

    asker: HouseholdId | None
    payer: HouseholdId
    facts: Facts
    situation: Situation | None
    """What its price depends on; None when nothing of it is due to be paid by the household."""
    quotient: int | None
    """The line of the quotient of the day."""


def facts_of(offer: Offer, story: Story, key: SlotKey, governed: Governed) -> Facts:
    """What is known of a slot."""
    child, told = story.child, story.slots[key]
    slot, seen = child.slots.get(key), child.attendance.get(key)
    enrolment = child.enrolment_on(key.activity, key.day)
    absence = slot.absence if slot is not None else None
    return Facts(
        slot is not None and slot.state != "awaiting_add",
        slot is not None and slot.state != "reserved",
        seen.presence if seen is not None else None,
        absence,
        accepted(offer, story, key, governed) if absence == "justified" else None,
        told.late,
        told.late_cancellation,
        offer.is_closed(key.activity, key.day, enrolment.site if enrolment else None),
    )


def day_facts(facts: Facts) -> DayFacts:
    """The same, as the table of what is due reads it."""
    return DayFacts(
        reserved=facts.reserved,
        requested=facts.requested,
        presence=facts.presence,
        absence=facts.absence,
        accepted=facts.accepted,
        late=facts.late,
        late_cancellation=facts.late_cancellation,
        closed=facts.closed,
    )


def minutes_of(story: Story, key: SlotKey, unit: Unit) -> int | None:
    """How long the child stayed; of one that did not come, how long it had reserved; None when nobody wrote it down."""
    seen = story.child.attendance.get(key)
    if seen is None or seen.presence != "present":
        return _announced(unit)
    if seen.arrived_at is None or seen.left_at is None:
        return None
    # A minute that has begun counts: slices are due as soon as they are started.
    return -(-(seen.left_at - seen.arrived_at) // timedelta(minutes=1))


def _announced(unit: Unit) -> int | None:
    """How long a unit lasts."""
    if unit.starts_at is None or unit.ends_at is None:
        return None
    return (unit.ends_at.hour - unit.starts_at.hour) * 60 + unit.ends_at.minute - unit.starts_at.minute


def brings_meal(story: Story, key: SlotKey) -> bool:
    """Of what was said of its meals in the activity, what began last by that day; of two, the last recorded."""
    if not story.child.meals:
        return False
    begun = [said for said in story.child.meals if said.activity == key.activity and said.first_day <= key.day]
    latest = max((said.first_day for said in begun), default=None)
    return next((said.brought for said in reversed(begun) if said.first_day == latest), False)
