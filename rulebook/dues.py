"""What is due of a day, given what was reserved, who came, and what was said of it: the table of docs/billing.md."""

from dataclasses import dataclass
from typing import Literal

from ledger.child import AbsenceState
from ledger.events import Basis, Presence
from rulebook.tariffs import Tariff, When

Accepted = Literal["at_once", "waiting_days", "too_short", "too_late"]
"""Of an absence that was accepted: it counts, or the day stays billed, and why: within the waiting days, in a run of
too few days, said after the hour to say it."""
Missing = Literal["attendance", "times", "request", "absence", "quotient", "residence", "regime", "tariff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFacts:
    """What is known of one unit of one day of a child."""

    reserved: bool
    requested: bool = False
    """Asked for, and still waiting for a decision."""
    presence: Presence | None = None
    absence: AbsenceState | None = None
    accepted: Accepted | None = None
    """Of a justified absence."""
    late: bool = False
    """Reserved too late, for a surcharge."""
    late_cancellation: bool = False
    """Given up too late, for a surcharge."""
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the day costs: its unit or not, what comes on top, what is not known."""

    basis: Basis | None
    """Why the unit is due; None when it is not."""
    on_top: frozenset[When] = frozenset()
    missing: Missing | None = None
    """What must be known before the day can be billed; of `absence`, it is billed meanwhile."""
    odd: bool = False
    """Two facts contradict each other: somebody should look."""


def due(tariff: Tariff, facts: DayFacts) -> Due:
    """What is due of a day. Pure, and total: every combination has an answer."""
    raise NotImplementedError
