"""The régisseur closes a month on the draft they have looked at: every titre follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.town_days import town_day
from ledger.events import MonthClosed
from ledger.identifiers import Commune, Month, Stream
from ledger.regie import Regie
from ledger.store import Write
from ledger.streams import regie_page


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftFound:
    """What a draft of the month came to."""

    position: int
    after: Month | None
    """The last month that was closed when it was made: what it owes to closed months is worked out from that one on."""
    titres: int
    total_cents: int
    digest: str
    missing: int
    """Days that cannot be billed yet."""
    earliest: Month | None = None
    """A month before it that has something to bill or to complete, in a town that has closed none."""
    held: bool = True
    """Whether its bills are still those it was made of."""
    unknown_since: datetime | None = None
    """When the first line that it does not know was recorded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseMonth:
    """Once, for ever. The same close again is accepted, and writes nothing."""

    month: Month
    position: int
    """Of the draft that was looked at."""
    draft: DraftFound | None
    """The draft there is now."""
    leave_out: bool = False
    """Close without the days that cannot be billed yet: they come later, as regularisations."""
    instead_of: str | None = None
    """The digest of the last close, of this month, which the facts do not give and no titre is of: it is replaced."""
    from_here: bool = False
    """Of a town that has closed no month: what is before this one will never be billed here."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the régie: its version lets nobody else close at the same time."""
        return [regie_page(commune)]

    def decide(self, known: Known) -> Outcome:
        """Closed, unless it cannot be billed yet, or the draft is not the one that was looked at."""
        page = known.regie()
        regie = page.state or Regie()
        before = regie.closing(self.month)
        if before is not None and (before != regie.last() or before.digest != self.instead_of):
            return self._again(before)
        if before is not None:
            regie = regie.without_last()
        draft = self.draft
        issued_on = town_day(known.rules, known.now)
        if first_of_next(self.month) > issued_on:
            return refused("month_not_over")
        last = regie.last()
        if last is not None and self.month != next_month(last.month):
            return _out_of_order(next_month(last.month))
        if draft is None:
            return refused("draft_missing")
        if draft.position != self.position or draft.after != (last.month if last else None):
            return refused("draft_stale")
        if not draft.held:
            return refused("draft_stale")
        if draft.unknown_since is not None and town_day(known.rules, draft.unknown_since) < first_of_next(self.month):
            return refused("draft_stale")
        if last is None and draft.earliest is not None and draft.earliest < self.month and not self.from_here:
            return _out_of_order(draft.earliest)
        if draft.missing and not self.leave_out:
            return refused("month_incomplete")
        rulebook = known.rules.on(issued_on)
        if rulebook is None or rulebook.regie is None:
            return refused("regie_missing")
        closed = MonthClosed(
            month=self.month,
            position=draft.position,
            year=issued_on.year,
            first_number=regie.next_number(issued_on.year),
            titres=draft.titres,
            total_cents=draft.total_cents,
            digest=draft.digest,
            issued_on=issued_on,
            due_on=issued_on + timedelta(days=rulebook.regie.payment_days),
            left_out=draft.missing,
            from_here=self.from_here and last is None,
            instead_of=before.digest if before is not None else None,
        )
        return Accepted(writes=[Write(page=page, facts=[closed])])

    def _again(self, closed: MonthClosed) -> Accepted | Refused:
        """A draft may be gone once its month is closed: what was looked at is told by its position."""
        return Accepted(writes=()) if closed.position == self.position else refused("month_closed")


def _out_of_order(earliest: Month) -> Refused:
    """Refused, with the month to begin with."""
    day = date.fromisoformat(f"{earliest}-01")
    return Refused(refusals=(Refusal(code="month_out_of_order", day=day),))


def first_of_next(month: Month) -> date:
    """The day from which a month is over."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1)


def next_month(month: Month) -> Month:
    """The month after."""
    return Month(first_of_next(month).isoformat()[:7])
