"""What became of a line of a titre: the lines of later titres that correct it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.events import BilledLine, TitreIssued
from ledger.identifiers import Month, TitreNumber


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbered:
    """A line of a titre, and where it is."""

    titre: TitreNumber
    month: Month
    """Of the titre."""
    line: int
    """From 1 within it."""
    billed: BilledLine

    @property
    def about(self) -> Month:
        """The month it bills, or corrects."""
        return self.billed.regularises or self.month


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """A line of a later titre, and what it says of the days of the line it corrects."""

    by: Numbered
    quantities: Mapping[date, int]
    """Day by day: below zero, taken back."""

    @property
    def amount_cents(self) -> int:
        """What it comes to for those days."""
        return self.cents_of(self.quantities)

    def cents_of(self, days: Iterable[date]) -> int:
        """What it comes to for some of them."""
        return self.by.billed.unit_price_cents * sum(self.quantities.get(day, 0) for day in days)


def numbered(titres: Iterable[TitreIssued]) -> list[Numbered]:
    """The lines of titres."""
    return [
        Numbered(titre=titre.titre, month=titre.month, line=number, billed=line)
        for titre in titres
        for number, line in enumerate(titre.lines, start=1)
    ]


def corrections(of: Numbered, among: Iterable[Numbered]) -> tuple[Correction, ...]:
    """Which lines of the household's later titres take back what a line billed, or bill the same days otherwise.

    What is taken back is what was billed, to the price; what is added is of the same service.
    """
    found = []
    for each in among:
        if each.month > of.month and each.billed.regularises == of.about and _same(of.billed, each.billed):
            quantities = _quantities(of.billed, each.billed)
            if quantities:
                found.append(Correction(by=each, quantities=quantities))
    return tuple(sorted(found, key=lambda each: (each.by.month, each.by.line)))


def _quantities(of: BilledLine, by: BilledLine) -> dict[date, int]:
    days = {day.day for day in of.days}
    found: dict[date, int] = {}
    for day in by.days:
        if day.day in days:
            found[day.day] = found.get(day.day, 0) + day.quantity
    return found


def _same(of: BilledLine, by: BilledLine) -> bool:
    if _service(of) != _service(by):
        return False
    return by.quantity > 0 or _priced(of) == _priced(by)


def _service(line: BilledLine) -> tuple[Any, ...]:
    return line.child, line.activity, line.unit, line.nature


def _priced(line: BilledLine) -> tuple[Any, ...]:
    return line.label, line.unit_price_cents, line.code
