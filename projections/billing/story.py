"""A child's page as a bill reads it: how each of its days came to be what it is, and which lines say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple, cast

from ledger.child import Child, Slot, SlotKey, apply, born
from ledger.days import local_day
from ledger.events import (
    AbsenceDeclared,
    AttendanceRecorded,
    CancellationRequested,
    ChildFact,
    ChildJoinedHousehold,
    ChildLeftHousehold,
    ChildRegistered,
    DayDemanded,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    ReservationRequested,
)
from ledger.holdings import touched
from ledger.identifiers import HouseholdId, Month
from projections.billing.family import Placed
from rulebook.town import Rules

_BY_DAY = attrgetter("day", "activity", "unit")
_DECIDES = (DemandeApproved, DemandeRejected, DemandeWithdrawn)


@dataclass(kw_only=True, slots=True)
class Told:
    """What the lines of its page tell of one slot, beside how it stands."""

    lines: list[int] = field(default_factory=list)
    """Those that were about it, in order."""
    household: HouseholdId | None = None
    """Whose it was when it was had last."""
    late: bool = False
    """The reservation that stands came late, for a surcharge."""
    late_cancellation: bool = False
    """It was given up late, for a surcharge."""
    declared_at: datetime | None = None
    """When its absence was declared: said again after a refusal, it is the first time that counts."""
    asked_late: bool = False
    given_up_late: bool = False


class Membership(NamedTuple):
    """The child is of a household between two days, both included; None: since ever, or still."""

    household: HouseholdId
    first_day: date | None
    last_day: date | None
    position: int
    """Where the child joined it, in the town's sealed order: the order of brothers and sisters."""

    def covers(self, day: date) -> bool:
        """Whether the child is of the household that day."""
        return (self.first_day is None or self.first_day <= day) and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A child, the lines that made it, and every slot they were ever about."""

    child: Child
    page: Sequence[Placed]
    slots: Mapping[SlotKey, Told]
    by_month: Mapping[Month, Sequence[SlotKey]]
    """The slots of each month, by day, activity and unit."""
    memberships: tuple[Membership, ...]

    def household_on(self, day: date) -> HouseholdId:
        """The household the child is of that day, the first that it came to of two."""
        return next((each.household for each in self.memberships if each.covers(day)), self.memberships[0].household)

    def is_of(self, household: HouseholdId, day: date) -> bool:
        """Whether the child is of a household that day."""
        return any(each.household == household and each.covers(day) for each in self.memberships)

    def joined_at(self, household: HouseholdId) -> int | None:
        """Where the child first came to a household, in the sealed order."""
        return next((each.position for each in self.memberships if each.household == household), None)

    def read_as(self, line: int, household: HouseholdId) -> int:
        """The line a household is told of in the place of another: what came after the child left it is its leaving."""
        left = line
        for entry, _ in self.page[: line - 1]:
            match entry.fact:
                case ChildLeftHousehold() as leaving if leaving.household == household:
                    left = entry.version
                case ChildJoinedHousehold() as joining if joining.household == household:
                    left = line
        return left

    def newer(self, lines: Sequence[int], since: int) -> list[int]:
        """Those of these lines that were sealed after a position."""
        return [line for line in lines if self.page[line - 1].position > since]


def month_of(day: date) -> Month:
    """The month a day is of."""
    return Month(day.isoformat()[:7])


def story_of(page: Sequence[Placed], rules: Rules) -> Story:
    """A child's page told, from its first line on."""
    child, slots = born(page[0].entry), dict[SlotKey, Told]()
    memberships: list[Membership] = []
    for entry, position in page:
        fact, at = cast("ChildFact", entry.fact), entry.signature.happened_at
        if isinstance(fact, AttendanceRecorded):
            key = SlotKey(fact.activity, fact.unit, fact.day)
            told = slots.get(key)
            if told is None:
                told = slots[key] = Told()
            told.lines.append(entry.version)
            apply(child, fact, at, entry.signature.recorded_at)
            continue
        keys = dict.fromkeys(touched(child, fact))
        if not keys:
            memberships = _moved(memberships, fact, at, position, rules)
            apply(child, fact, at, entry.signature.recorded_at)
            continue
        before = [(key, child.slots.get(key)) for key in keys]
        apply(child, fact, at, entry.signature.recorded_at)
        asks, decides = isinstance(fact, DayDemanded), isinstance(fact, _DECIDES)
        for key, was in before:
            now = child.slots.get(key)
            if asks or was != now:
                told = slots.get(key)
                if told is None:
                    told = slots[key] = Told()
                told.lines.append(entry.version)
                if decides:
                    _settled(told, was, now)
        _asked(child, slots, fact, at)
    by_month: dict[Month, list[SlotKey]] = {}
    for key in slots:
        by_month.setdefault(month_of(key.day), []).append(key)
    for keys_of_month in by_month.values():
        keys_of_month.sort(key=_BY_DAY)
    return Story(child=child, page=page, slots=slots, by_month=by_month, memberships=tuple(memberships))


def _asked(child: Child, slots: Mapping[SlotKey, Told], fact: ChildFact, at: datetime) -> None:
    """What a request says of its days."""
    match fact:
        case ReservationRequested():
            for asked in fact.days:
                slots[SlotKey(fact.activity, asked.unit, asked.day)].asked_late = asked.surcharge
        case CancellationRequested():
            for given_up in fact.days:
                slots[SlotKey(fact.activity, given_up.unit, given_up.day)].given_up_late = given_up.surcharge
        case AbsenceDeclared():
            for absent in fact.days:
                key = SlotKey(fact.activity, absent.unit, absent.day)
                if child.slots[key].absence != "declared_again":
                    slots[key].declared_at = at


def _settled(told: Told, was: Slot | None, now: Slot | None) -> None:
    """What a decision made of a slot: had at last, or given up at last."""
    if was is None:
        return
    if was.state == "awaiting_add" and now is not None:
        told.household, told.late, told.late_cancellation = now.household, told.asked_late, False
    elif was.state == "awaiting_removal" and now is None:
        told.late, told.late_cancellation = False, told.given_up_late


def _moved(known: list[Membership], fact: ChildFact, at: datetime, position: int, rules: Rules) -> list[Membership]:
    match fact:
        case ChildRegistered(household=household):
            return [Membership(household, None, None, position)]
        case ChildJoinedHousehold(household=household):
            return [*known, Membership(household, _day(at, rules), None, position)]
        case ChildLeftHousehold(household=household):
            last_day = _day(at, rules)
            return [
                each._replace(last_day=last_day) if each.household == household and each.last_day is None else each
                for each in known
            ]
        case _:
            return known


def _day(at: datetime, rules: Rules) -> date:
    """The town's day of an instant."""
    return local_day(at, rules.rulebooks[-1].timezone) if rules.rulebooks else at.date()
