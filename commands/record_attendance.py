"""An agent writes down who came, for a whole day sheet at once; doing it again corrects it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from ledger.child import Attendance, Child, SlotKey
from ledger.days import local_day
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
        if self.day > local_day(known.now, rulebook.timezone):
            return refused("day_not_come")
        if activity is None or unit not in offered(rulebook, activity, self.day):
            return refused("not_a_day_of_this_activity")
        zone = rulebook.timezone
        refusals = tuple(refusal for mark in self.marks for refusal in self._refusals(known, mark, unit, zone))
        if refusals:
            return Refused(refusals=refusals)
        return Accepted(writes=[write for mark in self.marks for write in self._writes(known, mark)])

    def _refusals(self, known: Known, mark: Mark, unit: Unit, zone: ZoneInfo) -> Iterator[Refusal]:
        times = [at for at in (mark.arrived_at, mark.left_at) if at is not None]
        child, code = known.child(mark.child).state, None
        if child is None:
            code = "unknown_child"
        elif self._closed(known, child):
            code = "day_closed"
        elif times and (mark.presence == "absent" or not unit.by_duration):
            code = "times_not_expected"
        elif (mark.left_at and not mark.arrived_at) or times != sorted(times) or not self._today(times, known, zone):
            code = "times_out_of_order"
        elif sum(other.child == mark.child for other in self.marks) > 1:
            code = "child_twice"
        elif mark.presence == "present" and any(self._came(child, other) for other in unit.excludes):
            code = "unit_conflict"
        if code is not None:
            yield Refusal(code=code, article=unit.article, child=mark.child, day=self.day, unit=self.unit)

    def _closed(self, known: Known, child: Child) -> bool:
        enrolment = child.enrolment_on(self.activity, self.day)
        site = enrolment.site if enrolment else None
        return known.rules.closure(self.activity, self.day, site=site) is not None

    def _today(self, times: Sequence[datetime], known: Known, zone: ZoneInfo) -> bool:
        """Whether hours are of the sheet's day, and past."""
        return all(at <= known.now and at.astimezone(zone).date() == self.day for at in times)

    def _came(self, child: Child, unit: Slug) -> bool:
        seen = child.attendance.get(SlotKey(self.activity, unit, self.day))
        return seen is not None and seen.presence == "present"

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
