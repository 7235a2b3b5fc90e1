"""What the price of a day depends on: the quotient, brothers and sisters, the month, meals, hours, the rulebook."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.child import SlotKey
from ledger.events import MealBroughtDecided, QuotientDecided, TariffStatusDecided
from ledger.identifiers import Slug
from projections.billing.bills import Bill
from projections.billing.bills import bill as billed
from projections.billing.offer import offer_of
from projections.billing.supposed import Scene, Wanted, having, of_child, price_of
from rulebook.tariffs import Conditions, QuotientRule, Tariff
from tests.asks import close, mark, reserve, sheet, submit
from tests.projections.billing.regie import (
    BY_QUOTIENT,
    MEALS,
    Regie,
    grid,
    missing,
    says,
    tariff,
    tells,
    told,
)
from tests.spec import Ask, Step, Story, about, clock, enrolled, given
from tests.town import CANTINE, CHIARA, GARDERIE, MATTEO, ROSSI, Person, at, day

MONDAY, TUESDAY, FRIDAY = "2024-01-22", "2024-01-23", "2024-01-26"
SECOND_CHILD = grid("2.00", conditions=Conditions(rank_from=2), name="deuxième enfant")


def ate(*days: str, of: Person = MATTEO) -> list[Step]:
    """The child had these days, and came."""
    boxes = [f"{each} repas" for each in days]
    return [
        clock("2024-01-10 10:00"),
        reserve(*boxes, of=of),
        clock("2024-03-31 10:00"),
        *(sheet(each, mark("present", of=of)) for each in boxes),
    ]


def quotient(amount_cents: int, since: str) -> Ask:
    return says(QuotientDecided(amount_cents=amount_cents, source="caf", first_day=day(since)))


def story_of(*steps: Step) -> Story:
    return given(about(CANTINE), enrolled(MATTEO, CHIARA), *steps).story


def drafted(*steps: Step, tariffs: list[Tariff], month: str = "2024-01", rule: QuotientRule | None = None) -> Bill:
    regie = Regie(story=story_of(*steps), tariffs=tariffs)
    if rule is not None:
        regie.change = lambda rulebook: replace(rulebook, quotient=rule)
    return regie.draft(month)


# The quotient -------------------------------------------------------------------------------------------------------


def test_a_price_names_the_quotient_it_was_worked_out_with_and_its_line():
    (line,) = drafted(quotient(70_000, "2024-01-01"), *ate(TUESDAY), tariffs=[BY_QUOTIENT]).lines
    assert line.quotient is not None
    assert (line.unit_price_cents, line.quotient.amount_cents, line.quotient.source) == (305, 70_000, "caf")
    assert line.quotient.line == 2


def test_one_price_for_all_names_no_quotient():
    (line,) = drafted(quotient(70_000, "2024-01-01"), *ate(TUESDAY), tariffs=[MEALS]).lines
    assert line.quotient is None


def test_a_quotient_that_changes_within_the_month_makes_two_lines():
    steps = [quotient(70_000, "2024-01-01"), quotient(50_000, "2024-01-24"), *ate(TUESDAY, FRIDAY)]
    assert told(drafted(*steps, tariffs=[BY_QUOTIENT])) == ["1 x 3.05 Cantine 01-23", "1 x 1 Cantine 01-26"]


def test_of_two_quotients_of_one_day_the_last_recorded_holds():
    steps = [quotient(50_000, "2024-01-01"), quotient(70_000, "2024-01-01"), *ate(TUESDAY)]
    assert told(drafted(*steps, tariffs=[BY_QUOTIENT])) == ["1 x 3.05 Cantine 01-23"]


def test_without_a_quotient_nothing_is_guessed():
    bill = drafted(*ate(TUESDAY), tariffs=[BY_QUOTIENT])
    assert (told(bill), missing(bill)) == ([], ["quotient 01-23"])


def test_a_rulebook_may_ask_the_highest_price_of_those_who_say_no_quotient():
    (line,) = drafted(*ate(TUESDAY), tariffs=[replace(BY_QUOTIENT, without_quotient="highest")]).lines
    assert (line.unit_price_cents, line.quotient) == (310, None)


def test_a_quotient_runs_out():
    rule = QuotientRule(article="6", effect="next_month", valid_months=3)
    steps = [quotient(70_000, "2023-10-24"), *ate(TUESDAY, FRIDAY)]
    bill = drafted(*steps, tariffs=[BY_QUOTIENT], rule=rule)
    assert (told(bill), missing(bill)) == (["1 x 3.05 Cantine 01-23"], ["quotient 01-26"])


# Brothers and sisters -----------------------------------------------------------------------------------------------


def test_the_second_child_of_a_household_pays_its_own_price():
    steps = [*ate(TUESDAY), *ate(TUESDAY, of=CHIARA)]
    bill = drafted(*steps, tariffs=[replace(MEALS, grids=(*MEALS.grids, SECOND_CHILD))])
    assert {line.child: line.unit_price_cents for line in bill.lines} == {MATTEO.id: 300, CHIARA.id: 200}


def test_where_rank_is_among_those_billed_a_sister_who_stayed_at_home_does_not_count():
    tariffs = [replace(MEALS, grids=(*MEALS.grids, SECOND_CHILD), rank_among="billed")]
    steps = [*ate(TUESDAY), *ate(TUESDAY, FRIDAY, of=CHIARA)]
    prices = {
        (line.child, each.day): line.unit_price_cents
        for line in drafted(*steps, tariffs=tariffs).lines
        for each in line.days
    }
    assert prices == {(MATTEO.id, day(TUESDAY)): 300, (CHIARA.id, day(TUESDAY)): 200, (CHIARA.id, day(FRIDAY)): 300}


def test_a_price_may_depend_on_how_many_children_the_household_has_there():
    both = grid("1.00", conditions=Conditions(children_from=2), name="fratrie")
    bill = drafted(*ate(TUESDAY), tariffs=[replace(MEALS, grids=(*MEALS.grids, both))])
    assert told(bill) == ["1 x 1 Cantine 01-23"]


# The month, meals, hours --------------------------------------------------------------------------------------------


def test_from_so_many_units_in_the_month_all_of_them_are_cheaper():
    often = grid("2.00", conditions=Conditions(units_from=3), name="forfait")
    tariffs = [replace(MEALS, grids=(*MEALS.grids, often))]
    assert told(drafted(*ate(TUESDAY, FRIDAY), tariffs=tariffs)) == ["2 x 3 Cantine 01-23 01-26"]
    assert told(drafted(*ate(MONDAY, TUESDAY, FRIDAY), tariffs=tariffs)) == ["3 x 2 Cantine 01-22 01-23 01-26"]


def test_a_child_that_brings_its_meal_pays_for_the_care_from_that_day_on():
    tariffs = [replace(MEALS, grids=(*MEALS.grids, grid("0.64", conditions=Conditions(meal_brought=True))))]
    brought = MealBroughtDecided(activity=CANTINE, brought=True, first_day=day("2024-01-24"))
    elsewhere = MealBroughtDecided(activity=GARDERIE, brought=True, first_day=day("2024-01-01"))
    steps = [tells(elsewhere), tells(brought), *ate(TUESDAY, FRIDAY)]
    assert told(drafted(*steps, tariffs=tariffs)) == ["1 x 3 Cantine 01-23", "1 x 0.64 Cantine 01-26"]


def test_a_household_that_moves_away_pays_the_price_of_outside_from_that_day_on():
    tariffs = [replace(MEALS, grids=(*MEALS.grids, grid("5.90", conditions=Conditions(residence="outside"))))]
    here = TariffStatusDecided(residence="town", regime="caf", first_day=day("2024-01-01"))
    away = TariffStatusDecided(residence="outside", regime="caf", first_day=day("2024-01-24"))
    bill = drafted(says(here), says(away), *ate(TUESDAY, FRIDAY), tariffs=tariffs)
    assert told(bill) == ["1 x 3 Cantine 01-23", "1 x 5.9 Cantine 01-26"]


def test_where_nobody_said_where_a_household_lives_it_is_missing():
    tariffs = [replace(MEALS, grids=(*MEALS.grids, grid("5.90", conditions=Conditions(residence="outside"))))]
    bill = drafted(*ate(TUESDAY), tariffs=tariffs)
    assert (told(bill), missing(bill)) == ([], ["residence 01-23"])


def evening(*marks: object) -> Regie:
    box = "2024-01-23 soir"
    story = given(about(GARDERIE), enrolled(MATTEO), reserve(box), clock("2024-01-31 18:00")).story
    for each in marks:
        sheet(box, each)(story)  # type: ignore[arg-type]
    return Regie(story=story, tariffs=[replace(tariff(GARDERIE, "0.70"), minutes=30)])


@pytest.mark.parametrize(("left", "slices"), [("17:00", 1), ("17:01", 2), ("17:30", 2), ("18:29", 4)])
def test_a_slice_of_half_an_hour_that_is_begun_is_due(left: str, slices: int):
    regie = evening(mark("present", arrived=f"{TUESDAY} 16:30", left=f"{TUESDAY} {left}"))
    assert told(regie.draft("2024-01")) == [f"{slices} x 0.7 Garderie 01-23"]


def test_without_hours_nothing_is_guessed():
    bill = evening(mark("present")).draft("2024-01")
    assert (told(bill), missing(bill)) == ([], ["times 01-23"])


# Calendars and rulebooks --------------------------------------------------------------------------------------------


def test_a_month_of_31_days_has_its_last_and_february_its_29th():
    # 29 February 2024 is a Thursday; Wednesday 31 January is no day of the canteen, Thursday 1 February is.
    steps = ate("2024-01-30", "2024-02-01", "2024-02-29", "2024-03-01")
    story = story_of(*steps)
    regie = Regie(story=story)
    assert told(regie.draft("2024-01")) == ["1 x 3 Cantine 01-30"]
    assert told(regie.draft("2024-02")) == ["2 x 3 Cantine 02-01 02-29"]
    assert told(regie.draft("2024-03")) == ["1 x 3 Cantine 03-01"]


def test_the_31st_is_billed_with_its_month():
    box = "2024-01-31"
    story = given(enrolled(MATTEO), submit(reserve=[box], approve=True, derogation="urgence")).story
    clock("2024-01-31 18:00")(story)
    sheet(f"{box} journee", mark("present"))(story)
    regie = Regie(story=story, tariffs=[tariff(Slug("mercredis"), "9.00")])
    assert [told(regie.draft(month)) for month in ("2024-01", "2024-02")] == [["1 x 9 Mercredis 01-31"], []]


def test_a_rulebook_that_changes_within_the_month_makes_two_lines():
    regie = Regie(story=story_of(*ate(TUESDAY, FRIDAY)))
    (before,) = regie.rules().rulebooks
    dearer = replace(MEALS, grids=(grid("3.50"),))
    after = replace(before, version="2024-01-24", in_force_from=day("2024-01-24"), tariffs=(dearer,))
    rules = replace(regie.rules(), rulebooks=(before, after))
    lines = billed(regie.family(ROSSI), rules, "2024-01").lines  # type: ignore[arg-type]
    said = [(line.rulebook, line.unit_price_cents, len(line.days)) for line in lines]
    assert said == [("2023-09", 300, 1), ("2024-01-24", 350, 1)]


def test_a_unit_no_rulebook_knows_is_missing_its_tariff():
    regie = Regie(story=story_of(*ate(TUESDAY)))
    (before,) = regie.rules().rulebooks
    assert regie.rules().governing(SlotKey(CANTINE, Slug("repas"), day(TUESDAY))) is not None
    other = replace(before, activities={slug: each for slug, each in before.activities.items() if slug != CANTINE})
    bill = billed(regie.family(ROSSI), replace(regie.rules(), rulebooks=(other,)), "2024-01")  # type: ignore[arg-type]
    assert (bill.lines, missing(bill)) == ((), ["tariff 01-23"])


def test_amounts_are_whole_cents_and_add_up():
    bill = drafted(quotient(70_000, "2024-01-01"), *ate(MONDAY, TUESDAY, FRIDAY), tariffs=[BY_QUOTIENT])
    assert bill.total_cents == sum(line.amount_cents for line in bill.lines) == 915
    assert Decimal(bill.total_cents) / 100 == Decimal("9.15")


# Days that are only supposed ----------------------------------------------------------------------------------------


def test_a_child_supposed_to_come_on_a_closed_day_contradicts_nothing():
    regie = Regie(story=story_of(close(TUESDAY), clock("2024-01-10 10:00")), tariffs=[MEALS])
    family, key = regie.family(ROSSI), SlotKey(CANTINE, Slug("repas"), day(TUESDAY))
    scene = Scene(commune=regie.story.commune, now=at("2024-01-10 10:00"), offer=offer_of(regie.rules()))
    page = having(scene, family.children[MATTEO.id], ROSSI, CANTINE, [Wanted(key)])
    price = price_of(scene, [of_child(family, MATTEO.id, page)], {(MATTEO.id, key)})
    assert (price.lines, price.missing) == ((), ())
