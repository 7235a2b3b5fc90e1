"""Of several things that changed since a month was closed, a regularisation names those that moved the price."""

from dataclasses import replace

from ledger.events import MealBroughtDecided, QuotientDecided, TariffStatusDecided
from rulebook.tariffs import Conditions
from tests.asks import mark, sheet
from tests.projections.billing.regie import BY_QUOTIENT, MEALS, grid, says, tells, told
from tests.projections.billing.test_regularising import FRIDAY, TUESDAY, came, causes, january, quotient, then
from tests.town import CANTINE, day


def test_attendance_that_came_back_to_what_it_was_is_not_why_a_quotient_changed_the_price():
    regie = january(quotient(70_000, "2024-01-01"), *came(TUESDAY, FRIDAY), tariffs=[BY_QUOTIENT])
    regie.close("2024-01")
    then(regie, sheet(FRIDAY, mark("absent")), sheet(FRIDAY, mark("present")))
    then(regie, quotient(50_000, "2024-01-24", regularisation=True))
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3.05 Cantine 01-26 (2024-01)", "1 x 1 Cantine 01-26 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[QuotientDecided]] * 2


def test_a_status_no_tariff_asks_for_is_not_why_a_meal_brought_changed_the_price():
    tariffs = [replace(MEALS, grids=(*MEALS.grids, grid("1.00", conditions=Conditions(meal_brought=True))))]
    regie = january(*came(TUESDAY), tariffs=tariffs)
    regie.close("2024-01")
    then(
        regie,
        tells(MealBroughtDecided(activity=CANTINE, brought=True, first_day=day("2024-01-01"))),
        says(TariffStatusDecided(residence="town", regime="msa", first_day=day("2024-01-01"))),
    )
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3 Cantine 01-23 (2024-01)", "1 x 1 Cantine 01-23 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[MealBroughtDecided]] * 2


def test_two_reasons_for_one_price_are_both_named():
    cheaper = grid([("0", "0.50"), ("600", "2.00")], conditions=Conditions(meal_brought=True))
    tariffs = [replace(BY_QUOTIENT, grids=(*BY_QUOTIENT.grids, cheaper))]
    regie = january(quotient(70_000, "2024-01-01"), *came(TUESDAY), tariffs=tariffs)
    regie.close("2024-01")
    then(
        regie,
        tells(MealBroughtDecided(activity=CANTINE, brought=True, first_day=day("2024-01-01"))),
        quotient(50_000, "2024-01-01", regularisation=True),
    )
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3.05 Cantine 01-23 (2024-01)", "1 x 0.5 Cantine 01-23 (2024-01)"]
    assert [set(causes(regie, line)) for line in bill.lines] == [{MealBroughtDecided, QuotientDecided}] * 2
