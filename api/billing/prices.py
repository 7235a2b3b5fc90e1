"""What days would cost: for a child the caller may act for, or for nobody in particular. Nothing is written."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_prices
from api.answers import JSONAnswer
from api.billing.families import families_of
from api.billing.price_bodies import DaysAsked, PriceAsked, SimulationAsked
from api.billing.pricing import LeftOut, absent, left_out_shown, rendered, why_not
from api.billing.simulated import simulated
from api.door import doors
from api.office import AtOffice, Office
from api.problems import Problem, invalid_field, not_found
from commands.town_days import town_day
from ledger.child import SlotKey, evolve
from ledger.days import days_between
from ledger.events import QuotientDecided
from ledger.identifiers import ChildId, HouseholdId, Month, Slug
from ledger.streams import town_page
from ledger.town import Town
from projections.billing.family import Family
from projections.billing.offer import Offer
from projections.billing.supposed import (
    Price,
    Scene,
    Wanted,
    expected,
    having,
    months_of,
    of_child,
    price_of,
    supposing,
)
from rulebook.custody import whose
from rulebook.town import Rules, rules_of_town

router = doors("prix")

LONGEST_SEARCH_DAYS: Final = 400
"""How far the next day a unit is offered is looked for."""


async def scene_of(at: Office) -> Scene:
    """The town's rules as they stand now."""
    [page] = (await run_in_threadpool(at.store.pages, [town_page(at.commune)])).values()
    assert page.state is None or isinstance(page.state, Town)
    return scene_under(at, rules_of_town(page.state))


def scene_under(at: Office, rules: Rules) -> Scene:
    """The same, where the rules are known."""
    return Scene(commune=at.commune, now=at.now, offer=Offer(rules=rules))


@router.post(
    "/prices/preview",
    summary="Ce que coûteraient des jours, et pourquoi",
    responses=openapi.answered(200, schemas_prices.Priced) | openapi.documented("unknown_activity"),
)
async def preview(asked: PriceAsked, at: AtOffice) -> JSONAnswer:
    """The days as billing would price them if the child had them and came, the household's quotient or another."""
    child = ChildId(asked.child)
    standing = (await at.standings([child]))[child]
    payers = _payers(standing.households, asked.household)
    scene = await scene_of(at)
    families = await families_of(at.reader, at.commune, payers, _months(asked))
    at.saw(*payers)
    enrolled = _enrolled(families[0], child, asked.activity)
    wanted, left_out = _wanted(scene, asked, *enrolled)
    if at.only_for is not None or asked.household is not None:
        others = _of_others(scene, families[0], child, wanted, payers)
        left_out += [LeftOut(key=each.key, code="custody") for each in others]
        wanted = [each for each in wanted if each not in others]
    price = await run_in_threadpool(_priced, scene, families, child, asked, wanted)
    slots = {(child, each.key) for each in wanted}
    without = absent(scene.rules, days_of(wanted, left_out))
    said = {
        "price": None if without else rendered(price, scene.offer, slots),
        "price_absent": without,
        "left_out": [left_out_shown(each, scene.rules, child) for each in sorted(left_out, key=_by_day)],
    }
    return JSONAnswer(said)


@router.post(
    "/prices/simulation",
    summary="Ce que coûterait un accueil, pour une situation qu'on décrit",
    responses=openapi.answered(200, schemas_prices.Simulated)
    | openapi.documented("unknown_activity", "not_a_day_of_this_activity"),
)
async def simulation(asked: SimulationAsked, at: AtOffice) -> JSONAnswer:
    """The same arithmetic for a household that is described and is nobody's: no quotient is known but the one given."""
    scene = await scene_of(at)
    wanted, left_out = _wanted(scene, asked, None, None)
    if not wanted and not left_out:
        raise Problem("not_a_day_of_this_activity")
    child, price = await run_in_threadpool(simulated, scene, asked, wanted)
    without = absent(scene.rules, days_of(wanted, left_out))
    slots = {(child, each.key) for each in wanted}
    said = {
        "price": None if without else rendered(price, scene.offer, slots, of_child=False),
        "price_absent": without,
        "left_out": [left_out_shown(each, scene.rules) for each in sorted(left_out, key=_by_day)],
    }
    return JSONAnswer(said)


