"""Until when an absence may be declared, and what it takes."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ledger.days import ONE_DAY, ONE_MINUTE, latest_instant
from ledger.identifiers import Slug
from rulebook.counting import FARTHEST, MOST_STEPS, OLDEST, ONE_MICROSECOND, is_skipped
from rulebook.rulebook import Activity, Instruction, Rulebook

END_OF_DAY = time(23, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceWindow:
    """What a family must respect to declare one day of absence. Instants are aware, in UTC; ends are exclusive."""

    closes_at: datetime | None
    """None when an absence may be declared for ever."""
    notice_closes_at: datetime | None
    """Until when the service had to be warned for the absence to count at once; None when no notice is asked."""
    reasons: frozenset[Slug]
    document_reasons: frozenset[Slug]
    article: str
    instruction: Instruction
    waiting_days: int
    waiting_hours: int
    minimum_run_days: int

    def needs_document(self, reason: Slug) -> bool:
        """Whether a reason requires a document."""
        return reason in self.document_reasons

    @property
    def last_instant(self) -> datetime | None:
        """The last instant at which it may be declared, to the microsecond."""
        return None if self.closes_at is None else self.closes_at - ONE_MICROSECOND

    def is_late(self, now: datetime) -> bool:
        """Whether a declaration made now comes too late."""
        return self.closes_at is not None and now >= self.closes_at


def window(rulebook: Rulebook, activity: Activity, day: date) -> AbsenceWindow | None:
    """The window to declare the absence of a day; None when the activity takes no declaration.

    Days after are counted without the absence itself: 15 days after the 5th run to the end of the 20th.
    """
    rule = activity.absence
    if rule is None:
        return None
    day = min(max(day, OLDEST), FARTHEST)
    closes_at = None
    if rule.days_after is not None:
        last_day = _days_on(activity, day, rule.days_after)
        closes_at = latest_instant(datetime.combine(last_day, END_OF_DAY), rulebook.timezone) + ONE_MINUTE
    notice_closes_at = None
    if rule.notice_at is not None:
        notice_day = day - timedelta(days=rule.notice_days_before)
        notice_closes_at = latest_instant(datetime.combine(notice_day, rule.notice_at), rulebook.timezone) + ONE_MINUTE
    return AbsenceWindow(
        closes_at=closes_at,
        notice_closes_at=notice_closes_at,
        reasons=rule.reasons,
        document_reasons=rule.document_reasons,
        article=rule.article,
        instruction=rule.instruction,
        waiting_days=rule.waiting_days,
        waiting_hours=rule.waiting_hours,
        minimum_run_days=rule.minimum_run_days,
    )


def _days_on(activity: Activity, day: date, count: int) -> date:
    skipped = activity.absence.skipped if activity.absence else frozenset()
    for _ in range(MOST_STEPS):
        if count <= 0:
            break
        day += ONE_DAY
        if not is_skipped(activity, skipped, day):
            count -= 1
    return day
