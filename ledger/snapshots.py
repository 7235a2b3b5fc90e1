"""A folded child as plain values and back: what lets a page of years be read as fast as a page of days."""

from datetime import date, datetime
from typing import Any, Final

from ledger.child import Attendance, Child, Enrolment, Slot, SlotKey
from ledger.demande import Demande, DemandeDay
from ledger.events import PlaceHeld
from ledger.identifiers import ChildId, HouseholdId

FOLD: Final = 1
"""The version of this form. Raise it whenever `Child` or `evolve` changes: older snapshots are then ignored."""


def pack(child: Child) -> dict[str, Any]:
    """A child as values JSON can hold. Days and instants become their text when it is written."""
    return {
        "child": child.child,
        "household": child.household,
        "enrolments": [list(enrolment) for enrolment in child.enrolments.values()],
        "slots": [
            [*key, slot.state, slot.demande, slot.household, slot.held, _places(slot), slot.removal, slot.absence]
            for key, slot in child.slots.items()
        ],
        "open": [[*demande[:6], [list(day) for day in demande.days], *demande[7:]] for demande in child.open.values()],
        "closed": [list(closed) for closed in child.closed.items()],
        "attendance": [[*key, *seen] for key, seen in child.attendance.items()],
    }


def _places(slot: Slot) -> list[list[str]]:
    return [[place.unit, place.pool] for place in slot.places]


def unpack(packed: dict[str, Any]) -> Child:
    """The child that `pack` wrote down."""
    day, same = date.fromisoformat, _places_read()
    return Child(
        child=ChildId(packed["child"]),
        household=HouseholdId(packed["household"]),
        enrolments={
            enrolment: Enrolment(enrolment, activity, site, group, day(first), day(last))
            for enrolment, activity, site, group, first, last in packed["enrolments"]
        },
        slots={
            SlotKey(activity, unit, day(on)): Slot(state, demande, household, held, same(places), removal, absence)
            for activity, unit, on, state, demande, household, held, places, removal, absence in packed["slots"]
        },
        open={row[0]: _demande(row) for row in packed["open"]},
        closed=dict(packed["closed"]),
        attendance={
            SlotKey(activity, unit, day(on)): Attendance(presence, _instant(arrived), _instant(left))
            for activity, unit, on, presence, arrived, left in packed["attendance"]
        },
    )


def _places_read() -> Any:
    known: dict[tuple[tuple[str, str], ...], tuple[PlaceHeld, ...]] = {}

    def read(places: list[list[Any]]) -> tuple[PlaceHeld, ...]:
        key = tuple((unit, pool) for unit, pool in places)
        if key not in known:
            known[key] = tuple(PlaceHeld(unit=unit, pool=pool) for unit, pool in places)
        return known[key]

    return read


def _demande(row: list[Any]) -> Demande:
    number, kind, activity, household, origin, submitted_at, days, derogation, reason, document, decided_at, status = (
        row
    )
    read = tuple(
        DemandeDay(date.fromisoformat(on), unit, action, outcome, version, article, _instant(closes), *marks)
        for on, unit, action, outcome, version, article, closes, *marks in days
    )
    return Demande(
        number=number,
        kind=kind,
        activity=activity,
        household=household,
        origin=origin,
        submitted_at=datetime.fromisoformat(submitted_at),
        days=read,
        derogation=derogation,
        reason=reason,
        document=document,
        decided_at=_instant(decided_at),
        status=status,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
