"""What a bill is made of: lines, the days they count, and the arithmetic that gave their price."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ledger.identifiers import ChildId, Month, Slug, Stream, Version
from ledger.parts import QuotientSource

Nature = Literal["care", "meal", "surcharge", "penalty", "supplement", "reduction"]
"""What an amount is for. Only care counts for the tax certificate."""

Basis = Literal[
    "present",
    "reserved",
    "absent",
    "absent_pending",
    "waiting_days",
    "too_short",
    "too_late",
    "unreserved",
    "late",
    "late_cancellation",
]
"""Why a day costs something.

`present`: it was reserved and the child came. `reserved`: it was reserved, and the rulebook bills the reservation
whether or not anybody wrote down who came. `absent`: reserved, the child did not come, and no absence was accepted.
`absent_pending`: its absence waits for a decision. `waiting_days`: it was accepted, and these days stay billed; so do
those of an absence of too few days (`too_short`) and those of which the town was warned too late (`too_late`).
`unreserved`: the child came without a reservation. `late`: it was asked for too late, for a surcharge.
`late_cancellation`: it was given up too late, for a surcharge.
"""

StepKind = Literal[
    "tariff",
    "grid",
    "quotient",
    "no_quotient",
    "lower_brackets",
    "bracket",
    "rate",
    "raw",
    "floor",
    "ceiling",
    "price",
    "share",
    "meal_part",
    "rank",
    "children",
    "residence",
    "regime",
    "units_in_month",
    "meal_brought",
    "minutes",
    "adjustment",
    "rounded",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of the arithmetic of a unit price. `value` is a name, or a decimal written with a point."""

    kind: StepKind
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """A line of the ledger: which page, which line of it."""

    stream: Stream
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotientUsed:
    """The quotient familial a price was worked out with, and the line of the household's page that says it."""

    amount_cents: int
    source: QuotientSource
    first_day: date
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BilledDay:
    """A day that a line counts. `quantity` is below zero when it is taken back."""

    day: date
    basis: Basis
    quantity: int = 1
    lines: tuple[int, ...] = ()
    """The lines of the child's page it rests on, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BilledLine:
    """One line of an invoice. `amount_cents` is exactly `quantity` times `unit_price_cents`."""

    child: ChildId
    activity: Slug
    unit: Slug
    nature: Nature
    label: str
    """What the rulebook calls it."""
    unit_price_cents: int
    """Below zero for a reduction."""
    quantity: int
    amount_cents: int
    rulebook: Version
    article: str
    code: str
    """The account it is booked under; empty when the rulebook says none."""
    quotient: QuotientUsed | None
    steps: tuple[Step, ...]
    days: tuple[BilledDay, ...]
    regularises: Month | None = None
    """The closed month it corrects; None for a line of the month itself."""
    causes: tuple[Cause, ...] = ()
    """Of a regularisation: what changed since the month was closed."""
