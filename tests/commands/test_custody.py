"""Alternating custody: said by an agent who saw why, and held to day by day, whoever asks."""

import pytest

from ledger.events import (
    AbsenceDeclared,
    CancellationRequested,
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    HolidayHalves,
    ReservationRequested,
)
from tests.asks import (
    absent,
    alternate,
    approve,
    cancel,
    close,
    end_custody,
    end_enrolment,
    every,
    join,
    places,
    reject,
    reserve,
    seen,
    submit,
    swap,
    withdraw,
)
from tests.spec import about, clock, day, enrolled, given, registered, slot_of
from tests.town import AWA, CANTINE, DIALLO, GARDERIE, LEFEVRE, MATTEO, ROSSI, VACANCES

ODD, EVEN = "2024-03-27", "2024-04-03"
"""Wednesdays of the weeks 13 and 14: at the Diallos', and at the Rossis'."""
MOTHER, FATHER, BOTH = (ROSSI,), (DIALLO,), (ROSSI, DIALLO)


def of_two_households(*steps, now="2024-01-10 10:00"):
    """Matteo lives at the Rossis', and at the Diallos' too."""
    return given(enrolled(MATTEO), registered(AWA), join(DIALLO), clock(now), *steps)


def alternating(*steps, now="2024-01-10 10:00"):
    """Even weeks at the Rossis', odd weeks at the Diallos'."""
    return of_two_households(alternate(ROSSI, DIALLO), *steps, now=now)


# What is said --------------------------------------------------------------------------------------------------------


def test_custody_is_agreed_between_the_two_households_of_a_child():
    then = of_two_households().when(alternate(ROSSI, DIALLO)).then_accepted().then_wrote(CustodyAgreed)
    (fact,) = then.story.facts
    assert isinstance(fact, CustodyAgreed)
    assert (fact.proof.kind, fact.proof.seen_by) == ("judgement", "agent-1")


def test_a_child_of_one_household_has_no_alternating_custody():
    given(enrolled(MATTEO)).when(alternate(ROSSI, DIALLO)).then_refused("not_two_households")


def test_a_household_the_child_is_not_of_is_not_told_from_one_that_does_not_exist():
    halves = HolidayHalves(even_years=LEFEVRE, odd_years=ROSSI)
    of_two_households().when(alternate(ROSSI, LEFEVRE)).then_refused("unknown_household")
    of_two_households().when(alternate(ROSSI, DIALLO, holidays=halves)).then_refused("unknown_household")
    of_two_households().when(alternate(ROSSI, DIALLO, at=LEFEVRE)).then_refused("unknown_household")
    alternating().when(swap(ODD, ODD, LEFEVRE)).then_refused("unknown_household")


def test_each_household_has_a_day_at_least():
    of_two_households().when(alternate(ROSSI, ROSSI)).then_refused("custody_one_sided")
    one_day = (DIALLO, *(ROSSI,) * 6)
    of_two_households().when(alternate(one_day, ROSSI)).then_accepted()


def test_a_proof_was_seen_already():
    tomorrow, today = seen("2024-01-11"), seen("2024-01-10")
    of_two_households().when(alternate(ROSSI, DIALLO, proof=tomorrow)).then_refused("day_not_come")
    of_two_households().when(alternate(ROSSI, DIALLO, proof=today)).then_accepted()


def test_custody_that_is_recorded_late_begins_in_the_past_and_leaves_what_was_booked():
    then = of_two_households(reserve(ODD, by=MOTHER)).when(alternate(ROSSI, DIALLO, since="2023-09-01"))
    slot = slot_of(then.then_accepted().story, MATTEO, ODD)
    assert slot is not None
    assert (slot.state, slot.household) == ("awaiting_add", ROSSI)


def test_an_exception_needs_something_to_except_and_a_period_in_order():
    of_two_households().when(swap(ODD, ODD, ROSSI)).then_refused("custody_not_agreed")
    alternating().when(swap(EVEN, ODD, ROSSI)).then_refused("period_reversed")
    alternating().when(swap(ODD, EVEN, ROSSI)).then_accepted().then_wrote(CustodyExcepted)


def test_custody_ends_if_it_was_agreed():
    of_two_households().when(end_custody(ODD)).then_refused("custody_not_agreed")
    alternating().when(end_custody(ODD)).then_accepted().then_wrote(CustodyEnded)


# Whose day it is -----------------------------------------------------------------------------------------------------


