"""What a request would cost, before it is made."""

from dataclasses import replace
from decimal import Decimal

from ledger.child import SlotKey
from ledger.events import BilledLine, QuotientDecided
from ledger.identifiers import Slug
from projections.billing.hypothetical import Quote, Wished, days_offered, quote
from rulebook.tariffs import Conditions
from tests.asks import alternate, close, join, reserve
from tests.projections.billing.regie import BY_QUOTIENT, MEALS, Regie, grid, in_short
from tests.spec import Story, about, enrolled, given, registered
from tests.town import AWA, CANTINE, DIALLO, MATTEO, ROSSI, day

TUESDAY, FRIDAY = "2024-01-23", "2024-01-26"
CHEAPER_FROM_THREE = grid("2.00", conditions=Conditions(units_from=3), name="forfait")


def wish(text: str) -> Wished:
    return Wished(MATTEO.id, SlotKey(CANTINE, Slug("repas"), day(text)))


def told(found: Quote) -> list[str]:
    return [in_short(line) for line in found.lines]


def family(*steps) -> Story:
    return given(about(CANTINE), enrolled(MATTEO), *steps).story


def asked(regie: Regie, *days: str, **supposed) -> Quote:
    return quote(regie.family(ROSSI), regie.rules(), [wish(each) for each in days], **supposed)


def test_a_request_is_priced_as_if_the_child_came():
    found = asked(Regie(story=family()), TUESDAY, FRIDAY)
    assert told(found) == ["2 x 3 Cantine 01-23 01-26"]
    assert found.total_cents == 600


def test_a_day_the_child_has_already_adds_nothing():
    assert told(asked(Regie(story=family(reserve(f"{TUESDAY} repas"))), TUESDAY, FRIDAY)) == ["1 x 3 Cantine 01-26"]


def test_a_day_the_town_closed_costs_nothing():
    assert told(asked(Regie(story=family(close(TUESDAY))), TUESDAY)) == []


def test_a_day_that_makes_the_others_cheaper_says_so():
    regie = Regie(
        story=family(reserve("2024-01-22 repas", f"{TUESDAY} repas")),
        tariffs=[replace(MEALS, grids=(*MEALS.grids, CHEAPER_FROM_THREE))],
    )
    found = asked(regie, FRIDAY)
    assert told(found) == ["-2 x 3 Cantine 01-22 01-23", "3 x 2 Cantine 01-22 01-23 01-26"]
    assert found.total_cents == 0


def test_without_a_quotient_what_is_missing_is_said_and_one_may_be_supposed():
    regie = Regie(story=family(), tariffs=[BY_QUOTIENT])
    found = asked(regie, TUESDAY)
    assert (told(found), [each.why for each in found.missing]) == ([], ["quotient"])
    supposed = QuotientDecided(amount_cents=70_000, source="caf", first_day=day("2023-09-01"))
    (line,) = asked(regie, TUESDAY, quotient=supposed).lines
    assert isinstance(line, BilledLine)
    assert Decimal(line.unit_price_cents) / 100 == Decimal("3.05")


def test_a_day_of_the_other_household_is_paid_elsewhere():
    regie = Regie(story=family(registered(AWA), join(DIALLO), alternate(DIALLO, ROSSI)))
    found = asked(regie, TUESDAY, "2024-01-30")
    assert told(found) == ["1 x 3 Cantine 01-30"]
    assert found.elsewhere == (wish(TUESDAY),)


def test_a_typical_month_is_the_days_that_are_offered():
    rules = Regie(story=family()).rules()
    first, last = day("2024-04-01"), day("2024-04-30")
    keys = days_offered(rules, (CANTINE, Slug("repas")), first, last, weekdays={0, 1})
    assert [f"{key.day:%m-%d}" for key in keys] == ["04-02", "04-22", "04-23", "04-29", "04-30"]
