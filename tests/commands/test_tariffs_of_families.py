"""Which tariffs a household is under, and which children bring their meal: an agent says so, from a day on."""

from commands.decide_meal_brought import DecideMealBrought
from commands.decide_tariff_status import DecideTariffStatus
from ledger.events import MealBroughtDecided, TariffStatusDecided
from ledger.identifiers import Slug
from tests.asks import ask
from tests.formalities import family, household_of
from tests.spec import enrolled, given
from tests.town import CANTINE, DIALLO, MATTEO, ROSSI, day


def status(residence: str = "outside", regime: str = "msa", first: str = "2024-01-01", household: str = ROSSI):
    return ask(
        DecideTariffStatus(household=household, residence=residence, regime=regime, first_day=day(first))  # type: ignore[arg-type]
    )


def meal(brought: bool = True, first: str = "2024-01-08", activity: str = CANTINE, child: str = MATTEO.id):
    return ask(
        DecideMealBrought(child=child, activity=Slug(activity), brought=brought, first_day=day(first))  # type: ignore[arg-type]
    )


def test_a_household_is_outside_the_town_from_a_day_on_even_a_past_one():
    then = given(family(), status("town", "caf", "2023-09-01")).when(status(first="2023-11-01"))
    then.then_wrote(TariffStatusDecided)
    assert [each.residence for each in household_of(then.story).statuses] == ["town", "outside"]
    rows = [(row["residence"], row["regime"], row["first_day"]) for row in then.story.rows("tariff_statuses")]
    assert rows == [("town", "caf", day("2023-09-01")), ("outside", "msa", day("2023-11-01"))]


def test_no_status_of_a_household_nobody_opened():
    given(family()).when(status(household=DIALLO)).then_refused("unknown_household")


def test_a_child_brings_its_meal_and_no_more():
    then = given(enrolled(MATTEO), meal()).when(meal(brought=False, first="2024-02-01")).then_wrote(MealBroughtDecided)
    rows = [(row["activity"], row["brought"], row["first_day"]) for row in then.story.rows("meals_brought")]
    assert rows == [(CANTINE, True, day("2024-01-08")), (CANTINE, False, day("2024-02-01"))]


def test_no_meal_of_a_child_nobody_registered_or_to_an_activity_no_rulebook_has():
    given(enrolled(MATTEO)).when(meal(child="nobody")).then_refused("unknown_child")
    given(enrolled(MATTEO)).when(meal(activity="piscine")).then_refused("unknown_activity")
