"""The bill of a household: the lines of its month, what closed months owe by now and did not then, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.events import BilledLine, MonthClosed
from ledger.identifiers import HouseholdId, Month
from projections.billing.family import Family, MissingDay, Placed
from projections.billing.lines import lines_of_month
from projections.billing.month import stories_of, worked_out
from projections.billing.offer import offer_of
from projections.billing.regularising import regularised
from rulebook.town import Rules

__all__ = ["Bill", "MissingDay", "bill"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What a household would be asked for."""

    household: HouseholdId
    lines: tuple[BilledLine, ...]
    """Sorted: the month's own lines, then the regularisations by month; then child, activity, unit, nature."""
    missing: tuple[MissingDay, ...]

    @property
    def total_cents(self) -> int:
        """All lines together."""
        return sum(line.amount_cents for line in self.lines)


def bill(
    family: Family, rules: Rules, month: Month, *, closed: Sequence[MonthClosed] = (), town: Sequence[Placed] = ()
) -> Bill:
    """The bill of a month: its lines, and the regularisations of the months closed before it.

    `rules` and `town` (the lines of the town's page, to name causes) stand as of the position that is billed up to.
    Pure: the same family, rules and closed months give the same bytes. Of the payer's page, only the titres of the
    months closed before are read, which must all be there.
    """
    stories, offer = stories_of(family, rules), offer_of(rules)
    own = worked_out(stories, offer, month)
    before = [closing for closing in closed if closing.month < month]
    later, missing = regularised(family, stories, offer, before, town)
    lines = (*lines_of_month(own.charges), *later)
    return Bill(household=family.household, lines=lines, missing=tuple(sorted([*own.missing, *missing])))