def test_each_parent_reserves_their_own_days():
    then = alternating().when(reserve(EVEN, by=MOTHER), reserve(ODD, by=FATHER)).then_accepted()
    then.then_day(EVEN, "awaiting_add", of=MATTEO).then_day(ODD, "awaiting_add", of=MATTEO)


@pytest.mark.parametrize(("day", "by"), [(ODD, MOTHER), (EVEN, FATHER)])
def test_a_day_outside_ones_custody_is_refused(day, by):
    then = alternating().when(reserve(day, by=by)).then_refused("custody")
    assert then.refusal.article == "4"


def test_a_day_is_given_up_by_the_parent_whose_day_it_is_whoever_booked_it():
    booked = reserve(ODD, by=MOTHER), approve(), alternate(ROSSI, DIALLO)
    of_two_households(*booked).when(cancel(ODD, by=MOTHER)).then_refused("custody")
    then = of_two_households(*booked).when(cancel(ODD, by=FATHER)).then_accepted()
    (fact,) = then.story.facts
    assert isinstance(fact, CancellationRequested)
    assert fact.household == DIALLO
    assert slot_of(then.story, MATTEO, ODD).household == ROSSI


def test_a_partial_demande_keeps_the_days_that_are_ones_own():
    then = alternating().when(reserve(EVEN, ODD, partial=True, by=MOTHER)).then_left_out("custody")
    then.then_day(EVEN, "awaiting_add", of=MATTEO).then_day(ODD, None, of=MATTEO)


def test_a_repetition_over_both_parents_days_names_those_that_are_not_ones_own():
    wednesdays = every("mercredi", "2024-03-25", "2024-04-05", unit="journee")
    alternating().when(submit(repeats=[wednesdays], by=MOTHER)).then_refused("custody")
    every_other = every("mercredi", "2024-04-01", "2024-04-30", unit="journee", weeks=2)
    alternating().when(submit(repeats=[every_other], by=MOTHER)).then_accepted()


def test_school_holidays_that_are_shared_have_their_own_days():
    halves = HolidayHalves(even_years=ROSSI, odd_years=DIALLO)
    steps = about(VACANCES), enrolled(MATTEO, activity=VACANCES)
    opened = "2024-03-10 10:00"
    asked = reserve("2024-04-08", by=MOTHER)  # week 15, in the first half
    of_two_households(*steps, alternate(ROSSI, DIALLO, holidays=halves), clock(opened)).when(asked).then_accepted()
    of_two_households(*steps, alternate(ROSSI, DIALLO), clock(opened)).when(asked).then_refused("custody")


def test_an_exception_gives_its_days_and_no_other():
    alternating(swap(ODD, ODD, ROSSI)).when(reserve(ODD, by=MOTHER)).then_accepted()
    alternating(swap(ODD, ODD, ROSSI)).when(reserve(ODD, by=FATHER)).then_refused("custody")
    alternating(swap(ODD, ODD, ROSSI)).when(reserve(EVEN, by=FATHER)).then_refused("custody")


def test_once_it_ended_both_parents_act_on_every_day():
    alternating(end_custody(ODD)).when(reserve(ODD, by=MOTHER)).then_accepted()
    alternating(end_custody(ODD)).when(reserve(EVEN, by=FATHER)).then_accepted()
    alternating(end_custody("2024-04-01")).when(reserve(ODD, by=MOTHER)).then_refused("custody")


def test_of_two_households_without_custody_both_act_on_every_day():
    of_two_households().when(reserve(ODD, by=MOTHER), reserve(EVEN, by=FATHER)).then_accepted()
    of_two_households(reserve(ODD, by=MOTHER), approve()).when(cancel(ODD, by=FATHER)).then_accepted()


def test_whose_day_it_is_is_said_before_what_stands_on_it_and_before_the_deadline():
    alternating(reserve(ODD, by=FATHER)).when(reserve(ODD, by=MOTHER)).then_refused("custody")
    alternating(now="2024-03-20 10:00").when(reserve(ODD, by=MOTHER)).then_refused("custody")
    alternating(places(0, f"{ODD} matinee", pool="grands")).when(reserve(ODD, by=MOTHER)).then_refused("custody")
    alternating().when(cancel(ODD, by=MOTHER)).then_refused("custody")


def test_a_closed_day_and_a_day_without_a_service_are_nobodys_custody():
    alternating(close(ODD)).when(reserve(ODD, by=MOTHER)).then_refused("day_closed")
    alternating().when(reserve("2024-03-28", by=MOTHER)).then_refused("not_a_day_of_this_activity")


