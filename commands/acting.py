"""Through which household somebody asks something about a child's days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Known, Refusal
from ledger.child import Child
from ledger.events import Origin
from ledger.identifiers import HouseholdId
from rulebook.custody import whose


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """The household a demande is of, and those whose days it may be about."""

    household: HouseholdId
    households: tuple[HouseholdId, ...]


def acting(
    known: Known, child: Child, through: Sequence[HouseholdId], days: Iterable[date], *, origin: Origin
) -> Acting | Refusal:
    """In whose name days are asked for by somebody who may act through these households, or why in nobody's.

    Through both, it is the household whose days they all are. When they are of both, a parent of both asks in the name
    of the first; at the counter the agent must say which, for it is who will pay.
    """
    own = tuple(household for household in child.households if household in through)
    if not own:
        return Refusal(code="unknown_child", child=child.child)
    holders = {whose(known.rules, child.custody, day) for day in days} if len(own) > 1 else set()
    theirs = [household for household in own if household in holders]
    if len(theirs) > 1 and origin == "counter":
        return Refusal(code="household_required", child=child.child)
    household = theirs[0] if len(theirs) == 1 else own[0]
    return Acting(household=household, households=own)
