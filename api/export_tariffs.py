"""Which tariffs a family was under, and which meals its children brought, as its own file tells it."""

from typing import Any

from api.asking import Reader
from api.french_tariffs import MEAL_BROUGHT, REGIMES, RESIDENCES
from ledger.identifiers import ChildId, Commune, HouseholdId
from projections import families, shared


async def statuses(reader: Reader, commune: Commune, household: HouseholdId) -> list[dict[str, Any]]:
    """Where the household lives and its scheme, from a day on."""
    [rows] = await reader.ask(commune, shared.tariff_statuses_of(commune, household))
    return [
        {
            "first_day": row["first_day"],
            "residence": RESIDENCES[row["residence"]],
            "regime": REGIMES[row["regime"]],
            "decided_at": row["decided_at"],
        }
        for row in rows
    ]


async def meals(reader: Reader, commune: Commune, child: ChildId) -> list[dict[str, Any]]:
    """From when a child brings its meal to which activity, and from when no more."""
    [rows] = await reader.ask(commune, families.meals_brought_of(commune, child))
    return [
        {
            "person": child,
            "activity": row["activity"],
            "first_day": row["first_day"],
            "said": MEAL_BROUGHT[row["brought"]],
            "decided_at": row["decided_at"],
        }
        for row in rows
    ]