def test_custody_is_no_deadline_and_no_derogation_sets_it_aside():
    asked = submit(reserve=[ODD], by=MOTHER, origin="counter", derogation="urgence")
    alternating(now="2024-03-20 10:00").when(asked).then_refused("custody")


def asked_before(asked, *steps):
    """Matteo's Wednesday was booked; one of the parents asks something, then custody is said."""
    return of_two_households(*steps, asked, alternate(ROSSI, DIALLO))


def test_what_waits_is_not_approved_on_a_day_that_became_the_other_household_s():
    asked_before(reserve(ODD, by=MOTHER)).when(approve()).then_refused("custody")
    booked = reserve(ODD, by=FATHER), approve()
    then = asked_before(cancel(ODD, by=MOTHER), *booked).when(approve()).then_refused("custody")
    then.then_day(ODD, "awaiting_removal", of=MATTEO)
    assert (then.refusal.day, then.refusal.action) == (day(ODD), "cancel")


def test_what_waits_is_approved_on_the_days_that_stayed_ones_own():
    waiting = asked_before(reserve(EVEN, ODD, by=MOTHER))
    waiting.when(approve()).then_refused("custody")
    then = waiting.when(approve(only=[EVEN])).then_accepted()
    then.then_day(EVEN, "reserved", of=MATTEO).then_day(ODD, None, of=MATTEO)


def test_what_waits_on_a_day_of_the_other_household_is_rejected_and_taken_back():
    booked = reserve(ODD, by=FATHER), approve()
    for end in (reject(), withdraw()):
        then = asked_before(cancel(ODD, by=MOTHER), *booked).when(end).then_accepted()
        then.then_day(ODD, "reserved", of=MATTEO)


def test_what_waits_is_approved_once_custody_ended_or_made_an_exception():
    asked_before(reserve(ODD, by=MOTHER)).when(end_custody(ODD), approve()).then_accepted()
    asked_before(reserve(ODD, by=MOTHER)).when(swap(ODD, ODD, ROSSI), approve()).then_accepted()


def test_an_absence_that_waits_is_not_approved_on_a_day_that_became_the_other_household_s():
    said = absent("2024-01-25 repas", by=FATHER, reason="sortie")
    lunch().when(said, alternate(ROSSI, DIALLO), approve()).then_refused("custody")
    lunch().when(said, alternate(ROSSI, DIALLO), reject()).then_accepted()


def lunch(*steps, now="2024-01-26 10:00"):
    """A meal at the Diallos' expense, before custody was said to alternate: Thursday 25 January, of week 4."""
    booked = about(CANTINE), enrolled(MATTEO, activity=CANTINE), reserve("2024-01-25 repas", by=FATHER)
    return of_two_households(*booked, *steps, clock(now))


def test_an_absence_is_said_by_the_parent_whose_day_it_was():
    said = {"reason": "sortie"}
    day = "2024-01-25 repas"
    lunch(alternate(ROSSI, DIALLO)).when(absent(day, by=FATHER, **said)).then_refused("custody")
    lunch(alternate(ROSSI, DIALLO)).when(absent(day, by=MOTHER, **said)).then_accepted()
    lunch().when(absent(day, by=FATHER, **said)).then_accepted()


def test_an_absence_on_a_day_that_is_not_ones_own_says_nothing_of_what_stands_on_it():
    lunch(alternate(ROSSI, DIALLO)).when(absent("2024-01-22 repas", by=FATHER, reason="sortie")).then_refused("custody")


# In whose name -------------------------------------------------------------------------------------------------------


def households_of(then):
    """The days that were asked for, by the household that asks."""
    asked = [fact for fact in then.then_accepted().story.facts if isinstance(fact, ReservationRequested)]
    assert len({fact.demande for fact in asked}) == len(asked)
    return {fact.household: [each.day.isoformat() for each in fact.days] for fact in asked}


def household_of(then):
    (household,) = households_of(then)
    return household


def test_a_demande_is_of_the_household_that_acts():
    assert household_of(alternating().when(reserve(ODD, by=FATHER))) == DIALLO
    assert household_of(of_two_households().when(reserve(ODD, by=FATHER))) == DIALLO


def test_a_guardian_of_both_households_acts_through_either():
    assert household_of(alternating().when(reserve(ODD, by=BOTH))) == DIALLO
    assert household_of(alternating().when(reserve(EVEN, by=BOTH))) == ROSSI


