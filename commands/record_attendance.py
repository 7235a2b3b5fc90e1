"""An agent writes down who came, for a whole day sheet at once; doing it again corrects it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from ledger.child import Attendance, SlotKey
from ledger.events import AttendanceRecorded, Presence
from ledger.identifiers import ChildId, Commune, Slug, Stream
from ledger.store import Write
from ledger.streams import child_page
from rulebook.openings import offered
from rulebook.rulebook import Unit


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One line of the sheet."""

    child: ChildId
    presence: Presence
    arrived_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordAttendance:
    """Writes only the lines that change something. A child may be present without a reservation."""

    activity: Slug
    unit: Slug
    day: date
    marks: Sequence[Mark]

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the children on the sheet."""
        return [child_page(commune, child) for child in dict.fromkeys(mark.child for mark in self.marks)]

    def decide(self, known: Known) -> Outcome:
        """Every line, or none when one of them is impossible."""
        rulebook = known.rules.on(self.day)
        activity = rulebook.activities.get(self.activity) if rulebook else None
        unit = activity.units.get(self.unit) if activity else None
        if rulebook is None or unit is None:
            return refused("not_a_day_of_this_activity")
        if self.day > known.now.astimezone(rulebook.timezone).date():
            return refused("day_not_come")
        if known.rules.closure(self.activity, self.day, site=None) is not None:
            return refused("day_closed")
        if activity is None or unit not in offered(rulebook, activity, self.day):
            return refused("not_a_day_of_this_activity")
        refusals = tuple(refusal for mark in self.marks for refusal in self._refusals(known, mark, unit))
        if refusals:
            return Refused(refusals=refusals)
        return Accepted(writes=[write for mark in self.marks for write in self._writes(known, mark)])

    def _refusals(self, known: Known, mark: Mark, unit: Unit) -> Iterator[Refusal]:
        times = [at for at in (mark.arrived_at, mark.left_at) if at is not None]
        code = None
        if known.child(mark.child).state is None:
            code = "unknown_child"
        elif times and (mark.presence == "absent" or not unit.by_duration):
            code = "times_not_expected"
        elif times != sorted(times) or any(at > known.now for at in times):
            code = "times_out_of_order"
        elif sum(other.child == mark.child for other in self.marks) > 1:
            code = "child_twice"
        if code is not None:
            yield Refusal(code=code, child=mark.child, day=self.day, unit=self.unit)

    def _writes(self, known: Known, mark: Mark) -> Iterator[Write]:
        page = known.child(mark.child)
        assert page.state is not None
        seen = page.state.attendance.get(SlotKey(self.activity, self.unit, self.day))
        if seen == Attendance(mark.presence, mark.arrived_at, mark.left_at):
            return
        fact = AttendanceRecorded(
            activity=self.activity,
            unit=self.unit,
            day=self.day,
            presence=mark.presence,
            arrived_at=mark.arrived_at,
            left_at=mark.left_at,
        )
        yield Write(page=page, facts=[fact])
