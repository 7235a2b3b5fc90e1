"""What a demande that is previewed would cost, or save: the difference it makes to the bills of its months."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool

from api.billing.families import families_of
from api.billing.prices import scene_under
from api.billing.pricing import absent, rendered
from api.office import Office
from commands.execute import Result
from ledger.child import SlotKey
from ledger.identifiers import ChildId, HouseholdId, Slug
from ledger.rows import merged
from projections.billing.demanded import Asked, changes_of, months_around
from projections.billing.family import Family
from projections.billing.supposed import Scene

Slots = frozenset[tuple[ChildId, SlotKey]]


async def priced(
    at: Office, result: Result, demandes: Sequence[dict[str, Any]], households: Mapping[ChildId, Sequence[HouseholdId]]
) -> list[dict[str, Any]]:
    """The demandes of a preview, each with its price, or with why there is none.

    They are taken as granted, and the children as coming every day that is reserved.
    """
    scene, asked = scene_under(at, result.rules), [_slots(demande) for demande in demandes]
    without = [absent(result.rules, [key.day for _, key in slots]) for slots in asked]
    said: list[dict[str, Any] | None] = [None] * len(demandes)
    if not all(without):
        children = {ChildId(demande["child"]) for demande in demandes}
        payers = sorted({household for child in children for household in households[child]})
        steps = _steps(result, asked)
        families = await families_of(at.reader, at.commune, payers, months_around(steps))
        at.saw(*payers)
        said = await run_in_threadpool(_changes, scene, families, steps)
    return [
        {**demande, "price": None if missing else price, "price_absent": missing}
        for demande, price, missing in zip(demandes, said, without, strict=True)
    ]


def _slots(demande: Mapping[str, Any]) -> Slots:
    child, activity = ChildId(demande["child"]), Slug(demande["activity"])
    return frozenset((child, SlotKey(activity, Slug(day["unit"]), _day(day["day"]))) for day in demande["days"])


def _day(said: date | str) -> date:
    return date.fromisoformat(said) if isinstance(said, str) else said


def _steps(result: Result, slots: Sequence[Slots]) -> list[Asked]:
    """The demandes one after the other, each with the lines of those before it; the last with all there are."""
    rows = merged(result.prepared.changes)["demandes"]["put"]
    numbers = sorted((row["number"] for row in rows), key=abs)
    every = result.prepared.entries
    found = [
        Asked([entry for entry in every if getattr(entry.fact, "demande", None) in numbers[:count]], some)
        for count, some in enumerate(slots, start=1)
    ]
    return [*found[:-1], found[-1]._replace(entries=every)]


def _changes(scene: Scene, families: Sequence[Family], asked: Sequence[Asked]) -> list[dict[str, Any] | None]:
    prices = changes_of(scene, families, asked)
    return [rendered(price, scene.offer, each.slots) for price, each in zip(prices, asked, strict=True)]
