"""What a demande that is previewed would cost, or save: the difference it makes to the bills of its days."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool

from api.billing.families import families_of
from api.billing.prices import scene_under
from api.billing.pricing import absent, rendered
from api.office import Office
from commands.execute import Result
from ledger.child import SlotKey
from ledger.entry import Entry
from ledger.identifiers import ChildId, HouseholdId, Slug
from projections.billing.family import Family
from projections.billing.supposed import Scene, change_of, expected, granted, months_of

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
        families = await families_of(at.reader, at.commune, payers)
        at.saw(*payers)
        said = await run_in_threadpool(_changes, scene, families, result.prepared.entries, asked)
    return [
        {**demande, "price": None if missing else price, "price_absent": missing}
        for demande, price, missing in zip(demandes, said, without, strict=True)
    ]


def _slots(demande: Mapping[str, Any]) -> Slots:
    child, activity = ChildId(demande["child"]), Slug(demande["activity"])
    return frozenset((child, SlotKey(activity, Slug(day["unit"]), _day(day["day"]))) for day in demande["days"])


def _day(said: date | str) -> date:
    return date.fromisoformat(said) if isinstance(said, str) else said


def _changes(
    scene: Scene, families: Sequence[Family], entries: Sequence[Entry], asked: Sequence[Slots]
) -> list[dict[str, Any] | None]:
    months = months_of(key.day for slots in asked for _, key in slots)
    before = [_expected(scene, family, months) for family in families]
    after = [_expected(scene, _granted(scene, family, entries), months) for family in families]
    return [rendered(change_of(scene, before, after, slots), scene.offer, slots) for slots in asked]


def _granted(scene: Scene, family: Family, entries: Sequence[Entry]) -> Family:
    pages = {child: granted(scene, page, entries) for child, page in family.children.items() if page}
    return replace(family, children=pages)


def _expected(scene: Scene, family: Family, months: Sequence[Any]) -> Family:
    pages = {child: expected(scene, page, months) for child, page in family.children.items() if page}
    return replace(family, children=pages)
