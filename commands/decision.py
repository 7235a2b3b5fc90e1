"""What an agent says of one demande, and what a decision about a demande without days may correct."""

from dataclasses import dataclass
from datetime import date

from ledger.events import DecidedDay
from ledger.identifiers import ChildId, DemandeNumber, HouseholdId, Slug


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotientCorrection:
    """The quotient as the document says it, and from when it counts; None keeps what was declared."""

    amount_cents: int | None = None
    first_day: date | None = None
    regularisation: bool = False
    """Whether it goes back on months that are over, where its first day is in one of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolmentCorrection:
    """Where and when the child is enrolled; None keeps what was asked."""

    site: Slug | None = None
    group: Slug | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What an agent says of one demande. `approved` None accepts every day; days not accepted are refused.

    A demande without days is accepted whole by None, and refused whole by no day.
    """

    number: DemandeNumber
    child: ChildId | None = None
    household: HouseholdId | None = None
    """The household on whose page it stands, when it is not on a child's."""
    approved: frozenset[tuple[date, Slug]] | None = None
    reason: Slug | None = None
    """Why days are refused: a word of the town's closed list. Needed as soon as one is."""
    quotient: QuotientCorrection | None = None
    enrolment: EnrolmentCorrection | None = None

    def accepts(self, day: DecidedDay) -> bool:
        """Whether the agent accepts a day."""
        return self.approved is None or (day.day, day.unit) in self.approved