def days_of(wanted: Iterable[Wanted], left_out: Iterable[LeftOut]) -> list[date]:
    """The days that were asked about."""
    return [each.key.day for each in wanted] + [each.key.day for each in left_out]


def _months(asked: PriceAsked) -> list[Month]:
    """The months that are asked about."""
    return [Month(asked.month)] if asked.month is not None else months_of(each.day for each in asked.days or ())


def _by_day(found: LeftOut) -> tuple[date, str]:
    return found.key.day, found.key.unit


def _payers(households: Sequence[HouseholdId], named: str | None) -> list[HouseholdId]:
    """The households whose price is asked: the one that is named, or all those the caller may ask for."""
    if named is None:
        return list(households)
    if named not in households:
        raise not_found()
    return [HouseholdId(named)]


def _enrolled(family: Family, child: ChildId, activity: str) -> tuple[Slug | None, Slug | None]:
    """The site and the group of the child in the activity, where it is enrolled."""
    state = evolve(None, (placed.entry for placed in family.children[child]))
    found = [each for each in state.enrolments.values() if each.activity == activity] if state else []
    return (found[-1].site, found[-1].group) if found else (None, None)


# Which days ---------------------------------------------------------------------------------------------------------


def _wanted(
    scene: Scene, asked: DaysAsked, site: Slug | None, group: Slug | None
) -> tuple[list[Wanted], list[LeftOut]]:
    """The days to price; those that are named and cannot be had. A typical month is of the days that can."""
    activity, offer = Slug(asked.activity), scene.offer
    if not any(activity in book.activities for book in scene.rules.rulebooks):
        raise Problem("unknown_activity")
    if asked.days is None:
        unit = Slug(asked.unit or "")
        keys = [SlotKey(activity, unit, day) for day in _days_of(scene, asked, activity, unit)]
        offered = [key for key in keys if why_not(offer, key, site, group) is None]
        return [Wanted(key, asked.minutes) for key in offered], []
    named = [Wanted(SlotKey(activity, Slug(each.unit), each.day), each.minutes) for each in asked.days]
    if len({each.key for each in named}) < len(named):
        raise invalid_field("body", "days", "asked_twice")
    reasons = [(each, why_not(offer, each.key, site, group)) for each in named]
    return [each for each, reason in reasons if reason is None], [reason for _, reason in reasons if reason is not None]


def _days_of(scene: Scene, asked: DaysAsked, activity: Slug, unit: Slug) -> Iterable[date]:
    if asked.month is None:
        today = town_day(scene.rules, scene.now)
        days = days_between(today, today + timedelta(days=LONGEST_SEARCH_DAYS))
        found = (day for day in days if why_not(scene.offer, SlotKey(activity, unit, day)) is None)
        return [day for day, _ in zip(found, range(1), strict=False)]
    first = date.fromisoformat(f"{asked.month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    weekdays = asked.weekday_numbers()
    return [day for day in days_between(first, last) if day.weekday() in weekdays]


def _of_others(
    scene: Scene, family: Family, child: ChildId, wanted: Sequence[Wanted], payers: Sequence[HouseholdId]
) -> list[Wanted]:
    """The days of an alternating custody that are another household's to pay."""
    state = evolve(None, (placed.entry for placed in family.children[child]))
    assert state is not None
    holders = [(each, whose(scene.rules, state.custody, each.key.day)) for each in wanted]
    return [each for each, holder in holders if holder is not None and holder not in payers]


def _priced(
    scene: Scene, families: Sequence[Family], child: ChildId, asked: PriceAsked, wanted: Sequence[Wanted]
) -> Price:
    """What the days come to, for each household in turn: a day is of one of them."""
    months = months_of(each.key.day for each in wanted)
    found = []
    for family in families:
        told = replace(
            family, children={each: expected(scene, page, months) for each, page in family.children.items() if page}
        )
        if wanted:
            page = having(scene, told.children[child], families[0].household, Slug(asked.activity), wanted)
            told = of_child(told, child, page)
        if asked.quotient_cents is not None and wanted:
            first_day = min(each.key.day for each in wanted)
            quotient = QuotientDecided(amount_cents=asked.quotient_cents, source="caf", first_day=first_day)
            told = replace(told, home=supposing(scene, told.home, quotient))
        found.append(told)
    return price_of(scene, found, {(child, each.key) for each in wanted})
