"""The child's page folded: what decisions and read models need to know."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple

from ledger.demande import Demande, Outcome, Status, decided, requested
from ledger.entry import Entry
from ledger.events import (
    AbsenceDeclared,
    AttendanceRecorded,
    CancellationRequested,
    ChildEnrolled,
    ChildFact,
    ChildJoinedHousehold,
    ChildLeftHousehold,
    ChildRegistered,
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    CustodyStatement,
    DayDemanded,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    EnrolmentEnded,
    EnrolmentRequested,
    MealBroughtDecided,
    PersonErased,
    PlaceHeld,
    Presence,
    ReservationRequested,
)
from ledger.identifiers import ChildId, DemandeNumber, EnrolmentId, HouseholdId, Slug

SlotState = Literal["awaiting_add", "reserved", "awaiting_removal"]
AbsenceState = Literal["declared", "declared_again", "justified", "unjustified"]


class SlotKey(NamedTuple):
    """Which slot of the child: an activity's unit, on a day."""

    activity: Slug
    unit: Slug
    day: date


class Enrolment(NamedTuple):
    """The child may reserve this activity between these days, both included."""

    enrolment: EnrolmentId
    activity: Slug
    site: Slug | None
    group: Slug | None
    first_day: date
    last_day: date

    def covers(self, activity: Slug, day: date) -> bool:
        """Whether the child may come to the activity that day."""
        return self.activity == activity and self.first_day <= day <= self.last_day


class Slot(NamedTuple):
    """A day the child has, or has asked for."""

    state: SlotState
    demande: DemandeNumber
    """The demande that asked for the day."""
    household: HouseholdId
    held: bool
    """Whether its places were taken when it was asked for, before any decision."""
    places: tuple[PlaceHeld, ...]
    removal: DemandeNumber | None = None
    """The demande that gives the day up, while it waits."""
    absence: AbsenceState | None = None

    def holds(self) -> bool:
        """Whether its places are taken now."""
        return self.held or self.state != "awaiting_add"

    def kept(self) -> "Slot":
        """The slot once it is sure: asked for and granted, or given up and not let go. Field by field, for folds."""
        return Slot("reserved", self.demande, self.household, self.held, self.places, None, self.absence)


class Attendance(NamedTuple):
    """Whether the child came, and between which instants if the town writes them down."""

    presence: Presence
    arrived_at: datetime | None
    left_at: datetime | None


@dataclass(kw_only=True, slots=True)
class Child:
    """A child as its page tells it. Made by `evolve`, which never changes the one it was given."""

    child: ChildId
    households: tuple[HouseholdId, ...]
    """Where the child lives: one household or two, in the order it came to them."""
    custody: tuple[CustodyStatement, ...] = ()
    """Whose day it is, in the order it was said; the last that covers a day holds. Empty: every day is everybody's."""
    erased: bool = False
    """Who the child was is forgotten; what happened is not."""
    enrolments: dict[EnrolmentId, Enrolment] = field(default_factory=dict)
    slots: dict[SlotKey, Slot] = field(default_factory=dict)
    open: dict[DemandeNumber, Demande] = field(default_factory=dict)
    """Demandes that wait for a decision, whole."""
    closed: dict[DemandeNumber, Status] = field(default_factory=dict)
    """Demandes that wait for nothing: only how they ended, so that a long history stays light."""
    attendance: dict[SlotKey, Attendance] = field(default_factory=dict)
    meals: tuple[MealBroughtDecided, ...] = ()
    """For which activities it brings its meal, in the order it was said."""
    latest: Demande | None = None
    """The demande the last entry was about, whole, whatever became of it: what a read model shows of it."""

    @property
    def household(self) -> HouseholdId:
        """The household that speaks for the child when nobody says which."""
        return self.households[0]

    def enrolment_on(self, activity: Slug, day: date) -> Enrolment | None:
        """The enrolment that lets the child come to the activity that day."""
        for found in self.enrolments.values():
            if found.covers(activity, day):
                return found
        return None


def evolve(child: Child | None, entries: Iterable[Entry]) -> Child | None:
    """The child after these entries of its page. Pure: the child given is left as it was."""
    draft: Child | None = None
    for entry in entries:
        if draft is None:
            draft = _draft(child, entry)
        signature = entry.signature
        apply(draft, entry.fact, signature.happened_at, signature.recorded_at)  # type: ignore[arg-type]
    return draft or child


def _draft(child: Child | None, entry: Entry) -> Child:
    return born(entry) if child is None else copied(child)


def born(entry: Entry) -> Child:
    """The child the first line of its page tells of."""
    assert isinstance(entry.fact, ChildRegistered), f"a child's page starts with its registration: {entry.stream}"
    return Child(child=entry.fact.child, households=(entry.fact.household,))


