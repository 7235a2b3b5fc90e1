"""What the days of a month cost a household: given what was asked, who came and what was said of it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.events import PersonErased
from ledger.identifiers import PersonId, Subject
from projections.billing.bills import bill as billed
from rulebook.tariffs import Adjustment, Conditions, When
from tests.asks import (
    alternate,
    approve,
    cancel,
    close,
    join,
    leave,
    mark,
    reject,
    reopen,
    reserve,
    sheet,
    submit,
    swap,
    withdraw,
)
from tests.projections.billing.regie import (
    MEALS,
    Regie,
    bases,
    missing,
    tariff,
    tells,
    told,
)
from tests.spec import Ask, Step, about, clock, enrolled, given, registered
from tests.town import AWA, CANTINE, DIALLO, ETUDE, GARDERIE, MATTEO, MERCREDIS, ROSSI, Person, day

TUESDAY, FRIDAY, TUESDAY_AFTER = "2024-01-23 repas", "2024-01-26 repas", "2024-01-30 repas"
AFTER = clock("2024-01-31 18:00")


def at_the_canteen(*steps: Step, tariffs=(MEALS,), change=lambda rulebook: rulebook) -> Regie:
    """Matteo may eat at the canteen."""
    story = given(about(CANTINE), enrolled(MATTEO), *steps).story
    return Regie(story=story, tariffs=tariffs, change=change)


def came(*texts: str, of: Person = MATTEO) -> list[Ask]:
    return [sheet(text, mark("present", of=of)) for text in texts]


def stayed_away(*texts: str, of: Person = MATTEO) -> list[Ask]:
    return [sheet(text, mark("absent", of=of)) for text in texts]


def surcharge(when: When, amount: str = "1.50") -> Adjustment:
    return Adjustment(
        label=f"Supplément {when}",
        article="9.9",
        when=when,
        conditions=Conditions(),
        nature="surcharge",
        amount=Decimal(amount),
        share=None,
        code="",
    )


# What was reserved and who came ------------------------------------------------------------------------------------


def test_days_of_one_price_are_one_line_in_their_order():
    regie = at_the_canteen(reserve(FRIDAY, TUESDAY), AFTER, *came(FRIDAY, TUESDAY))
    bill = regie.draft("2024-01")
    assert told(bill) == ["2 x 3 Cantine 01-23 01-26"]
    assert (bill.total_cents, bill.missing) == (600, ())
    (line,) = bill.lines
    assert (line.rulebook, line.article, line.code, line.nature) == ("2023-09", "9.1", "7067", "meal")


def test_each_day_names_the_lines_of_who_asked_who_decided_and_who_wrote_down_that_the_child_came():
    regie = at_the_canteen(reserve(TUESDAY, FRIDAY), AFTER, *came(TUESDAY), *came(FRIDAY))
    (line,) = regie.draft("2024-01").lines
    facts = [[type(regie.story.lines(MATTEO)[number - 1].fact).__name__ for number in each.lines] for each in line.days]
    assert facts == [["ReservationRequested", "DemandeApproved", "AttendanceRecorded"]] * 2


def test_a_reserved_day_of_which_nobody_said_who_came_is_missing_and_not_guessed():
    bill = at_the_canteen(reserve(TUESDAY), AFTER).draft("2024-01")
    assert (told(bill), missing(bill)) == ([], ["attendance 01-23"])


def test_a_child_that_came_without_a_reservation_is_billed_as_such():
    tariffs = [replace(MEALS, adjustments=(surcharge("unreserved"),))]
    bill = at_the_canteen(AFTER, *came(TUESDAY), tariffs=tariffs).draft("2024-01")
    assert told(bill) == ["1 x 3 Cantine 01-23", "1 x 1.5 Supplément unreserved 01-23"]
    assert bases(bill) == ["01-23 unreserved", "01-23 unreserved"]


def test_a_child_that_came_while_its_request_waits_is_billed_meanwhile():
    regie = Regie(
        story=given(
            about(GARDERIE), enrolled(MATTEO), clock("2024-01-15 18:00"), reserve("2024-01-16 court"), AFTER
        ).story,
        tariffs=[tariff(GARDERIE, "0.70")],
    )
    for each in came("2024-01-16 court"):
        each(regie.story)
    bill = regie.draft("2024-01")
    assert (told(bill), missing(bill)) == (["1 x 0.7 Garderie 01-16"], ["request 01-16"])


def test_attendance_that_is_corrected_counts_as_corrected():
    regie = at_the_canteen(
        reserve(TUESDAY), AFTER, *came(TUESDAY), *stayed_away(TUESDAY), tariffs=[replace(MEALS, absent_due=False)]
    )
    assert told(regie.draft("2024-01")) == []


@pytest.mark.parametrize("ends", [reject(), withdraw()])
def test_a_day_that_was_refused_or_taken_back_costs_nothing(ends: Ask):
    story = given(enrolled(MATTEO), reserve("2024-01-31"), ends, AFTER).story
    assert told(Regie(story=story, tariffs=[tariff(MERCREDIS, "9.00")]).draft("2024-01")) == []


def test_a_day_that_still_waits_at_the_end_of_the_month_is_missing():
    story = given(enrolled(MATTEO), reserve("2024-01-31"), AFTER).story
    bill = Regie(story=story, tariffs=[tariff(MERCREDIS, "9.00")]).draft("2024-01")
    assert (told(bill), missing(bill)) == ([], ["request 01-31"])


def test_what_no_tariff_prices_costs_nothing():
    bill = at_the_canteen(reserve(TUESDAY), AFTER, *came(TUESDAY), tariffs=[]).draft("2024-01")
    assert (bill.lines, bill.missing) == ((), ())


def test_a_unit_the_next_rulebook_dropped_is_billed_under_the_one_that_knew_it():
    regie = at_the_canteen(reserve("2024-03-26 repas"), clock("2024-03-26 18:00"), *came("2024-03-26 repas"))
    (before,) = regie.rules().rulebooks
    without = {slug: each for slug, each in before.activities.items() if slug != CANTINE}
    after = replace(before, version="2024-03", in_force_from=day("2024-03-01"), activities=without)
    rules = replace(regie.rules(), rulebooks=(before, after))
    (line,) = billed(regie.family(ROSSI), rules, "2024-03").lines
    assert (line.rulebook, line.quantity) == ("2023-09", 1)


# Late ---------------------------------------------------------------------------------------------------------------


def test_a_day_that_was_reserved_late_has_its_surcharge_on_a_line_of_its_own():
    days = ("2024-01-30 gouter", "2024-01-30 etude")
    story = given(about(ETUDE), enrolled(MATTEO), clock("2024-01-28 10:00"), reserve(*days), AFTER).story
    for each in came(*days):
        each(story)
    regie = Regie(story=story, tariffs=[replace(tariff(ETUDE, "2.00"), adjustments=(surcharge("late"),))])
    assert told(regie.draft("2024-01")) == [
        "1 x 2 Etude 01-30",
        "1 x 1.5 Supplément late 01-30",
        "1 x 2 Etude 01-30",
        "1 x 1.5 Supplément late 01-30",
    ]


def test_a_day_that_was_given_up_late_costs_its_surcharge_alone():
    given_up = ("2024-01-30 gouter",)
    story = given(
        about(ETUDE), enrolled(MATTEO), reserve(*given_up), clock("2024-01-28 10:00"), cancel(*given_up)
    ).story
    regie = Regie(story=story, tariffs=[replace(tariff(ETUDE, "2.00"), adjustments=(surcharge("late_cancellation"),))])
    bill = regie.draft("2024-01")
    assert told(bill) == ["1 x 1.5 Supplément late_cancellation 01-30"]
    assert bases(bill) == ["01-30 late_cancellation"]


def test_a_day_given_up_late_and_taken_again_is_a_reserved_day():
    text = "2024-01-30 gouter"
    story = given(
        about(ETUDE), enrolled(MATTEO), reserve(text), clock("2024-01-28 10:00"), cancel(text), reserve(text), AFTER
    ).story
    sheet(text, mark("present"))(story)
    adjustments = (surcharge("late_cancellation"),)
    regie = Regie(story=story, tariffs=[replace(tariff(ETUDE, "2.00"), adjustments=adjustments)])
    assert told(regie.draft("2024-01")) == ["1 x 2 Etude 01-30"]


# Closed days --------------------------------------------------------------------------------------------------------


def test_a_day_the_town_closed_costs_nothing_even_after_the_child_came():
    before = at_the_canteen(reserve(TUESDAY), close("2024-01-23"), AFTER)
    after = at_the_canteen(reserve(TUESDAY), AFTER, *came(TUESDAY), close("2024-01-23"))
    assert [told(each.draft("2024-01")) for each in (before, after)] == [[], []]


def test_a_child_that_came_on_a_closed_day_is_a_contradiction_that_keeps_no_month_open():
    bill = at_the_canteen(reserve(TUESDAY), AFTER, *came(TUESDAY), close("2024-01-23")).draft("2024-01")
    assert [(each.why, each.day, each.article, each.billed) for each in bill.missing] == [
        ("contradiction", day("2024-01-23"), "3", True)
    ]
    away = at_the_canteen(reserve(TUESDAY), AFTER, *stayed_away(TUESDAY), close("2024-01-23"))
    assert away.draft("2024-01").missing == ()


def test_a_day_closed_elsewhere_is_billed_and_one_that_opened_again_too():
    elsewhere = at_the_canteen(reserve(TUESDAY), AFTER, *came(TUESDAY), close("2024-01-23", site="prairie"))
    opened = at_the_canteen(reserve(TUESDAY), close("2024-01-23"), reopen("2024-01-23"), AFTER, *came(TUESDAY))
    assert [told(each.draft("2024-01")) for each in (elsewhere, opened)] == [["1 x 3 Cantine 01-23"]] * 2


# Who pays -----------------------------------------------------------------------------------------------------------


def apart(*steps: Step) -> Regie:
    """Matteo lives with Rossi in odd weeks and with Diallo in even ones: the 23rd is Diallo's, the 30th Rossi's."""
    return at_the_canteen(registered(AWA), join(DIALLO), alternate(DIALLO, ROSSI), *steps)


def test_each_household_pays_its_own_days():
    regie = apart(reserve(TUESDAY, TUESDAY_AFTER, by=(ROSSI, DIALLO)), AFTER, *came(TUESDAY, TUESDAY_AFTER))
    assert told(regie.draft("2024-01", ROSSI)) == ["1 x 3 Cantine 01-30"]
    assert told(regie.draft("2024-01", DIALLO)) == ["1 x 3 Cantine 01-23"]


def test_a_rulebook_may_say_that_whoever_asked_pays():
    regie = apart(reserve(TUESDAY, by=(DIALLO,)), swap("2024-01-23", "2024-01-23", ROSSI), AFTER, *came(TUESDAY))
    assert told(regie.draft("2024-01", DIALLO)) == []
    regie.tariffs = [replace(MEALS, payer="asker")]
    assert told(regie.draft("2024-01", DIALLO)) == ["1 x 3 Cantine 01-23"]
    assert told(regie.draft("2024-01", ROSSI)) == []


def test_a_child_of_two_households_that_came_by_surprise_is_billed_to_whose_day_it_is():
    regie = apart(AFTER, *came(TUESDAY, TUESDAY_AFTER))
    assert told(regie.draft("2024-01", ROSSI)) == ["1 x 3 Cantine 01-30"]
    assert told(regie.draft("2024-01", DIALLO)) == ["1 x 3 Cantine 01-23"]


def test_without_custody_a_child_that_came_by_surprise_is_billed_to_its_first_household():
    regie = at_the_canteen(registered(AWA), join(DIALLO), AFTER, *came(TUESDAY))
    assert told(regie.draft("2024-01", ROSSI)) == ["1 x 3 Cantine 01-23"]
    assert told(regie.draft("2024-01", DIALLO)) == []


def test_a_household_the_child_left_pays_for_the_days_before():
    regie = at_the_canteen(
        registered(AWA), join(DIALLO), clock("2024-01-24 10:00"), *came(TUESDAY), leave(ROSSI), AFTER, *came(FRIDAY)
    )
    assert told(regie.draft("2024-01", ROSSI)) == ["1 x 3 Cantine 01-23"]
    assert told(regie.draft("2024-01", DIALLO)) == ["1 x 3 Cantine 01-26"]


WEDNESDAY = "2024-01-31 journee"


@pytest.mark.parametrize("given_up", [[reject()], [approve(), cancel(WEDNESDAY), approve()]])
def test_a_household_the_child_left_pays_no_day_it_asked_for_and_never_had_or_gave_up(given_up: list[Ask]):
    household = [enrolled(MATTEO), registered(AWA), join(DIALLO), clock("2024-01-02 10:00")]
    asked = [reserve(WEDNESDAY), *given_up, leave(ROSSI), AFTER, *came(WEDNESDAY)]
    story = given(about(MERCREDIS), *household, *asked).story
    regie = Regie(story=story, tariffs=[tariff(MERCREDIS, "9.00")])
    assert told(regie.draft("2024-01", ROSSI)) == []
    assert told(regie.draft("2024-01", DIALLO)) == ["1 x 9 Mercredis 01-31"]


def test_a_household_the_child_left_pays_for_the_day_it_gave_up_late():
    given_up = ("2024-01-30 gouter",)
    household = [enrolled(MATTEO), registered(AWA), join(DIALLO), reserve(*given_up)]
    late = [clock("2024-01-28 10:00"), cancel(*given_up), leave(ROSSI)]
    story = given(about(ETUDE), *household, *late).story
    regie = Regie(story=story, tariffs=[replace(tariff(ETUDE, "2.00"), adjustments=(surcharge("late_cancellation"),))])
    assert told(regie.draft("2024-01", ROSSI)) == ["1 x 1.5 Supplément late_cancellation 01-30"]
    assert told(regie.draft("2024-01", DIALLO)) == []
    for step in (AFTER, *came(*given_up)):
        step(story)
    assert told(regie.draft("2024-01", ROSSI)) == []
    assert told(regie.draft("2024-01", DIALLO)) == ["1 x 2 Etude 01-30"]


def test_two_units_that_exclude_each_other_are_billed_and_somebody_should_look():
    story = given(
        about(MERCREDIS),
        enrolled(MATTEO),
        submit(reserve=["2024-01-24 journee"], derogation="urgence", approve=True),
        AFTER,
        *came("2024-01-24 matinee"),
    ).story
    regie = Regie(story=story, tariffs=[tariff(MERCREDIS, "9.00")])
    assert missing(regie.draft("2024-01")) == ["attendance 01-24"]
    sheet("2024-01-24 journee", mark("absent"))(story)
    bill = regie.draft("2024-01")
    assert told(bill) == ["1 x 9 Mercredis 01-24", "1 x 9 Mercredis 01-24"]
    assert [(each.unit, each.why, each.billed) for each in bill.missing] == [("matinee", "contradiction", True)]


def test_a_child_that_was_forgotten_is_still_billed():
    erased = PersonErased(
        person=PersonId(MATTEO.id), agreement="A-1", agreed_by=Subject("archivist"), agreed_on=day("2024-01-31")
    )
    regie = at_the_canteen(reserve(TUESDAY), AFTER, *came(TUESDAY), tells(erased))
    assert told(regie.draft("2024-01")) == ["1 x 3 Cantine 01-23"]
