"""What bills come to, counted as they are worked out: of a slice, then of all slices together."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from projections.billing.bills import Bill
from projections.billing.drafts import Summary

_NUMBERS: Final = (
    "households",
    "bills",
    "lines",
    "day_prices",
    "total_cents",
    "credits",
    "regularisations",
    "regularised_cents",
)


class Sums:
    """A summary that grows."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._by_nature: Counter[str] = Counter()
        self._by_code: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self._meanwhile: Counter[str] = Counter()

    def take(self, bill: Bill) -> None:
        """One more household."""
        numbers = self._numbers
        numbers["households"] += 1
        numbers["bills"] += bool(bill.lines)
        numbers["lines"] += len(bill.lines)
        numbers["day_prices"] += day_prices(bill)
        numbers["total_cents"] += bill.total_cents
        numbers["credits"] += bill.total_cents < 0
        for line in bill.lines:
            self._by_nature[line.nature] += line.amount_cents
            self._by_code[line.code] += line.amount_cents
            if line.regularises is not None:
                numbers["regularisations"] += 1
                numbers["regularised_cents"] += line.amount_cents
        self._missing.update(day.why for day in bill.missing if not day.billed)
        self._meanwhile.update(day.why for day in bill.missing if day.billed)

    def add(self, summaries: Iterable[Summary]) -> None:
        """Those of slices."""
        for summary in summaries:
            self._numbers.update({name: summary[name] for name in _NUMBERS})
            self._by_nature.update(summary["by_nature"])
            self._by_code.update(summary["by_code"])
            self._missing.update(summary["missing"])
            self._meanwhile.update(summary["meanwhile"])

    def summary(self) -> Summary:
        """What it has come to."""
        numbers = self._numbers
        return Summary(
            households=numbers["households"],
            bills=numbers["bills"],
            lines=numbers["lines"],
            day_prices=numbers["day_prices"],
            total_cents=numbers["total_cents"],
            credits=numbers["credits"],
            by_nature=dict(sorted(self._by_nature.items())),
            by_code=dict(sorted(self._by_code.items())),
            regularisations=numbers["regularisations"],
            regularised_cents=numbers["regularised_cents"],
            missing=dict(sorted(self._missing.items())),
            meanwhile=dict(sorted(self._meanwhile.items())),
        )


def day_prices(bill: Bill) -> int:
    """How many days of a unit its lines price: with what comes on top of its price, a day is one."""
    return len(
        {(line.child, line.activity, line.unit, day.day, line.regularises) for line in bill.lines for day in line.days}
    )
