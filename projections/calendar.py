"""The calendar of a child: what stands on each day, and what may still be done about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from ledger.child import Child, Enrolment, Slot, SlotKey
from ledger.codec import Codec
from ledger.entry import Entry
from ledger.events import (
    AbsenceDeclared,
    CancellationRequested,
    CustodyStatement,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    ReservationRequested,
)
from ledger.holdings import PlaceKey
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Slug
from ledger.rows import Change, Drop, Put, State
from projections.places import Taken, capacity_of
from projections.question import Question
from rulebook.custody import whose
from rulebook.judging import Judgement, Situation, judge
from rulebook.openings import days_between, offered
from rulebook.places import pools
from rulebook.rulebook import Activity, Verb
from rulebook.town import Rules

_CODEC = Codec()
DayState = Literal["free", "reserved", "awaiting_add", "awaiting_removal", "waiting_list", "closed"]

_ABOUT_DAYS = (
    ReservationRequested,
    CancellationRequested,
    AbsenceDeclared,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
)


def changes(entry: Entry, state: State) -> Iterable[Change]:
    """The rows of `calendar_days` an entry is about, as they stand after it."""
    if not isinstance(state, Child) or state.latest is None or not isinstance(entry.fact, _ABOUT_DAYS):
        return
    demande = state.latest
    if demande.activity is None:
        return
    for key in {SlotKey(demande.activity, day.unit, day.day) for day in demande.days}:
        yield _change(entry.commune, state, key)


def _change(commune: Commune, child: Child, key: SlotKey) -> Change:
    named = (commune, child.child, key.day, key.activity, key.unit)
    slot = child.slots.get(key)
    if slot is None:
        columns = {"commune": commune, "child": child.child, "day": key.day, "activity": key.activity, "unit": key.unit}
        return Drop(table="calendar_days", key=named, row=columns)
    enrolment = child.enrolment_on(key.activity, key.day)
    row = {
        "commune": commune,
        "child": child.child,
        "day": key.day,
        "activity": key.activity,
        "unit": key.unit,
        "state": slot.state,
        "demande": slot.removal or slot.demande,
        "household": slot.household,
        "absence": slot.absence,
        "site": enrolment.site if enrolment else None,
        "child_group": enrolment.group if enrolment else None,
    }
    return Put(table="calendar_days", key=named, row=row)


def days_of(commune: Commune, child: ChildId, first: date, last: date, *, told_apart: bool = False) -> Question:
    """What the child has, or has asked for, between two days, both included.

    `household` booked the day; `asked_by` is the household of `demande`, which under an alternating custody may be the
    other; and always with `told_apart`, for those whose custody alternates now and did not yet.
    """
    return Question(
        sql="""
            SELECT day, activity, unit, state, demande, household, absence,
                   CASE WHEN %(told_apart)s OR (SELECT bool_or(custody) FROM children
                              WHERE commune = %(commune)s AND child = %(child)s)
                        THEN (SELECT d.household FROM demandes d
                              WHERE d.commune = %(commune)s AND d.number = calendar_days.demande)
                        ELSE household END AS asked_by
            FROM calendar_days
            WHERE commune = %(commune)s AND child = %(child)s AND day BETWEEN %(first)s AND %(last)s
            ORDER BY day, activity, unit
        """,
        values={"commune": commune, "child": child, "first": first, "last": last, "told_apart": told_apart},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarDay:
    """One box of the calendar. `code` says why it cannot be changed; `places_left` is told if the town tells it."""

    day: date
    activity: Slug
    unit: Slug
    state: DayState
    editable: bool
    code: str | None
    article: str | None
    deadline: datetime | None
    opens_at: datetime | None
    closure: Slug | None
    beside: tuple[str, ...]
    """The names of the units it excludes or requires, when one of them is why it cannot be changed."""
    late: bool
    surcharge: bool
    demande: DemandeNumber | None
    absence: str | None
    places_left: int | None
    holder: HouseholdId | None
    """The household whose day it is; None when it is everybody's."""
    booked_by: HouseholdId | None
    asked_by: HouseholdId | None
    """The household of `demande`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """What is needed to draw a calendar: rules, enrolments, days, places taken, and the instant it is looked at.

    `acting`: the households it is drawn for; None for those who look at it for nobody in particular.
    """

    rules: Rules
    enrolments: Sequence[Enrolment]
    rows: Sequence[Mapping[str, Any]]
    taken: Taken
    now: datetime
    custody: tuple[CustodyStatement, ...] = ()
    acting: tuple[HouseholdId, ...] | None = None

    def draw(self, first: date, last: date, *, activity: Slug | None = None) -> list[CalendarDay]:
        """The boxes between two days, both included, in the order of the day, the activity and its units."""
        standing = {SlotKey(row["activity"], row["unit"], row["day"]): row for row in self.rows}
        slots = {key: _slot(row) for key, row in standing.items()}
        situation = Situation(
            enrolments=tuple(self.enrolments), slots=slots, now=self.now, custody=self.custody, acting=self.acting
        )
        return [
            self._box(situation, key, standing.get(key))
            for day in days_between(first, last)
            for key in self._keys(day, standing, activity)
        ]

    def _keys(self, day: date, standing: Iterable[SlotKey], only: Slug | None) -> list[SlotKey]:
        shown = [key for key in standing if key.day == day]
        rulebook = self.rules.on(day)
        for enrolment in self.enrolments if rulebook else ():
            activity = rulebook.activities.get(enrolment.activity) if rulebook else None
            if rulebook and activity and enrolment.covers(enrolment.activity, day):
                units = offered(rulebook, activity, day, site=enrolment.site, group=enrolment.group)
                shown.extend(SlotKey(activity.slug, unit.slug, day) for unit in units or self._closed(activity, day))
        return [key for key in dict.fromkeys(sorted(shown)) if only is None or key.activity == only]

    def _closed(self, activity: Activity, day: date) -> Iterable[Any]:
        """The units of a day the rulebook announced closed, so that the calendar says why."""
        announced = self.rules.closure(activity.slug, day, site=None)
        return activity.units.values() if announced and day.weekday() in _weekdays(activity) else ()

    def _box(self, situation: Situation, key: SlotKey, row: Mapping[str, Any] | None) -> CalendarDay:
        verb = Verb.CANCEL if row is not None else Verb.BOOK
        terms = judge(self.rules, situation, key, verb)
        left = self._places_left(situation, key)
        code = terms.code
        if code is None and row is None and left is not None and left <= 0:
            code = "no_place_left"
        activity = self.rules.activity(key.activity, key.day)
        return CalendarDay(
            day=key.day,
            activity=key.activity,
            unit=key.unit,
            state=_state(terms, row),
            editable=code is None,
            code=code,
            article=terms.article,
            deadline=terms.deadline,
            opens_at=terms.opens_at,
            closure=terms.closure,
            beside=tuple(activity.units[other].name for other in terms.conflicts) if activity else (),
            late=terms.late,
            surcharge=terms.surcharge,
            demande=row["demande"] if row else None,
            absence=row["absence"] if row else None,
            places_left=left if activity and activity.publishes_places else None,
            holder=whose(self.rules, self.custody, key.day),
            booked_by=row["household"] if row else None,
            asked_by=row["asked_by"] if row else None,
        )

    def _places_left(self, situation: Situation, key: SlotKey) -> int | None:
        enrolment, activity = situation.enrolment(key), self.rules.activity(key.activity, key.day)
        unit = activity.units.get(key.unit) if activity else None
        if enrolment is None or activity is None or unit is None:
            return None
        left = [
            self._left(PlaceKey(key.activity, place.unit, key.day, place.pool))
            for place in pools(activity, unit, site=enrolment.site, group=enrolment.group)
        ]
        return min((places for places in left if places is not None), default=None)

    def _left(self, key: PlaceKey) -> int | None:
        capacity = capacity_of(self.rules, self.taken, key)
        return None if capacity is None else max(capacity - self.taken.get(key, (0, False, None))[0], 0)


def _weekdays(activity: Activity) -> frozenset[int]:
    return frozenset(weekday for opening in activity.openings for weekday in opening.weekdays)


def _slot(row: Mapping[str, Any]) -> Slot:
    return Slot(row["state"], row["demande"], row["household"], True, (), absence=row["absence"])


def _state(terms: Judgement, row: Mapping[str, Any] | None) -> DayState:
    if terms.code == "day_closed":
        return "closed"
    state: DayState = row["state"] if row else "free"
    return state


def enrolments_from(rows: Iterable[Mapping[str, Any]]) -> list[Enrolment]:
    """Enrolments as the rows of `families.enrolments_of` tell them."""
    return [
        Enrolment(row["enrolment"], row["activity"], row["site"], row["child_group"], row["first_day"], row["last_day"])
        for row in rows
    ]


def statements_from(rows: Iterable[Mapping[str, Any]]) -> tuple[CustodyStatement, ...]:
    """Whose day it is as the rows of `families.custody_of` tell it, in the order it was said."""
    return tuple(_CODEC.fact_from_json(row["type"], row["statement"]) for row in rows)  # type: ignore[misc]
