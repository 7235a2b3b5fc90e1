"""The titres of a closed month are issued, some households at a time: a consequence of the close, decided by nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import BilledLine, MonthClosed, TitreIssued
from ledger.identifiers import Commune, HouseholdId, Month, Stream, TitreNumber
from ledger.regie import Regie, titre_number
from ledger.store import Write
from ledger.streams import payer_page, regie_page


@dataclass(frozen=True, kw_only=True, slots=True)
class BillToIssue:
    """The lines of a household; one that has none gets no titre."""

    household: HouseholdId
    lines: tuple[BilledLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueTitres:
    """Exactly once for a household and a month, whoever else issues the same ones, and however often it is asked."""

    month: Month
    digest: str
    """Of all the bills of the month, worked out again from the facts: held against what the close says."""
    place: int
    """How many bills of the month come before these."""
    bills: Sequence[BillToIssue]
    """One after the other, in the order of their households."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the régie, and those of the payers."""
        return [regie_page(commune), *(payer_page(commune, bill.household) for bill in self.bills)]

    def decide(self, known: Known) -> Outcome:
        """Issued to those that have none yet, unless the month is not closed, or not with these bills."""
        closed = (known.regie().state or Regie()).closing(self.month)
        if closed is None:
            return refused("month_not_closed")
        if closed.digest != self.digest or self.place + len(self.bills) > closed.titres:
            return refused("bills_differ")
        writes: list[Write] = []
        for number, bill in enumerate(self.bills, start=closed.first_number + self.place):
            page = known.payer(bill.household)
            titre = titre_number(closed.year, number)
            issued = page.state.of_month(self.month) if page.state else None
            if issued is None:
                writes.append(Write(page=page, facts=[_titre(titre, bill, closed)]))
            elif issued.number != titre:
                return refused("titre_differs")
        return Accepted(writes=writes)


def _titre(number: TitreNumber, bill: BillToIssue, closed: MonthClosed) -> TitreIssued:
    assert bill.lines, "a household that owes nothing gets no titre"
    assert all(line.amount_cents == line.quantity * line.unit_price_cents for line in bill.lines), "a line that lies"
    return TitreIssued(
        titre=number,
        household=bill.household,
        month=closed.month,
        position=closed.position,
        issued_on=closed.issued_on,
        due_on=closed.due_on,
        total_cents=sum(line.amount_cents for line in bill.lines),
        lines=bill.lines,
    )
