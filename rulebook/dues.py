"""What is due of a day, given what was reserved, who came, and what was said of it: the table of docs/billing.md."""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.child import AbsenceState
from ledger.events import Basis, Presence
from rulebook.tariffs import Tariff, When

Accepted = Literal["at_once", "waiting_days", "too_short", "too_late"]
"""Of an absence that was accepted: it counts, or the day stays billed, and why: within the waiting days, in a run of
too few days, said after the hour to say it."""
PENDING: Final = ("declared", "declared_again")
Missing = Literal[
    "attendance", "times", "request", "absence", "contradiction", "quotient", "residence", "regime", "tariff"
]


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
    """What must be known before the day can be billed for good; where there is a basis too, it is billed meanwhile."""
    odd: bool = False
    """Two facts contradict each other: somebody should look."""


def due(tariff: Tariff, facts: DayFacts) -> Due:
    """What is due of a day. Pure, and total: every combination has an answer."""
    came = facts.presence == "present"
    if facts.closed:
        return Due(basis=None, odd=came)
    if came and facts.reserved:
        return _reserved("present", facts, odd=facts.absence == "justified")
    if came:
        return Due(basis="unreserved", on_top=frozenset({"unreserved"}), missing="request" if facts.requested else None)
    if facts.requested:
        return Due(basis=None, missing="request")
    if not facts.reserved:
        return Due(basis=None, on_top=frozenset({"late_cancellation"} if facts.late_cancellation else ()))
    return _not_come(tariff, facts)


def _not_come(tariff: Tariff, facts: DayFacts) -> Due:
    """Of a reserved day on which nobody saw the child: its absence is excused, waits, was refused, or was not said."""
    if facts.absence is None and facts.presence is None:
        return Due(basis=None, missing="attendance") if tariff.unrecorded == "missing" else _reserved("reserved", facts)
    accepted = (facts.accepted or "at_once") if facts.absence == "justified" else None
    if accepted == "at_once":
        return Due(basis=None)
    penalty: frozenset[When] = frozenset() if facts.absence in ("justified", *PENDING) else frozenset({"absent"})
    missing: Missing | None = "absence" if facts.absence in PENDING else None
    if not tariff.absent_due:
        return Due(basis=None, on_top=penalty, missing=missing)
    basis: Basis = "absent_pending" if missing else accepted or "absent"
    return _reserved(basis, facts, on_top=penalty, missing=missing)


def _reserved(
    basis: Basis,
    facts: DayFacts,
    *,
    on_top: frozenset[When] = frozenset(),
    missing: Missing | None = None,
    odd: bool = False,
) -> Due:
    """A reserved unit that is due, with its surcharge where it was asked for too late."""
    late: frozenset[When] = frozenset({"late"} if facts.late else ())
    return Due(basis=basis, on_top=on_top | late, missing=missing, odd=odd)
