"""What a town publishes of its prices: tariffs, the grids they are made of, their adjustments and their rounding.

Data only: `rulebook.tariffs` prices with it. Every amount is a Decimal in euros, every share a Decimal: 1 % is 0.01.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from ledger.events import Nature, Regime, Residence
from ledger.identifiers import Slug
from rulebook.timing import AnnualDay

Without = Literal["error", "highest", "price"]
"""What a household without a quotient pays: nobody knows, the highest price of the grid, or a price of its own."""
Reading = Literal["exact", "truncated", "rounded"]
"""How a quotient with cents is read against brackets in whole euros."""
When = Literal["always", "late", "late_cancellation", "unreserved", "absent"]
Effect = Literal["next_month", "same_month", "day"]
RankAmong = Literal["enrolled", "billed"]
Unrecorded = Literal["missing", "reserved"]
"""A reserved day of which nobody wrote down who came: it is missing, or the reservation is due all the same."""
PayerRule = Literal["custody", "asker"]
"""Who pays a day of a child of two households: the one whose day it is, or the one that asked."""


class Rounding(StrEnum):
    """How an amount becomes cents."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP_TO_FIVE_CENTS = "up_to_five_cents"
    NONE = "none"
    """Amounts are whole cents by themselves; one that is not is a fault of the tariff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A price from a quotient on, until the next bracket."""

    lower: Decimal
    price: Decimal
    meal: Decimal | None = None
    """The part of the price that is for the meal, when the rest is care: it makes a line of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of the quotient, between a floor and a ceiling: 0.36 % is Decimal("0.0036")."""

    rate: Decimal
    floor: Decimal | None
    ceiling: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Where a grid or an adjustment applies; None and empty sets mean everywhere."""

    rank_from: int | None = None
    rank_to: int | None = None
    children_from: int | None = None
    residence: Residence | None = None
    regimes: frozenset[Regime] = frozenset()
    units_from: int | None = None
    """From so many units of the tariff in the month on: then all of them are under it."""
    meal_brought: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Prices under some conditions. The last grid of a tariff that applies wins."""

    name: str
    article: str
    conditions: Conditions
    prices: tuple[Bracket, ...] | Rate | Bracket
    """By quotient, by rate, or one price for all."""
    lower_brackets: int = 0
    """How many brackets lower than its own the household is put ("la tranche immédiatement inférieure"); the lowest
    stays where it is."""

    @property
    def brackets(self) -> tuple[Bracket, ...]:
        """Its prices that are written as such; none of a rate."""
        if isinstance(self.prices, Rate):
            return ()
        return (self.prices,) if isinstance(self.prices, Bracket) else self.prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A line of its own beside the unit price: so much in euros, or a share of it. Below zero it reduces."""

    label: str
    article: str
    when: When
    conditions: Conditions
    nature: Nature
    amount: Decimal | None
    """Once a day, however many slices were begun."""
    share: Decimal | None
    """Of the unit price: Decimal("-0.20") is -20 %. Exactly one of the two is there."""
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What some units cost."""

    slug: Slug
    label: str
    article: str
    nature: Nature
    """Of what it prices, the part that is for the meal left out."""
    code: str
    """The account it is booked under; empty when the town says none."""
    units: Mapping[Slug, frozenset[Slug]]
    """The units it prices, by activity. Two tariffs never price the same unit."""
    rounding: Rounding
    without_quotient: Without
    price_without: Bracket | None
    reading: Reading
    grids: tuple[Grid, ...]
    """The first has no condition."""
    adjustments: tuple[Adjustment, ...]
    rank_among: RankAmong
    residence_unknown: Residence | None
    """What a household of which nobody said where it lives is taken for; None where that is an error."""
    regime_unknown: Regime | None
    minutes: int | None
    """A slice of so many minutes that is begun is one unit; None where a unit is one however long the child stayed."""
    unrecorded: Unrecorded
    absent_due: bool
    """Whether a day whose absence was not accepted stays due."""
    payer: PayerRule
    meal_label: str = ""
    """What the part for the meal is called, where some bracket has one; empty, what the rest is."""
    meal_code: str = ""
    cost: Decimal | None = None
    """Of a school meal, what one costs the town, subsidies taken off: the most anybody may be asked for (Code de
    l'éducation, R531-53)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotientRule:
    """From when a quotient holds, and until when."""

    article: str
    effect: Effect
    valid_months: int | None = None
    until: AnnualDay | None = None
    """Holds until this day of the year comes again."""


QUOTIENT_DEFAULT = QuotientRule(article="", effect="next_month")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegieRule:
    """What an invoice says of the régie that issues it, and how it may be paid."""

    name: str
    payment_days: int
    """Days to pay, from the day of the titre."""
    how_to_pay: tuple[str, ...]
    """Sentences, one a way."""
    contact: tuple[str, ...] = ()
    """Sentences: whom a family asks about an invoice."""
    appeal: tuple[str, ...] = ()
    """Sentences: how an invoice is contested, and until when."""
    creditor_name: str = ""
    creditor_id: str = ""
    """The SEPA creditor identifier (ICS)."""
    creditor_iban: str = ""
    creditor_bic: str = ""
