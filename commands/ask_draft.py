"""The régisseur asks for the draft of a month: a working paper, so that nothing is written in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from commands.close_month import first_of_next
from commands.outcome import Accepted, Known, Outcome, refused
from commands.town_days import town_day
from ledger.identifiers import Commune, Month, Stream
from ledger.regie import Regie
from ledger.streams import regie_page


@dataclass(frozen=True, kw_only=True, slots=True)
class AskDraft:
    """As often as is wanted, until the month is closed."""

    month: Month

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the régie."""
        return [regie_page(commune)]

    def decide(self, known: Known) -> Outcome:
        """Accepted, unless the month is closed, has not begun, or no rulebook governs a day of it."""
        regie = known.regie().state or Regie()
        if regie.closing(self.month) is not None:
            return refused("month_closed")
        if date.fromisoformat(f"{self.month}-01") > town_day(known.rules, known.now):
            return refused("month_not_begun")
        if known.rules.on(first_of_next(self.month) - timedelta(days=1)) is None:
            return refused("no_rulebook")
        return Accepted(writes=())
