"""Which places a child holds, and how a fact changes them: what the counts of places are made of."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from ledger.child import Child, Slot, SlotKey
from ledger.demande import Demande, DemandeDay
from ledger.events import (
    AbsenceDeclared,
    AttendanceRecorded,
    CancellationRequested,
    ChildFact,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    PlaceHeld,
    ReservationRequested,
)
from ledger.identifiers import Slug


class PlaceKey(NamedTuple):
    """Whose places are counted together. Sorted, it is the order in which everybody locks them."""

    activity: Slug
    unit: Slug
    day: date
    pool: str


def touched(child: Child, fact: ChildFact) -> tuple[SlotKey, ...]:
    """The slots a fact is about, given the child as it was before the fact."""
    match fact:
        case ReservationRequested() | CancellationRequested() | AbsenceDeclared():
            return tuple(SlotKey(fact.activity, day.unit, day.day) for day in fact.days)
        case DemandeApproved() | DemandeRejected():
            return _slots(child.open[fact.demande], fact.days)
        case DemandeWithdrawn():
            demande = child.open[fact.demande]
            return _slots(demande, demande.days)
        case AttendanceRecorded():
            return (SlotKey(fact.activity, fact.unit, fact.day),)
        case _:
            return ()


def _slots(demande: Demande, days: Iterable[DecidedDay | DemandeDay]) -> tuple[SlotKey, ...]:
    if demande.activity is None:
        return ()
    return tuple(SlotKey(demande.activity, day.unit, day.day) for day in days)


def places_of(slot: Slot | None) -> tuple[PlaceHeld, ...]:
    """The places a slot takes now."""
    return slot.places if slot is not None and slot.holds() else ()


def held(child: Child, keys: Iterable[SlotKey]) -> Counter[PlaceKey]:
    """The places the child holds on the days of these slots, each once: nobody sits on two chairs.

    A child that gives up the whole day for the morning keeps the place it has in the morning, and takes no other.
    """
    days = {(key.activity, key.day) for key in keys}
    places = {
        PlaceKey(key.activity, place.unit, key.day, place.pool)
        for key, slot in child.slots.items()
        if (key.activity, key.day) in days and slot.holds()
        for place in slot.places
    }
    return Counter(dict.fromkeys(places, 1))
