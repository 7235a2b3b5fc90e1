"""An agent says whose day it is, having seen why: weeks and holidays, a dated exception, the end of it.

What was said holds from its first day, past days included: a judge's decision often reaches the town late. Days already
booked stay as they are; what may be done about them follows the new days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.town_days import town_day
from ledger.child import Child
from ledger.events import CustodyAgreed, CustodyEnded, CustodyExcepted, CustodyStatement, HolidayHalves, ProofSeen, Week
from ledger.identifiers import ChildId, Commune, HouseholdId, Stream
from ledger.store import Write
from ledger.streams import child_page
from rulebook.custody import households_in

TWO_HOUSEHOLDS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreeCustody:
    """Custody alternates from a day on. A fixed weekly pattern has twice the same week."""

    child: ChildId
    household: HouseholdId
    """The household in whose file the agent writes: one of the child's."""
    first_day: date
    even_week: Week
    odd_week: Week
    holidays: HolidayHalves | None
    proof: ProofSeen

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Agreed between the two households of the child, each having days."""
        fact = CustodyAgreed(
            first_day=self.first_day,
            even_week=self.even_week,
            odd_week=self.odd_week,
            holidays=self.holidays,
            proof=self.proof,
        )
        if len({*self.even_week, *self.odd_week}) < TWO_HOUSEHOLDS:
            return _said(known, self.child, self.household, fact, otherwise="custody_one_sided")
        return _said(known, self.child, self.household, fact)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExceptCustody:
    """These days, both included, are a household's, whatever the weeks say."""

    child: ChildId
    household: HouseholdId
    first_day: date
    last_day: date
    holder: HouseholdId
    """Whose the days are."""
    proof: ProofSeen

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Excepted from what was agreed."""
        fact = CustodyExcepted(
            first_day=self.first_day, last_day=self.last_day, household=self.holder, proof=self.proof
        )
        reversed_period = "period_reversed" if self.first_day > self.last_day else None
        return _said(known, self.child, self.household, fact, otherwise=reversed_period)


@dataclass(frozen=True, kw_only=True, slots=True)
class EndCustody:
    """From a day on every day is everybody's. What a household did not see of the other's past, it never will."""

    child: ChildId
    household: HouseholdId
    first_day: date
    proof: ProofSeen

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Ended, if it was ever agreed."""
        fact = CustodyEnded(first_day=self.first_day, proof=self.proof)
        return _said(known, self.child, self.household, fact)


def _said(
    known: Known, child: ChildId, household: HouseholdId, fact: CustodyStatement, *, otherwise: str | None = None
) -> Outcome:
    """The statement on the child's page, or the first thing wrong with it; `otherwise` is what is wrong in itself."""
    page = known.child(child)
    if page.state is None:
        return refused("unknown_child", child=child)
    if household not in page.state.households:
        return refused("unknown_household", child=child)
    code = _code(page.state, fact) or otherwise
    if code is not None:
        return refused(code, child=child)
    if not households_in(fact) <= set(page.state.households):
        return refused("unknown_household", child=child)
    if fact.proof.seen_on > town_day(known.rules, known.now):
        return Refused(refusals=(Refusal(code="day_not_come", child=child, day=fact.proof.seen_on),))
    return Accepted(writes=[Write(page=page, facts=[fact])])


def _code(child: Child, fact: CustodyStatement) -> str | None:
    if not isinstance(fact, CustodyAgreed) and not child.custody:
        return "custody_not_agreed"
    if not isinstance(fact, CustodyEnded) and len(child.households) < TWO_HOUSEHOLDS:
        return "not_two_households"
    return None
