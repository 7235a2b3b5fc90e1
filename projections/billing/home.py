"""What a household's page says of its prices: its quotients and its tariff status, with the lines that say them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ledger.events import QuotientDecided, QuotientUsed, TariffStatusDecided
from projections.billing.family import Placed
from rulebook.tariffs import QuotientRule, quotient_on


class Held(NamedTuple):
    """A quotient, as prices need it and as an invoice names it."""

    decided: QuotientDecided
    used: QuotientUsed


class Said(NamedTuple):
    """A quotient on its line."""

    decided: QuotientDecided
    line: int
    position: int

    def held(self) -> Held:
        """As prices need it and as an invoice names it."""
        decided = self.decided
        used = QuotientUsed(
            amount_cents=decided.amount_cents, source=decided.source, first_day=decided.first_day, line=self.line
        )
        return Held(decided, used)


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """The quotients and the statuses of a household, in the order they were recorded."""

    quotients: tuple[Said, ...]
    statuses: tuple[TariffStatusDecided, ...]

    def until(self, position: int) -> "Home":
        """The household as a month closed at a position goes on to see it: quotients said since change nothing.

        Unless the town chose to go back on months that are past.
        """
        kept = tuple(said for said in self.quotients if said.position <= position or said.decided.regularisation)
        return Home(quotients=kept, statuses=self.statuses)

    def quotient_on(self, rule: QuotientRule, day: date) -> Held | None:
        """The quotient that holds on a day."""
        if not self.quotients:
            return None
        found = quotient_on(rule, [said.decided for said in self.quotients], day)
        if found is None:
            return None
        return next(said.held() for said in reversed(self.quotients) if said.decided == found)

    def status_on(self, day: date) -> TariffStatusDecided | None:
        """The status that holds on a day: of those begun, the one that began last, and of two the last recorded."""
        begun = [status for status in self.statuses if status.first_day <= day]
        latest = max((status.first_day for status in begun), default=None)
        return next((status for status in reversed(begun) if status.first_day == latest), None)


def home_of(page: Sequence[Placed]) -> Home:
    """A household's page, as its prices need it."""
    return Home(
        quotients=tuple(
            Said(entry.fact, entry.version, position)
            for entry, position in page
            if isinstance(entry.fact, QuotientDecided)
        ),
        statuses=tuple(entry.fact for entry, _ in page if isinstance(entry.fact, TariffStatusDecided)),
    )
