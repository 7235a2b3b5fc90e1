"""The régie's page folded: the months that are closed, and where its numbers have come to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger.entry import Entry
from ledger.events import CollectionSent, MonthClosed
from ledger.identifiers import CollectionId, Month, TitreNumber


def titre_number(year: int, number: int) -> TitreNumber:
    """How a number of a year is written."""
    return TitreNumber(f"{year}-{number:06d}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Regie:
    """What a town has billed."""

    months: tuple[MonthClosed, ...] = ()
    """In the order they were closed, which is that of the calendar."""
    collections: tuple[CollectionId, ...] = ()

    def closing(self, month: Month) -> MonthClosed | None:
        """How a month was closed."""
        return next((closed for closed in self.months if closed.month == month), None)

    def last(self) -> MonthClosed | None:
        """The last month that was closed."""
        return self.months[-1] if self.months else None

    def without_last(self) -> "Regie":
        """Before the last month was closed."""
        return replace(self, months=self.months[:-1])

    def next_number(self, year: int) -> int:
        """The number the next titre of a year takes."""
        return 1 + sum(closed.titres for closed in self.months if closed.year == year)


def evolve(regie: Regie | None, entries: Iterable[Entry]) -> Regie:
    """The régie after these entries of its page."""
    regie = regie or Regie()
    for entry in entries:
        match entry.fact:
            case MonthClosed() as closed:
                before = regie.without_last().months if closed.instead_of is not None else regie.months
                regie = replace(regie, months=(*before, closed))
            case CollectionSent(collection=collection):
                regie = replace(regie, collections=(*regie.collections, collection))
    return regie