def copied(child: Child) -> Child:
    """A child that may be written into with `apply`; the one given stays as it is."""
    draft = copy(child)
    draft.enrolments, draft.slots, draft.attendance = dict(child.enrolments), dict(child.slots), dict(child.attendance)
    draft.open, draft.closed = dict(child.open), dict(child.closed)
    return draft


def apply(child: Child, fact: ChildFact, happened_at: datetime, recorded_at: datetime) -> None:
    """Writes one fact into a child that nobody else holds. Bulk folds use it; everybody else, `evolve`.

    A request is dated when it was made, even if it was on paper; a decision, when it was recorded.
    """
    child.latest = None
    match fact:
        case AttendanceRecorded():
            key = SlotKey(fact.activity, fact.unit, fact.day)
            child.attendance[key] = Attendance(fact.presence, fact.arrived_at, fact.left_at)
        case EnrolmentRequested():
            child.open[fact.demande] = child.latest = requested(None, fact, happened_at)
        case ReservationRequested() | CancellationRequested() | AbsenceDeclared():
            _request(child, fact)
            child.open[fact.demande] = child.latest = requested(child.open.get(fact.demande), fact, happened_at)
        case DemandeApproved():
            _decide(child, fact.demande, fact.days, "approved", None, recorded_at)
        case DemandeRejected():
            _decide(child, fact.demande, fact.days, "rejected", fact.reason, recorded_at)
        case DemandeWithdrawn():
            _decide(child, fact.demande, child.open[fact.demande].pending(), "withdrawn", None, recorded_at)
        case _:
            _of_the_child(child, fact)


def _of_the_child(child: Child, fact: ChildFact) -> None:
    """What is said of the child and not of its days."""
    match fact:
        case ChildJoinedHousehold():
            child.households = (*child.households, fact.household)
        case ChildLeftHousehold():
            child.households = tuple(other for other in child.households if other != fact.household)
        case CustodyAgreed() | CustodyExcepted() | CustodyEnded():
            child.custody = (*child.custody, fact)
        case ChildEnrolled():
            child.enrolments[fact.enrolment] = Enrolment(
                fact.enrolment, fact.activity, fact.site, fact.group, fact.first_day, fact.last_day
            )
        case EnrolmentEnded():
            child.enrolments[fact.enrolment] = child.enrolments[fact.enrolment]._replace(last_day=fact.last_day)
        case MealBroughtDecided():
            child.meals = (*child.meals, fact)
        case PersonErased():
            child.erased = True


def _request(child: Child, fact: DayDemanded) -> None:
    slots, activity = child.slots, fact.activity
    match fact:
        case ReservationRequested():
            for day in fact.days:
                asked = Slot("awaiting_add", fact.demande, fact.household, day.holds, day.places)
                slots[SlotKey(activity, day.unit, day.day)] = asked
        case CancellationRequested():
            for given_up in fact.days:
                key = SlotKey(activity, given_up.unit, given_up.day)
                slots[key] = slots[key]._replace(state="awaiting_removal", removal=fact.demande)
        case AbsenceDeclared():
            for absent in fact.days:
                key = SlotKey(activity, absent.unit, absent.day)
                again = slots[key].absence == "unjustified"
                slots[key] = slots[key]._replace(absence="declared_again" if again else "declared")


def _decide(
    child: Child,
    number: DemandeNumber,
    days: tuple[DecidedDay, ...],
    outcome: Outcome,
    reason: Slug | None,
    at: datetime,
) -> None:
    demande = child.open[number]
    for day in days:
        assert demande.activity is not None
        _settle(child, SlotKey(demande.activity, day.unit, day.day), day, outcome)
    demande = decided(demande, days, outcome, reason=reason, at=at)
    if demande.status == "en_cours":
        child.open[number] = demande
    else:
        del child.open[number]
        child.closed[number] = demande.status
    child.latest = demande


def _absence(before: AbsenceState | None, outcome: Outcome) -> AbsenceState | None:
    """Withdrawing a second declaration does not wash the refusal of the first."""
    if outcome == "approved":
        return "justified"
    return "unjustified" if outcome == "rejected" or before == "declared_again" else None


def _settle(child: Child, key: SlotKey, day: DecidedDay, outcome: Outcome) -> None:
    if day.action == "absence":
        slot = child.slots[key]
        child.slots[key] = slot._replace(absence=_absence(slot.absence, outcome))
    elif (day.action == "reserve") == (outcome == "approved"):
        child.slots[key] = child.slots[key].kept()
    else:
        del child.slots[key]
