"""A folded child as plain values and back: what lets a page of years be read as fast as a page of days."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from ledger.child import Attendance, Child, Enrolment, Slot, SlotKey
from ledger.codec import Codec
from ledger.demande import Demande, DemandeDay
from ledger.events import Fact, PlaceHeld
from ledger.identifiers import ChildId, HouseholdId

FOLD: Final = 5
"""The version of this form. Raise it whenever `Child` or `evolve` changes: older snapshots are then ignored."""


_CODEC: Final = Codec()


def pack(child: Child) -> dict[str, Any]:
    """A child as values JSON can hold: what many days have in common is written once, days are numbers.

    Instants become their text when it is written. A child is unpacked at every cold start, so a day of a long page
    costs two integers.
    """
    slots: dict[tuple[Any, ...], list[int]] = {}
    for key, slot in child.slots.items():
        alike = (key.activity, key.unit, slot.state, slot.household, slot.held, slot.places, slot.removal, slot.absence)
        slots.setdefault(alike, []).extend((key.day.toordinal(), slot.demande))
    closed: dict[str, list[int]] = {}
    for number, status in child.closed.items():
        closed.setdefault(status, []).append(number)
    attendance: dict[tuple[Any, ...], list[int]] = {}
    for key, seen in child.attendance.items():
        attendance.setdefault((key.activity, key.unit, *seen), []).append(key.day.toordinal())
    return {
        "child": child.child,
        "households": list(child.households),
        "custody": [_fact_packed(statement) for statement in child.custody],
        "erased": child.erased,
        "meals": [_fact_packed(statement) for statement in child.meals],
        "enrolments": [list(enrolment) for enrolment in child.enrolments.values()],
        "slots": [[*alike[:5], _packed(alike[5]), *alike[6:], days] for alike, days in slots.items()],
        "open": [_demande_packed(demande) for demande in child.open.values()],
        "closed": closed,
        "attendance": [[*alike, days] for alike, days in attendance.items()],
    }


def _demande_packed(demande: Demande) -> list[Any]:
    wanted = None if demande.wanted is None else _fact_packed(demande.wanted)
    return [*demande[:6], [list(day) for day in demande.days], *demande[7:12], wanted, demande.refusal]


def _fact_packed(fact: Fact) -> list[Any]:
    """A fact under its wire name, as a line of the page holds it."""
    return [_CODEC.name(fact), _CODEC.fact_to_json(fact)]


def _packed(places: tuple[PlaceHeld, ...]) -> list[list[str]]:
    return [[place.unit, place.pool] for place in places]


def unpack(packed: dict[str, Any]) -> Child:
    """The child that `pack` wrote down."""
    day = date.fromisoformat
    return Child(
        child=ChildId(packed["child"]),
        households=tuple(HouseholdId(household) for household in packed["households"]),
        custody=tuple(_CODEC.fact_from_json(*statement) for statement in packed["custody"]),  # type: ignore[misc]
        erased=packed["erased"],
        meals=tuple(_CODEC.fact_from_json(*statement) for statement in packed["meals"]),  # type: ignore[misc]
        enrolments={
            enrolment: Enrolment(enrolment, activity, site, group, day(first), day(last))
            for enrolment, activity, site, group, first, last in packed["enrolments"]
        },
        slots=_slots(packed["slots"]),
        open={row[0]: _demande(row) for row in packed["open"]},
        closed={number: status for status, numbers in packed["closed"].items() for number in numbers},
        attendance=_attendance(packed["attendance"]),
    )


def _slots(packed: Iterable[list[Any]]) -> dict[SlotKey, Slot]:
    slots: dict[SlotKey, Slot] = {}
    for activity, unit, state, household, held, places, removal, absence, days in packed:
        taken = tuple(PlaceHeld(unit=of, pool=pool) for of, pool in places)
        for on, demande in zip(days[::2], days[1::2], strict=True):
            key = SlotKey(activity, unit, date.fromordinal(on))
            slots[key] = Slot(state, demande, household, held, taken, removal, absence)
    return slots


def _attendance(packed: Iterable[list[Any]]) -> dict[SlotKey, Attendance]:
    attendance: dict[SlotKey, Attendance] = {}
    for activity, unit, presence, arrived, left, days in packed:
        seen = Attendance(presence, _instant(arrived), _instant(left))
        attendance.update({SlotKey(activity, unit, date.fromordinal(on)): seen for on in days})
    return attendance


def _demande(row: list[Any]) -> Demande:
    number, kind, activity, household, origin, submitted_at, days, *rest = row
    derogation, reason, document, decided_at, status, wanted, refusal = rest
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
        wanted=None if wanted is None else _CODEC.fact_from_json(*wanted),  # type: ignore[arg-type]
        refusal=refusal,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
