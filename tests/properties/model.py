"""The règlement of the machine's town, told a second time and as simply as possible.

It knows nothing of pages, facts or SQL: boxes of children, demandes, places counted by looking at every box.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

Outcome = Literal["pending", "approved", "rejected", "withdrawn"]

LIMITS = {"mercredis": 2, "cantine": 2, "vacances": 1}
BY_RULE = {"cantine"}
HELD_FROM_APPROVAL = {"vacances"}
UNITS = {
    "mercredis": {"journee": ("apres-midi", "matinee"), "matinee": ("matinee",), "apres-midi": ("apres-midi",)},
    "cantine": {"repas": ("repas",), "panier": ("panier",)},
    "vacances": {"journee": ("journee",)},
}
"""The units of each activity, which all exclude one another, and the places each takes."""

DAYS = {
    "mercredis": (date(2024, 3, 27), date(2024, 4, 3)),
    "cantine": (date(2024, 3, 26), date(2024, 3, 28)),
    "vacances": (date(2024, 4, 8), date(2024, 4, 9)),
}
FIRST_DAY, LAST_DAY = date(2023, 9, 1), date(2024, 7, 5)


class Box(NamedTuple):
    """A unit of an activity on a day, of a child."""

    child: str
    activity: str
    day: date
    unit: str


@dataclass
class Ticked:
    """What stands in a box."""

    state: str
    demande: int
    removal: int | None = None
    absence: str | None = None
    household: str | None = None
    """The one that booked it."""

    def holds(self, box: Box) -> bool:
        return self.state != "awaiting_add" or box.activity not in HELD_FROM_APPROVAL


@dataclass
class Asked:
    """A demande."""

    child: str
    activity: str
    days: dict[tuple[date, str, str], Outcome]
    """By day, unit and action."""

    @property
    def status(self) -> str:
        ends = set(self.days.values())
        if "pending" in ends:
            return "en_cours"
        if "approved" in ends:
            return "traitee_positivement"
        return "retiree" if "withdrawn" in ends else "traitee_negativement"


Place = tuple[str, str, date]
"""An activity, the unit that is counted, a day."""

Codes = set[tuple[date, str, str]]
"""Days, units and refusal codes."""


@dataclass
class Model:
    """All that is true in the town."""

    boxes: dict[Box, Ticked] = field(default_factory=dict)
    demandes: dict[int, Asked] = field(default_factory=dict)
    limits: dict[Place, int | None] = field(default_factory=dict)
    closed: set[tuple[date, str | None]] = field(default_factory=set)
    enrolled: dict[tuple[str, str], list[tuple[date, date]]] = field(default_factory=dict)
    attendance: dict[Box, str] = field(default_factory=dict)
    through: dict[str, str] = field(default_factory=dict)
    """The household in whose name each child's days are asked for."""
    custody: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Whose the even weeks and the odd weeks are, where they alternate."""
    apart: set[str] = field(default_factory=set)
    """The children of whom custody was ever said to alternate."""
    late: bool = False
    """Every day of the machine has come: nothing can be booked or given up any more."""

    # Places

    def _chairs(self) -> set[tuple[str, Place]]:
        """Who sits where: a child that holds a place twice sits on one chair."""
        return {
            (box.child, (box.activity, unit, box.day))
            for box, ticked in self.boxes.items()
            if ticked.holds(box)
            for unit in UNITS[box.activity][box.unit]
        }

    def taken(self) -> Counter[Place]:
        return Counter(place for _, place in self._chairs())

    def limit(self, place: Place) -> int | None:
        return self.limits.get(place, LIMITS[place[0]])

    def _short(self, box: Box) -> set[Place]:
        """The places a box needs, that its child does not hold and that nobody can have any more."""
        taken, chairs = self.taken(), self._chairs()
        places = {(box.activity, unit, box.day) for unit in UNITS[box.activity][box.unit]}
        return {
            place
            for place in places
            if (box.child, place) not in chairs
            and (limit := self.limit(place)) is not None
            and taken[place] + 1 > limit
        }

    # Asking

    def _of_others(self, box: Box) -> bool:
        """Whether it is a day of custody of another household than the one that asks."""
        weeks = self.custody.get(box.child)
        return weeks is not None and weeks[box.day.isocalendar().week % 2] != self.through[box.child]

    def _hidden(self, box: Box) -> bool:
        """Whether an absence of the box is another household's to know."""
        return box.child in self.apart and self.boxes[box].household != self.through[box.child]

    def _code(self, box: Box, action: str, ticks: dict[Box, str]) -> str | None:
        """Why a box cannot be changed; `ticks` is what the child's boxes would be."""
        periods = self.enrolled.get((box.child, box.activity), [])
        if action == "reserve" and not any(first <= box.day <= last for first, last in periods):
            return "outside_enrolment" if periods else "not_enrolled"
        if self.closed & {(box.day, None), (box.day, box.activity)}:
            return "day_closed"
        if self._of_others(box):
            return "custody"
        state = ticks.get(box)
        if action == "cancel":
            if state != "reserved":
                return "not_reserved" if state is None else "already_awaiting"
            if self.boxes[box].absence not in (None, "unjustified") and not self._hidden(box):
                return "already_declared"
            return "deadline_passed" if self.late else None
        if state is not None:
            return "already_reserved" if state == "reserved" else "already_awaiting"
        if self.late:
            return "deadline_passed"
        beside = {box._replace(unit=unit) for unit in UNITS[box.activity]} - {box}
        if any(ticks.get(other) not in (None, "awaiting_removal") for other in beside):
            return "unit_conflict"
        return None

    def submit(self, wishes: dict[Box, str]) -> Codes:
        """Why it is refused; nothing when it is accepted. Every impossible day is told, the full ones too."""
        refused, accepted = self._judge(wishes, set())
        claiming = [box for box in accepted if wishes[box] == "reserve" and box.activity not in HELD_FROM_APPROVAL]
        short = {place for box in claiming for place in self._short(box)}
        return self._judge(wishes, short)[0] if short else refused

    def _judge(self, wishes: dict[Box, str], short: set[Place]) -> tuple[Codes, list[Box]]:
        ticks = {box: ticked.state for box, ticked in self.boxes.items()}
        refused, accepted = Codes(), []
        for box, action in sorted(wishes.items(), key=lambda wish: (wish[1] != "cancel", wish[0])):
            code = self._code(box, action, ticks)
            if code is None and action == "reserve" and self._short(box) & short:
                code = "no_place_left"
            if code is not None:
                refused.add((box.day, box.unit, code))
            else:
                accepted.append(box)
                ticks[box] = "awaiting_add" if action == "reserve" else "awaiting_removal"
        return refused, accepted

    def submitted(self, number: int, wishes: dict[Box, str]) -> None:
        box = next(iter(wishes))
        self.demandes[number] = Asked(
            box.child, box.activity, {(b.day, b.unit, action): "pending" for b, action in wishes.items()}
        )
        for each, action in wishes.items():
            if action == "reserve":
                self.boxes[each] = Ticked("awaiting_add", number, household=self.through[each.child])
            else:
                self.boxes[each].state, self.boxes[each].removal = "awaiting_removal", number
        if box.activity in BY_RULE:
            self.decided(number, set(self.demandes[number].days))

    # Deciding

    def decide(self, number: int, approved: set[tuple[date, str, str]]) -> Codes:
        asked, refused = self.demandes[number], Codes()
        for day, unit, action in approved:
            box = Box(asked.child, asked.activity, day, unit)
            if action != "reserve":
                if asked.days[day, unit, action] == "pending" and self.attendance.get(box) == "present":
                    refused.add((day, unit, "recorded_present"))
                continue
            if asked.activity in HELD_FROM_APPROVAL and self._short(box):
                refused.add((day, unit, "no_place_left"))
            others = {box._replace(unit=other) for other in UNITS[box.activity]} - {box}
            for other in others:
                there = other in self.boxes and self.boxes[other].state != "awaiting_add"
                if there and (day, other.unit, "cancel") not in approved:
                    refused.add((day, unit, "unit_conflict"))
        return refused

    def decided(self, number: int, approved: set[tuple[date, str, str]], otherwise: Outcome = "rejected") -> None:
        asked = self.demandes[number]
        for key, outcome in asked.days.items():
            if outcome == "pending":
                self._settle(asked, key, "approved" if key in approved else otherwise)

    def _settle(self, asked: Asked, key: tuple[date, str, str], outcome: Outcome) -> None:
        day, unit, action = key
        box = Box(asked.child, asked.activity, day, unit)
        asked.days[key] = outcome
        if action == "absence":
            again = self.boxes[box].absence == "declared_again"
            ends = {"approved": "justified", "rejected": "unjustified", "withdrawn": "unjustified" if again else None}
            self.boxes[box].absence = ends[outcome]
        elif (action == "reserve") == (outcome == "approved"):
            self.boxes[box].state, self.boxes[box].removal = "reserved", None
        else:
            del self.boxes[box]

    def declared(self, number: int, box: Box) -> None:
        self.demandes[number] = Asked(box.child, box.activity, {(box.day, box.unit, "absence"): "pending"})
        again = self.boxes[box].absence == "unjustified"
        self.boxes[box].absence = "declared_again" if again else "declared"

    def absence_code(self, box: Box) -> str | None:
        """Why an absence cannot be declared."""
        if self._of_others(box):
            return "custody"
        ticked = self.boxes.get(box)
        if ticked is None or ticked.state == "awaiting_add":
            return "not_reserved"
        if ticked.state == "awaiting_removal":
            return "already_awaiting"
        if self.attendance.get(box) == "present":
            return "recorded_present"
        if ticked.absence not in (None, "unjustified"):
            return "day_settled" if self._hidden(box) else "already_declared"
        if self.late:
            return None
        return "day_not_come" if self.closed & {(box.day, None), (box.day, box.activity)} else "still_cancellable"

    def end_code(self, box: Box) -> str | None:
        """Why an enrolment cannot end before a box."""
        ticked = self.boxes[box]
        if ticked.state != "reserved":
            return "already_awaiting"
        if self.attendance.get(box) == "present":
            return "recorded_present"
        return "already_declared" if ticked.absence in ("declared", "declared_again") else None

    # Leaving

    def later(self, child: str, activity: str, last_day: date) -> dict[Box, Ticked]:
        """What the child has after a day, while it is enrolled."""
        end = max(last for _, last in self.enrolled[child, activity])
        return {
            box: ticked
            for box, ticked in self.boxes.items()
            if (box.child, box.activity) == (child, activity) and last_day < box.day <= end
        }

    def having(self, state: str) -> list[Box]:
        """The boxes that stand so."""
        return sorted(box for box, ticked in self.boxes.items() if ticked.state == state)

    def open_numbers(self) -> list[int]:
        return sorted(number for number, asked in self.demandes.items() if asked.status == "en_cours")