def test_a_guardian_of_both_households_asks_in_the_name_of_each_for_its_own_days():
    assert households_of(alternating().when(reserve(EVEN, ODD, by=BOTH))) == {DIALLO: [ODD], ROSSI: [EVEN]}
    then = alternating().when(submit(reserve=[EVEN, ODD], cancel=["2024-04-10"], by=BOTH, partial=True))
    then.then_left_out("not_reserved")
    assert {fact.household for fact in then.story.facts} == {DIALLO, ROSSI}
    alternating().when(submit(reserve=[EVEN, ODD], cancel=["2024-04-10"], by=BOTH)).then_refused("not_reserved")


def test_days_that_are_everybody_s_go_with_those_of_one_household_or_with_the_first():
    ended = end_custody("2024-05-01")
    late = "2024-05-15"
    assert households_of(alternating(ended).when(reserve(ODD, late, by=BOTH))) == {DIALLO: [ODD, late]}
    then = alternating(ended).when(reserve(EVEN, ODD, late, by=BOTH))
    assert households_of(then) == {ROSSI: [EVEN, late], DIALLO: [ODD]}
    assert households_of(of_two_households().when(reserve(EVEN, ODD, by=BOTH))) == {ROSSI: [ODD, EVEN]}


def test_the_brothers_and_sisters_of_a_child_of_two_households_find_the_places_that_are_left():
    one_left = places(1, f"{ODD} matinee", pool="grands")
    asked = submit(reserve=[ODD, EVEN], of=[MATTEO, AWA], by=BOTH)
    steps = enrolled(AWA), join(ROSSI, of=AWA), one_left
    alternating(*steps).when(asked).then_refused("no_place_left")


def test_an_absence_over_the_days_of_both_households_is_said_in_the_name_of_each():
    monday, thursday = "2024-01-22 repas", "2024-01-18 repas"  # weeks 4 and 3
    booked = about(CANTINE), enrolled(MATTEO, activity=CANTINE), reserve(monday, thursday, by=BOTH)
    asked = absent(monday, thursday, reason="sortie", by=BOTH)
    then = of_two_households(*booked, alternate(ROSSI, DIALLO), clock("2024-01-23 10:00")).when(asked).then_accepted()
    said = [fact for fact in then.story.facts if isinstance(fact, AbsenceDeclared)]
    assert {fact.household: [each.day.isoformat() for each in fact.days] for fact in said} == {
        DIALLO: ["2024-01-18"],
        ROSSI: ["2024-01-22"],
    }
    assert len({fact.demande for fact in said}) == 2


def test_at_the_counter_days_of_one_household_are_asked_in_its_name():
    asked = submit(reserve=[ODD], by=BOTH, origin="counter")
    assert household_of(alternating().when(asked)) == DIALLO


def test_at_the_counter_days_of_both_households_need_a_name():
    asked = submit(reserve=[ODD, EVEN], by=BOTH, origin="counter")
    alternating().when(asked).then_refused("household_required")
    named = submit(reserve=[ODD, EVEN], by=FATHER, origin="counter", partial=True)
    alternating().when(named).then_left_out("custody")


def test_at_the_counter_days_that_are_everybody_s_need_a_name():
    asked = submit(reserve=[ODD], by=BOTH, origin="counter")
    of_two_households().when(asked).then_refused("household_required")
    alternating(end_custody(ODD)).when(asked).then_refused("household_required")
    assert household_of(of_two_households().when(submit(reserve=[ODD], by=FATHER, origin="counter"))) == DIALLO
    said = {"reason": "sortie", "derogation": "urgence"}
    lunch().when(absent("2024-01-25 repas", by=BOTH, **said)).then_refused("household_required")


def test_a_household_the_child_left_asks_nothing():
    alternating().when(reserve(ODD, by=(LEFEVRE,))).then_refused("unknown_child")
    steps = about(GARDERIE), enrolled(MATTEO, activity=GARDERIE)
    alternating(*steps).when(absent("2024-01-08 soir", by=(LEFEVRE,))).then_refused("unknown_child")


def test_the_end_of_an_enrolment_gives_each_household_a_demande_of_its_own_days():
    booked = alternating(reserve(EVEN, by=MOTHER), approve(), reserve(ODD, by=FATHER), approve())
    then = booked.when(end_enrolment("2024-03-20")).then_accepted()
    asked = [fact for fact in then.story.facts if isinstance(fact, CancellationRequested)]
    assert {(fact.household, fact.days[0].day.isoformat()) for fact in asked} == {(DIALLO, ODD), (ROSSI, EVEN)}
    assert len({fact.demande for fact in asked}) == 2
