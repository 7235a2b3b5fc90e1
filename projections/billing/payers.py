"""Which household pays a day of a child: the one whose day it is, that reserved it, or that the child is of."""

from datetime import date

from ledger.child import SlotKey
from ledger.identifiers import HouseholdId
from projections.billing.story import Story
from rulebook.custody import whose
from rulebook.tariffs import Tariff
from rulebook.town import Rules


def payer_of(rules: Rules, story: Story, asker: HouseholdId | None, tariff: Tariff, day: date) -> HouseholdId:
    """The household that pays a day of a child."""
    if tariff.payer == "asker" and asker is not None:
        return asker
    return whose(rules, story.child.custody, day) or asker or story.household_on(day)


def asker_of(story: Story, key: SlotKey) -> HouseholdId | None:
    """Whose the reservation of a day is, or was where giving it up is all that is left of it; None without any.

    Whoever asked for a day in vain, or gave it up in time, has nothing to do with a child that came all the same.
    """
    slot = story.child.slots.get(key)
    if slot is not None and slot.state != "awaiting_add":
        return slot.household
    told, seen = story.slots[key], story.child.attendance.get(key)
    if not told.late_cancellation or (seen is not None and seen.presence == "present"):
        return None
    return told.household
