"""Which days an accepted absence spares."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from typing import Any

from ledger.identifiers import Slug
from rulebook.rulebook import Rulebook
from tests.asks import absent, approve, mark, reject, reserve, sheet, submit, withdraw
from tests.projections.billing.regie import MEALS, Regie, bases, missing, tariff, told
from tests.spec import about, clock, enrolled, given
from tests.town import CANTINE, GARDERIE, MATTEO

MONDAY, TUESDAY, THURSDAY, FRIDAY = (f"2024-01-{number} repas" for number in (22, 23, 25, 26))
MONDAY_AFTER = "2024-01-29 repas"


def ruled(**changes: Any) -> Callable[[Rulebook], Rulebook]:
    """Valmont with another rule of absences at the canteen."""

    def change(rulebook: Rulebook) -> Rulebook:
        canteen = rulebook.activities[CANTINE]
        assert canteen.absence is not None
        other = replace(canteen, absence=replace(canteen.absence, **changes))
        return replace(rulebook, activities={**rulebook.activities, CANTINE: other})

    return change


def sick(*days: str, change: Callable[[Rulebook], Rulebook] = lambda rulebook: rulebook) -> Regie:
    """Matteo had the days, stayed at home, and his absence was accepted."""
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(*days),
        clock("2024-01-31 18:00"),
        *(sheet(each, mark("absent")) for each in days),
        absent(*days, reason="sortie"),
        approve(),
    ).story
    return Regie(story=story, change=change)


def test_an_accepted_absence_costs_nothing():
    assert told(sick(MONDAY, TUESDAY).draft("2024-01")) == []


def test_a_child_that_came_although_its_absence_was_accepted_is_billed_and_somebody_should_look():
    regie = sick(MONDAY, TUESDAY)
    sheet(MONDAY, mark("present"))(regie.story)
    bill = regie.draft("2024-01")
    assert (told(bill), missing(bill)) == (["1 x 3 Cantine 01-22"], ["contradiction 01-22"])
    assert [each.billed for each in bill.missing] == [True]


def test_an_absence_that_waits_is_billed_meanwhile_and_keeps_no_month_open():
    regie = sick(MONDAY)
    waiting = given(
        about(CANTINE), enrolled(MATTEO), reserve(MONDAY), clock("2024-01-31 18:00"), absent(MONDAY, reason="sortie")
    ).story
    bill = Regie(story=waiting).draft("2024-01")
    assert (told(bill), missing(bill), bases(bill)) == (
        ["1 x 3 Cantine 01-22"],
        ["absence 01-22"],
        ["01-22 absent_pending"],
    )
    assert [each.billed for each in bill.missing] == [True]
    assert regie.draft("2024-01").missing == ()


def test_a_refused_absence_is_due_and_may_be_declared_again():
    refused = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(MONDAY),
        clock("2024-01-31 18:00"),
        absent(MONDAY, reason="sortie"),
        reject(),
    ).story
    assert bases(Regie(story=refused).draft("2024-01")) == ["01-22 absent"]
    absent(MONDAY, reason="sortie")(refused)
    assert bases(Regie(story=refused).draft("2024-01")) == ["01-22 absent_pending"]
    approve()(refused)
    assert told(Regie(story=refused).draft("2024-01")) == []


def test_the_first_day_of_a_run_stays_billed_where_the_rulebook_says_so():
    bill = sick(MONDAY, TUESDAY, THURSDAY, change=ruled(waiting_days=1)).draft("2024-01")
    assert bases(bill) == ["01-22 waiting_days"]


def test_a_run_goes_on_over_the_days_nothing_is_offered():
    # Wednesday, Saturday and Sunday have no canteen.
    bill = sick(THURSDAY, FRIDAY, MONDAY_AFTER, change=ruled(waiting_days=1)).draft("2024-01")
    assert bases(bill) == ["01-25 waiting_days"]


def test_a_day_offered_between_two_absences_makes_two_runs():
    bill = sick(MONDAY, THURSDAY, change=ruled(waiting_days=1)).draft("2024-01")
    assert bases(bill) == ["01-22 waiting_days", "01-25 waiting_days"]


def test_days_that_begin_within_forty_eight_hours_of_the_first_stay_billed():
    bill = sick(MONDAY, TUESDAY, THURSDAY, change=ruled(waiting_hours=48)).draft("2024-01")
    assert bases(bill) == ["01-22 waiting_days", "01-23 waiting_days"]


def test_forty_eight_hours_to_the_minute_are_over():
    bill = sick(THURSDAY, FRIDAY, MONDAY_AFTER, change=ruled(waiting_hours=24)).draft("2024-01")
    assert bases(bill) == ["01-25 waiting_days"]


def test_a_run_that_is_too_short_stays_billed():
    assert bases(sick(MONDAY, TUESDAY, change=ruled(minimum_run_days=3)).draft("2024-01")) == [
        "01-22 too_short",
        "01-23 too_short",
    ]
    assert told(sick(MONDAY, TUESDAY, THURSDAY, change=ruled(minimum_run_days=3)).draft("2024-01")) == []


def test_a_day_whose_hour_to_warn_was_past_stays_billed():
    notice = ruled(notice_at=time(9, 30), notice_days_before=0)
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(MONDAY, TUESDAY),
        clock("2024-01-22 09:31"),
        absent(MONDAY, reason="sortie"),
        approve(),
        clock("2024-01-23 09:30"),
        absent(TUESDAY, reason="sortie"),
        approve(),
    ).story
    assert bases(Regie(story=story, change=notice).draft("2024-01")) == ["01-22 too_late"]


def test_a_run_that_began_in_the_month_before_counts_from_there():
    days = ("2024-01-29 repas", "2024-01-30 repas", "2024-02-01 repas", "2024-02-02 repas")
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(*days),
        clock("2024-02-05 18:00"),
        absent(*days, reason="sortie"),
        approve(),
    ).story
    regie = Regie(story=story, change=ruled(waiting_days=3))
    assert bases(regie.draft("2024-01")) == ["01-29 waiting_days", "01-30 waiting_days"]
    assert bases(regie.draft("2024-02")) == ["02-01 waiting_days"]


def test_an_absence_of_the_evening_is_due_for_as_long_as_it_was_reserved():
    box = "2024-01-23 soir"
    story = given(
        about(GARDERIE),
        enrolled(MATTEO),
        submit(reserve=[box]),
        clock("2024-01-31 18:00"),
        sheet(box, mark("absent")),
    ).story
    lasting = replace(tariff(GARDERIE, "0.70"), minutes=30)
    regie = Regie(story=story, tariffs=[lasting], change=until_six)
    assert told(regie.draft("2024-01")) == ["3 x 0.7 Garderie 01-23"]


def until_six(rulebook: Rulebook) -> Rulebook:
    """The evening lasts from 16:30 to 18:00."""
    care = rulebook.activities[GARDERIE]
    units = {slug: replace(unit, ends_at=time(18, 0)) for slug, unit in care.units.items()}
    return replace(rulebook, activities={**rulebook.activities, GARDERIE: replace(care, units=units)})


def test_a_day_said_absent_on_which_the_child_came_after_all_is_due():
    notice = ruled(notice_at=time(9, 30), notice_days_before=0)
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(MONDAY),
        clock("2024-01-22 08:00"),
        absent(MONDAY, reason="sortie"),
        approve(),
        clock("2024-01-22 18:00"),
        sheet(MONDAY, mark("present")),
    ).story
    assert bases(Regie(story=story, change=notice, tariffs=[MEALS]).draft("2024-01")) == ["01-22 present"]


def by_weekday(rulebook: Rulebook) -> Rulebook:
    """The basket is offered on Wednesdays, the meal on the other days of school; runs of three days count."""
    canteen = rulebook.activities[CANTINE]
    assert canteen.absence is not None
    (opening,) = canteen.openings
    openings = (
        replace(opening, units=frozenset({Slug("repas")})),
        replace(opening, units=frozenset({Slug("panier")}), weekdays=frozenset({2})),
    )
    other = replace(canteen, openings=openings, absence=replace(canteen.absence, minimum_run_days=3))
    return replace(rulebook, activities={**rulebook.activities, CANTINE: other})


def test_a_later_absence_of_a_unit_of_other_weekdays_cuts_no_run():
    regie = sick(MONDAY, TUESDAY, THURSDAY, "2024-01-29 panier", change=by_weekday)
    assert told(regie.draft("2024-01")) == ["1 x 3 Cantine 01-29"]


def test_an_absence_said_in_time_and_said_again_after_a_refusal_was_said_in_time():
    notice = ruled(notice_at=time(9, 30), notice_days_before=0)
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(MONDAY, TUESDAY),
        clock("2024-01-22 08:00"),
        absent(MONDAY, reason="sortie"),
        reject(),
        clock("2024-01-23 08:00"),
        absent(TUESDAY, reason="sortie"),
        withdraw(),
        clock("2024-01-24 09:00"),
        absent(MONDAY, TUESDAY, reason="sortie"),
        approve(),
    ).story
    assert bases(Regie(story=story, change=notice).draft("2024-01")) == ["01-23 too_late"]
