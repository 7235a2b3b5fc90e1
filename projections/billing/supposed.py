"""What days would cost if a child had them: the bill of a family whose pages are gone on with, by the code of billing.

A price that is asked for and a price that is billed can never disagree: both are `worked_out`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from ledger.child import Child, SlotKey, evolve
from ledger.entry import Entry, Signature
from ledger.events import (
    AttendanceRecorded,
    BilledDay,
    BilledLine,
    DayDemanded,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    Fact,
    QuotientDecided,
    ReservationRequested,
    ReservedDay,
)
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Month, Slug, Stream, Subject, Version
from projections.billing.family import Family, MissingDay, Placed
from projections.billing.lines import Heading, heading_of, lines_of
from projections.billing.month import Charge, stories_of, worked_out
from projections.billing.offer import Offer
from rulebook.town import Rules

NOWHERE: Final = 0
"""The line and the position of what is only supposed: the ledger has none of that number."""
SUPPOSED: Final = DemandeNumber(-1_000_000)
"""The demande of days that are only supposed."""


class Wanted(NamedTuple):
    """A unit of a day a child would have; how long it would stay, where that counts."""

    key: SlotKey
    minutes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What some days come to."""

    lines: tuple[BilledLine, ...]
    missing: tuple[MissingDay, ...]
    """Days of which no price can be told, and why."""
    priced: frozenset[tuple[ChildId, SlotKey]]
    """Days that cost something, to one of the households that were asked about."""
    elsewhere: tuple[BilledLine, ...] = ()
    """What a demande changes on other days, or for brothers and sisters."""

    @property
    def total_cents(self) -> int:
        """All lines together."""
        return sum(line.amount_cents for line in (*self.lines, *self.elsewhere))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where things are supposed: a town at an instant, and the rules that are asked."""

    commune: Commune
    now: datetime
    offer: Offer

    @property
    def rules(self) -> Rules:
        """The rules of the town."""
        return self.offer.rules

    def _signature(self) -> Signature:
        return Signature(
            actor=Subject(""),
            role="guardian",
            client="",
            command="",
            correlation="",
            happened_at=self.now,
            recorded_at=self.now,
        )

    def placed(self, stream: Stream, version: int, fact: Fact) -> Placed:
        """A line nobody wrote."""
        entry = Entry(
            commune=self.commune,
            stream=stream,
            version=version,
            fact=fact,
            signature=self._signature(),
            previous=b"",
            stored=b"",
            digest=b"",
        )
        return Placed(entry, NOWHERE)

    def after(self, page: Sequence[Placed], facts: Iterable[Fact]) -> list[Placed]:
        """A page gone on with."""
        last = page[-1].entry
        added = (self.placed(last.stream, version, fact) for version, fact in enumerate(facts, last.version + 1))
        return [*page, *added]


# Pages gone on with -------------------------------------------------------------------------------------------------


def having(
    scene: Scene, page: Sequence[Placed], household: HouseholdId, activity: Slug, wanted: Sequence[Wanted]
) -> list[Placed]:
    """The page of a child that asked for these days, was given them, and came."""
    days = tuple(
        ReservedDay(day=each.key.day, unit=each.key.unit, rulebook=Version(""), article="", deadline=None)
        for each in wanted
    )
    asked = ReservationRequested(demande=SUPPOSED, household=household, activity=activity, days=days)
    decided = tuple(DecidedDay(day=day.day, unit=day.unit, action="reserve") for day in days)
    granted = DemandeApproved(demande=SUPPOSED, days=decided, decided_by="rule")
    return scene.after(page, (asked, granted, *(_came(scene, each) for each in wanted)))


def granted(scene: Scene, page: Sequence[Placed], entries: Iterable[Entry]) -> list[Placed]:
    """A page with the lines a command would write, its demandes accepted where they would wait."""
    added = [entry for entry in entries if entry.stream == page[0].entry.stream]
    decided: dict[DemandeNumber, set[DecidedDay]] = {}
    asked: dict[DemandeNumber, list[DecidedDay]] = {}
    for entry in added:
        match entry.fact:
            case DemandeApproved(demande=number, days=days) | DemandeRejected(demande=number, days=days):
                decided.setdefault(number, set()).update(days)
            case fact if isinstance(fact, DayDemanded):
                asked.setdefault(fact.demande, []).extend(_days_of(fact))
            case _:
                pass
    waiting = {number: [day for day in days if day not in decided.get(number, ())] for number, days in asked.items()}
    approved = (
        DemandeApproved(demande=number, days=tuple(days), decided_by="rule") for number, days in waiting.items() if days
    )
    return scene.after([*page, *(Placed(entry, NOWHERE) for entry in added)], approved)


def expected(scene: Scene, page: Sequence[Placed], months: Collection[Month]) -> list[Placed]:
    """A page on which every day that is reserved in these months, and of which nothing more was said, was come to."""
    child = evolve(None, (placed.entry for placed in page))
    assert child is not None, "a child's page has a line"
    return scene.after(page, (_came(scene, Wanted(key)) for key in _unsaid(child, months)))


def supposing(scene: Scene, home: Sequence[Placed], quotient: QuotientDecided) -> list[Placed]:
    """The page of a household that has this quotient and no other."""
    kept = [placed for placed in home if not isinstance(placed.entry.fact, QuotientDecided)]
    return [*kept, scene.placed(home[0].entry.stream, NOWHERE, quotient)]


def _days_of(fact: DayDemanded) -> Iterable[DecidedDay]:
    action = {"ReservationRequested": "reserve", "CancellationRequested": "cancel"}.get(type(fact).__name__, "absence")
    return (DecidedDay(day=day.day, unit=day.unit, action=action) for day in fact.days)  # type: ignore[arg-type]


def _unsaid(child: Child, months: Collection[Month]) -> list[SlotKey]:
    return [
        key
        for key, slot in child.slots.items()
        if key.day.isoformat()[:7] in months
        and slot.state == "reserved"
        and slot.absence is None
        and key not in child.attendance
    ]


def _came(scene: Scene, wanted: Wanted) -> AttendanceRecorded:
    """The child comes for as long as was said, or as long as the unit lasts."""
    activity, unit, day = wanted.key
    governed = scene.offer.governing(wanted.key)
    starts_at, ends_at = (governed.unit.starts_at, governed.unit.ends_at) if governed else (None, None)
    arrived_at = datetime.combine(day, starts_at or time(), UTC)
    left_at = None if ends_at is None else datetime.combine(day, ends_at, UTC)
    if wanted.minutes is not None:
        left_at = arrived_at + timedelta(minutes=wanted.minutes)
    if left_at is None or (starts_at is None and wanted.minutes is None):
        return AttendanceRecorded(activity=activity, unit=unit, day=day, presence="present")
    return AttendanceRecorded(
        activity=activity, unit=unit, day=day, presence="present", arrived_at=arrived_at, left_at=left_at
    )


# What they cost -----------------------------------------------------------------------------------------------------


@dataclass(kw_only=True, slots=True)
class _Counted:
    charges: list[Charge] = field(default_factory=list)
    missing: list[MissingDay] = field(default_factory=list)


def price_of(scene: Scene, families: Sequence[Family], slots: Collection[tuple[ChildId, SlotKey]]) -> Price:
    """What these days cost the households of these families."""
    found = _counted(scene, families, slots)
    return _price((dated(charge) for charge in found.charges), found.missing)


def months_of(days: Iterable[date]) -> list[Month]:
    """The months of some days, in order."""
    return [Month(month) for month in sorted({day.isoformat()[:7] for day in days})]


def _counted(scene: Scene, families: Sequence[Family], slots: Collection[tuple[ChildId, SlotKey]]) -> _Counted:
    found = _Counted()
    for family in families:
        stories = stories_of(family, scene.rules)
        for month in months_of(key.day for _, key in slots):
            worked = worked_out(stories, scene.offer, month)
            found.charges += [charge for charge in worked.charges if (charge.child, charge.key) in slots]
            found.missing += [
                day
                for day in worked.missing
                # A child supposed to come on a day it is not to come is no contradiction of facts.
                if day.why != "contradiction" and (day.child, SlotKey(day.activity, day.unit, day.day)) in slots
            ]
    return found


def dated(charge: Charge, *, taken_back: bool = False) -> tuple[Heading, BilledDay]:
    """A charge as a day of the line it belongs on, or of one that takes it back."""
    quantity = -charge.part.quantity if taken_back else charge.part.quantity
    day = BilledDay(day=charge.key.day, basis=charge.basis, quantity=quantity, lines=charge.lines)
    return heading_of(charge)._replace(taken_back=taken_back), day


def _price(dated: Iterable[tuple[Heading, BilledDay]], missing: Iterable[MissingDay]) -> Price:
    listed = list(dated)
    slots = frozenset((heading.child, SlotKey(heading.activity, heading.unit, day.day)) for heading, day in listed)
    return Price(lines=tuple(lines_of(listed)), missing=tuple(sorted(set(missing))), priced=slots)


def of_child(family: Family, child: ChildId, page: Sequence[Placed]) -> Family:
    """A family with another page of one of its children."""
    return replace(family, children={**family.children, child: page})
