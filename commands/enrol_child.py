"""The town accepts a child in an activity for a period, and ends it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from ledger.child import Child, Enrolment, Slot, SlotKey
from ledger.events import (
    CancellationRequested,
    CancelledDay,
    ChildEnrolled,
    ChildFact,
    DecidedDay,
    DemandeApproved,
    EnrolmentEnded,
)
from ledger.identifiers import UNNUMBERED, ChildId, Commune, EnrolmentId, HouseholdId, Slug, Stream, Version
from ledger.store import Write
from ledger.streams import child_page
from rulebook.rulebook import Activity


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolChild:
    """Enrols a child from a day to a day, both included, at a site and in a group where the activity has some."""

    child: ChildId
    enrolment: EnrolmentId
    activity: Slug
    first_day: date
    last_day: date
    site: Slug | None = None
    group: Slug | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Enrolled, unless the activity does not exist so or the child is enrolled in it already."""
        page = known.child(self.child)
        if page.state is None:
            return refused("unknown_child", child=self.child)
        code = self._code(self._activity(known), page.state)
        if code is not None:
            return refused(code, child=self.child)
        fact = ChildEnrolled(
            enrolment=self.enrolment,
            activity=self.activity,
            site=self.site,
            group=self.group,
            first_day=self.first_day,
            last_day=self.last_day,
        )
        return Accepted(writes=[Write(page=page, facts=[fact])])

    def _activity(self, known: Known) -> Activity | None:
        """The activity in any rulebook in force during the period; a period may begin before the first of them."""
        found = known.rules.activity(self.activity, self.last_day) or known.rules.activity(
            self.activity, self.first_day
        )
        if found is not None:
            return found
        books = (book for book in known.rules.rulebooks if self.first_day <= book.in_force_from <= self.last_day)
        return next((book.activities[self.activity] for book in books if self.activity in book.activities), None)

    def _code(self, activity: Activity | None, child: Child) -> str | None:
        if activity is None:
            return "unknown_activity"
        if self.first_day > self.last_day:
            return "period_reversed"
        if not _among(self.site, activity.sites):
            return "unknown_site"
        if not _among(self.group, activity.groups):
            return "unknown_group"
        if self.enrolment in child.enrolments or any(map(self._overlaps, child.enrolments.values())):
            return "already_enrolled"
        return None

    def _overlaps(self, known: Enrolment) -> bool:
        return known.activity == self.activity and known.first_day <= self.last_day and self.first_day <= known.last_day


def _among(slug: Slug | None, names: Mapping[Slug, str]) -> bool:
    """Whether a site or a group is one of the activity's; none is needed where it has none."""
    return slug in names if names else slug is None


@dataclass(frozen=True, kw_only=True, slots=True)
class EndEnrolment:
    """Ends an enrolment after a day. What a household reserved later is cancelled under a number it can read."""

    child: ChildId
    enrolment: EnrolmentId
    last_day: date

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Ended, unless later days still wait for a decision: the agent decides those first."""
        page = known.child(self.child)
        enrolment = page.state.enrolments.get(self.enrolment) if page.state else None
        if page.state is None or enrolment is None:
            return refused("unknown_enrolment", child=self.child)
        if not enrolment.first_day <= self.last_day < enrolment.last_day:
            return refused("period_reversed", child=self.child)
        later = sorted(
            (key, slot)
            for key, slot in page.state.slots.items()
            if enrolment.covers(key.activity, key.day) and key.day > self.last_day
        )
        refusals = tuple(self._refusals(page.state, later))
        if refusals:
            return Refused(refusals=refusals)
        by_household: dict[HouseholdId, list[SlotKey]] = {}
        for key, slot in later:
            by_household.setdefault(slot.household, []).append(key)
        writes = [
            Write(page=page, facts=_cancelled(known, household, enrolment.activity, keys))
            for household, keys in by_household.items()
        ]
        ended = EnrolmentEnded(enrolment=self.enrolment, last_day=self.last_day)
        return Accepted(writes=[*writes, Write(page=page, facts=[ended])])

    def _refusals(self, child: Child, later: Sequence[tuple[SlotKey, Slot]]) -> Iterator[Refusal]:
        for key, slot in later:
            seen = child.attendance.get(key)
            code = None
            if slot.state != "reserved":
                code = "already_awaiting"
            elif seen is not None and seen.presence == "present":
                code = "recorded_present"
            elif slot.absence in ("declared", "declared_again"):
                code = "already_declared"
            if code is not None:
                yield Refusal(code=code, child=self.child, day=key.day, unit=key.unit, action="cancel")


def _cancelled(known: Known, household: HouseholdId, activity: Slug, keys: Sequence[SlotKey]) -> list[ChildFact]:
    """The demande that gives up the days a household booked: under an alternating custody each reads its own."""
    days = []
    for key in keys:
        rulebook = known.rules.on(key.day)
        described = rulebook.activities.get(activity) if rulebook else None
        article = described.article if described else ""
        version = rulebook.version if rulebook else Version("")
        days.append(CancelledDay(day=key.day, unit=key.unit, rulebook=version, article=article, deadline=None))
    asked = CancellationRequested(
        demande=UNNUMBERED, household=household, activity=activity, days=tuple(days), origin="counter"
    )
    decided = tuple(DecidedDay(day=key.day, unit=key.unit, action="cancel") for key in keys)
    return [asked, DemandeApproved(demande=UNNUMBERED, days=decided, decided_by="agent")]
