"""The bill of a household: the lines of its month, what closed months owe by now and did not then, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger.events import BilledLine, MonthClosed
from ledger.identifiers import ChildId, HouseholdId, Month, Slug
from projections.billing.family import Family, Placed
from rulebook.dues import Missing
from rulebook.town import Rules


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class MissingDay:
    """A day of the month, or of a closed one, that cannot be billed yet, and why."""

    child: ChildId
    activity: Slug
    unit: Slug
    day: date
    why: Missing
    article: str = ""


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
    Pure: the same family, rules and closed months give the same bytes.
    """
    raise NotImplementedError
