"""Exact euros made into cents, as a tariff says, and written as steps of an arithmetic."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Final

from ledger.events import Step, StepKind
from rulebook.grids import Reading, Rounding

CENT: Final = Decimal("0.01")
WHOLE: Final = Decimal(1)
FIVE_CENTS_IN_A_EURO: Final = 20


def read(reading: Reading, quotient: Decimal) -> Decimal:
    """A quotient as the tariff reads its cents."""
    if reading == "exact":
        return quotient
    return quotient.quantize(WHOLE, ROUND_FLOOR if reading == "truncated" else ROUND_HALF_UP)


def rounded(rounding: Rounding, euros: Decimal) -> Decimal:
    """An amount that is not below zero, in whole cents."""
    match rounding:
        case Rounding.HALF_UP:
            return euros.quantize(CENT, ROUND_HALF_UP)
        case Rounding.HALF_EVEN:
            return euros.quantize(CENT, ROUND_HALF_EVEN)
        case Rounding.UP_TO_FIVE_CENTS:
            return (euros * FIVE_CENTS_IN_A_EURO).quantize(WHOLE, ROUND_CEILING) / FIVE_CENTS_IN_A_EURO
        case Rounding.NONE:
            whole = euros.quantize(CENT)
            assert whole == euros, "the reader lets no tariff without rounding reach a fraction of a cent"
            return whole


def cents(euros: Decimal) -> int:
    """Euros that are whole cents, in cents."""
    return int(euros * 100)


def plain(value: Decimal) -> str:
    """A number as it is shown: no exponent, no zero that says nothing."""
    return f"{value.normalize():f}"


def amount(kind: StepKind, euros: Decimal) -> Step:
    """A step that is an amount: two digits of cents, or as many as it takes."""
    whole = euros.quantize(CENT)
    return Step(kind=kind, value=f"{whole:f}" if whole == euros else plain(euros))
