"""Through which household somebody asks something about a child's days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Known, Refusal
from ledger.child import Child
from ledger.events import Origin
from ledger.identifiers import HouseholdId
from rulebook.custody import whose


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """The household a demande is of, the days it asks about, and the households whose days those may be."""

    household: HouseholdId
    households: tuple[HouseholdId, ...]
    days: frozenset[date]


def acting(
    known: Known, child: Child, through: Sequence[HouseholdId], days: Iterable[date], *, origin: Origin
) -> Sequence[Acting] | Refusal:
    """In whose names days are asked for by somebody who may act through these households, or why in nobody's.

    A parent of both asks in the name of each for its own days, so that the other parent of each reads what stands on
    them; days that are everybody's go with those of one household, or with the first's. At the counter the agent says
    which, for it is who will pay, unless custody makes them all one household's.
    """
    own = tuple(household for household in child.households if household in through)
    if not own:
        return Refusal(code="unknown_child", child=child.child)
    holders = {day: whose(known.rules, child.custody, day) if len(own) > 1 else None for day in days}
    theirs = [household for household in own if household in holders.values()]
    if origin == "counter" and len(own) > 1 and set(holders.values()) != set(theirs[:1]):
        return Refusal(code="household_required", child=child.child)
    otherwise = theirs[0] if len(theirs) == 1 else own[0]
    by_household = _grouped(holders, own, otherwise)
    return [Acting(household=each, households=own, days=by_household[each]) for each in own if each in by_household]


def _grouped(
    holders: Mapping[date, HouseholdId | None], own: Sequence[HouseholdId], otherwise: HouseholdId
) -> Mapping[HouseholdId, frozenset[date]]:
    """The days to ask for in the name of each household; those of none of them in the name of `otherwise`."""
    named = {day: otherwise if holder is None or holder not in own else holder for day, holder in holders.items()}
    return {each: frozenset(day for day in named if named[day] == each) for each in named.values()}
