"""A household that is nobody's, and what days would cost it: as a family of the ledger would be priced."""

from collections.abc import Sequence
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from api.billing.price_bodies import SimulationAsked
from ledger.events import (
    ChildEnrolled,
    ChildRegistered,
    HouseholdOpened,
    MealBroughtDecided,
    QuotientDecided,
    TariffStatusDecided,
)
from ledger.identifiers import ChildId, EnrolmentId, HouseholdId, Slug
from ledger.streams import child_page, household_page
from projections.billing.family import Family, Placed
from projections.billing.supposed import Price, Scene, Wanted, having, price_of

HOME = HouseholdId(str(uuid5(NAMESPACE_URL, "household")))


def _child(number: int) -> ChildId:
    return ChildId(str(uuid5(NAMESPACE_URL, f"child/{number}")))


def simulated(scene: Scene, asked: SimulationAsked, wanted: Sequence[Wanted]) -> tuple[ChildId, Price]:
    """The child whose rank was said, and what the days cost for it. Its brothers and sisters come the same days."""
    count, child = asked.children or asked.rank, _child(asked.rank)
    if not wanted:
        return child, price_of(scene, [], [])
    first, last = min(each.key.day for each in wanted), max(each.key.day for each in wanted)
    children = {_child(number): _page(scene, number, asked, wanted, (first, last)) for number in range(1, count + 1)}
    family = Family(household=HOME, home=_home(scene, asked, first), children=children, payer=())
    return child, price_of(scene, [family], {(child, each.key) for each in wanted})


def _home(scene: Scene, asked: SimulationAsked, first: date) -> list[Placed]:
    page = [scene.placed(household_page(scene.commune, HOME), 1, HouseholdOpened(household=HOME))]
    if asked.residence is not None and asked.regime is not None:
        status = TariffStatusDecided(residence=asked.residence, regime=asked.regime, first_day=first)
        page = scene.after(page, [status])
    if asked.quotient_cents is not None:
        quotient = QuotientDecided(amount_cents=asked.quotient_cents, source="caf", first_day=first)
        page.append(scene.placed(page[0].entry.stream, 0, quotient))
    return page


def _page(
    scene: Scene, number: int, asked: SimulationAsked, wanted: Sequence[Wanted], period: tuple[date, date]
) -> list[Placed]:
    child, activity = _child(number), Slug(asked.activity)
    registered = scene.placed(child_page(scene.commune, child), 1, ChildRegistered(child=child, household=HOME))
    enrolled = ChildEnrolled(
        enrolment=EnrolmentId(str(child)),
        activity=activity,
        site=None,
        group=None,
        first_day=period[0],
        last_day=period[1],
    )
    brought = MealBroughtDecided(activity=activity, brought=asked.meal_brought, first_day=period[0])
    # The rank of a child is the place of its first line: they came one after another.
    page = scene.after([registered._replace(position=number)], [enrolled, brought])
    return having(scene, page, HOME, activity, wanted)
