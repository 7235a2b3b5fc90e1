"""Asking for days: what a family may tick and untick, until when, and what it is told."""

import pytest

from commands.outcome import Accepted
from commands.submit_demande import MOST_DAYS
from ledger.events import CancellationRequested, DemandeApproved, ReservationRequested
from ledger.identifiers import Slug
from ledger.store import Write
from tests.asks import approve, at_the_counter, cancel, close, every, places, reject, reserve, submit
from tests.spec import about, clock, enrolled, given, registered, slot_of
from tests.town import AWA, CANTINE, CHIARA, ETUDE, GARDERIE, JEANNE, LUCA, MATTEO, MOUSSA, VACANCES, at, day

# What may be reserved ------------------------------------------------------------------------------------------------


def test_a_reservation_waits_for_an_agent_where_agents_decide():
    then = given(enrolled(MATTEO)).when(reserve("2024-03-27"))
    then.then_accepted().then_wrote(ReservationRequested).then_day("2024-03-27", "awaiting_add", of=MATTEO)
    then.then_status("en_cours", of=MATTEO)


def test_a_reservation_is_approved_in_the_same_append_by_the_article_where_the_rule_decides():
    then = given(about(CANTINE), enrolled(MATTEO)).when(reserve("2024-03-26 repas"))
    then.then_accepted().then_wrote(ReservationRequested, DemandeApproved)
    then.then_status("traitee_positivement", of=MATTEO)
    approval = then.story.facts[1]
    assert isinstance(approval, DemandeApproved)
    assert (approval.decided_by, approval.article) == ("rule", "3")


def test_a_reserved_day_carries_what_the_rule_said():
    then = given(enrolled(MATTEO)).when(reserve("2024-03-27"))
    (fact,) = then.story.facts
    assert isinstance(fact, ReservationRequested)
    (asked,) = fact.days
    assert (asked.rulebook, asked.article, asked.late, asked.surcharge) == ("2023-09", "4.1", False, False)
    assert asked.deadline is not None
    assert asked.deadline.isoformat() == "2024-03-12T22:59:59.999999+00:00"


def test_a_child_that_is_not_enrolled_is_refused():
    given(registered(MATTEO)).when(reserve("2024-03-27")).then_refused("not_enrolled")


def test_a_child_the_town_does_not_know_is_refused_as_not_enrolled():
    given().when(reserve("2024-03-27")).then_refused("not_enrolled")


def test_a_day_outside_the_enrolment_is_refused():
    then = given(enrolled(MATTEO, last_day="2024-03-20")).when(reserve("2024-03-27"))
    then.then_refused("outside_enrolment")


@pytest.mark.parametrize("text", ["2024-03-26", "2024-04-10", "2024-05-01", "2022-03-23"])
def test_a_day_the_activity_does_not_take_place_is_refused(text):
    given(enrolled(MATTEO, first_day="2022-01-01")).when(reserve(text)).then_refused("not_a_day_of_this_activity")


def test_a_unit_the_activity_does_not_have_is_refused():
    given(enrolled(MATTEO)).when(reserve("2024-03-27 soiree")).then_refused("not_a_day_of_this_activity")


def test_a_day_the_rulebook_announced_closed_is_refused_with_its_reason():
    then = given(enrolled(MATTEO)).when(reserve("2024-05-29"))
    assert then.then_refused("day_closed").refusal.closure == "pont"


def test_a_day_the_town_closed_is_refused_with_its_reason():
    then = given(enrolled(MATTEO), close("2024-03-27")).when(reserve("2024-03-27"))
    assert then.then_refused("day_closed").refusal.closure == "greve"


def test_a_day_reserved_already_is_refused():
    given(enrolled(MATTEO), reserve("2024-03-27"), approve()).when(reserve("2024-03-27")).then_refused(
        "already_reserved"
    )


def test_a_day_that_waits_for_a_decision_is_refused():
    given(enrolled(MATTEO), reserve("2024-03-27")).when(reserve("2024-03-27")).then_refused("already_awaiting")


def test_a_day_that_was_refused_may_be_asked_for_again():
    given(enrolled(MATTEO), reserve("2024-03-27"), reject()).when(reserve("2024-03-27")).then_accepted()


def test_asking_for_nothing_is_refused():
    given(enrolled(MATTEO)).when(reserve()).then_refused("nothing_to_do")


def test_more_days_than_a_school_year_holds_are_refused():
    texts = [
        f"{day('2024-01-01').replace(year=year).isoformat()} u{n}" for n in range(MOST_DAYS + 1) for year in [2024]
    ]
    given(enrolled(MATTEO)).when(reserve(*texts)).then_refused("too_many_days")


def test_a_repetition_over_centuries_is_refused_without_counting_them():
    days = every("mercredi", "2024-01-01", "9999-12-31", unit="journee")
    given(enrolled(MATTEO)).when(submit(repeats=[days])).then_refused("too_many_days")


# Until when ----------------------------------------------------------------------------------------------------------


def test_the_last_second_of_the_deadline_is_in_time():
    given(enrolled(MATTEO), clock("2024-03-12 23:59:59")).when(reserve("2024-03-27")).then_accepted()


def test_the_first_second_after_the_deadline_is_late_and_the_deadline_is_told():
    then = given(enrolled(MATTEO), clock("2024-03-13 00:00:00")).when(reserve("2024-03-27"))
    refusal = then.then_refused("deadline_passed").refusal
    assert (refusal.article, refusal.rulebook, refusal.unit, refusal.action) == ("4.1", "2023-09", "journee", "reserve")
    assert refusal.deadline is not None
    assert refusal.deadline.isoformat() == "2024-03-12T22:59:59.999999+00:00"


def test_late_is_accepted_with_a_surcharge_where_the_rulebook_says_so():
    then = given(about(ETUDE), enrolled(MATTEO), clock("2024-03-25 10:00")).when(reserve("2024-03-26 gouter"))
    then.then_accepted().then_wrote(ReservationRequested, DemandeApproved)
    (asked,) = then.story.facts[0].days
    assert (asked.late, asked.surcharge) == (True, True)


def test_nothing_is_accepted_once_the_service_has_begun():
    then = given(about(ETUDE), enrolled(MATTEO), clock("2024-03-26 16:30")).when(reserve("2024-03-26 gouter"))
    then.then_refused("deadline_passed")


def test_late_is_left_to_an_agent_where_the_rulebook_says_so():
    then = given(about(GARDERIE), enrolled(MATTEO), clock("2024-03-25 10:00"))
    then = then.when(reserve("2024-03-26 soir", "2024-03-29 soir"))
    then.then_accepted().then_status("en_cours", of=MATTEO)
    then.then_day("2024-03-26", "awaiting_add", of=MATTEO, unit="soir")
    then.then_day("2024-03-29", "reserved", of=MATTEO, unit="soir")


def test_nothing_is_late_during_the_back_to_school_grace():
    then = given(about(ETUDE), enrolled(MATTEO), now="2023-09-30 23:59").when(reserve("2023-10-02 gouter"))
    (asked,) = then.then_accepted().story.facts[0].days
    assert (asked.late, asked.surcharge) == (False, False)


def test_late_is_late_again_the_day_after_the_grace():
    then = given(about(ETUDE), enrolled(MATTEO), now="2023-10-01 00:00").when(reserve("2023-10-02 gouter"))
    (asked,) = then.then_accepted().story.facts[0].days
    assert (asked.late, asked.surcharge) == (True, True)


def test_bookings_do_not_open_before_their_hour_and_the_hour_is_told():
    then = given(about(VACANCES), enrolled(MATTEO), clock("2024-03-03 19:59:59")).when(reserve("2024-04-08"))
    assert then.then_refused("not_open_yet").refusal.opens_at == at("2024-03-03 20:00")


def test_bookings_open_at_their_hour():
    given(about(VACANCES), enrolled(MATTEO), clock("2024-03-03 20:00")).when(reserve("2024-04-08")).then_accepted()


def test_an_agent_may_set_the_deadline_aside_with_a_reason_that_is_kept():
    then = given(enrolled(MATTEO), clock("2024-03-20 10:00"))
    then = then.when(submit(reserve=["2024-03-27"], origin="counter", derogation="urgence"))
    (fact,) = then.then_accepted().story.facts
    assert isinstance(fact, ReservationRequested)
    assert (fact.origin, fact.derogation, fact.days[0].late, fact.days[0].surcharge) == (
        "counter",
        "urgence",
        True,
        False,
    )


def test_a_derogation_needs_a_reason_of_the_town():
    then = given(enrolled(MATTEO)).when(submit(reserve=["2024-03-27"], derogation="caprice"))
    then.then_refused("unknown_reason")


def test_a_derogation_sets_aside_neither_places_nor_closures():
    then = given(enrolled(MATTEO), close("2024-03-27"))
    then.when(submit(reserve=["2024-03-27"], derogation="urgence")).then_refused("day_closed")


def test_what_was_received_in_time_and_entered_late_is_in_time():
    late = given(enrolled(MATTEO), clock("2024-03-14 09:00"))
    then = late.when(at_the_counter(reserve("2024-03-27"), received_at="2024-03-12 17:00")).then_accepted()
    (entry,) = then.story.entries
    assert entry.signature.happened_at == at("2024-03-12 17:00")
    assert entry.signature.recorded_at == at("2024-03-14 09:00")


def test_an_agent_approves_at_the_counter_in_the_same_append():
    then = given(enrolled(MATTEO)).when(submit(reserve=["2024-03-27"], origin="counter", approve=True))
    then.then_accepted().then_wrote(ReservationRequested, DemandeApproved).then_day("2024-03-27", "reserved", of=MATTEO)
    approval = then.story.facts[1]
    assert isinstance(approval, DemandeApproved)
    assert (approval.decided_by, approval.article) == ("agent", None)


# Giving days up ------------------------------------------------------------------------------------------------------


def test_a_reserved_day_may_be_given_up():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve()).when(cancel("2024-03-27"))
    then.then_accepted().then_wrote(CancellationRequested).then_day("2024-03-27", "awaiting_removal", of=MATTEO)


def test_a_day_that_is_not_reserved_cannot_be_given_up():
    given(enrolled(MATTEO)).when(cancel("2024-03-27")).then_refused("not_reserved")


def test_a_day_is_not_given_up_twice():
    given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27")).when(
        cancel("2024-03-27")
    ).then_refused("already_awaiting")


def test_giving_up_has_its_deadline_too():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), clock("2024-03-13 00:00"))
    assert then.when(cancel("2024-03-27")).then_refused("deadline_passed").refusal.action == "cancel"


def test_a_closed_day_needs_no_cancellation():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), close("2024-03-27"))
    then.when(cancel("2024-03-27")).then_refused("day_closed")


def test_ticking_and_unticking_share_a_number():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve())
    then = then.when(submit(reserve=["2024-04-03"], cancel=["2024-03-27"])).then_accepted()
    then.then_wrote(CancellationRequested, ReservationRequested)
    assert {fact.demande for fact in then.story.facts} == {2}
    assert then.story.child(MATTEO).open[2].kind == "modification"


# Several days, several children --------------------------------------------------------------------------------------


def test_a_repetition_ticks_the_same_weekday_and_passes_over_holidays_and_closures():
    days = every("mercredi", "2024-05-01", "2024-06-12", unit="journee")
    then = given(enrolled(MATTEO)).when(submit(repeats=[days])).then_accepted()
    asked = [each.day.isoformat() for each in then.story.facts[0].days]
    assert asked == ["2024-05-15", "2024-05-22", "2024-06-05", "2024-06-12"]


def test_a_repetition_every_two_weeks_counts_from_its_first_week():
    days = every("mercredi", "2024-03-07", "2024-04-03", unit="journee", weeks=2)
    then = given(enrolled(MATTEO)).when(submit(repeats=[days])).then_accepted()
    assert [each.day.isoformat() for each in then.story.facts[0].days] == ["2024-03-20", "2024-04-03"]


def test_a_repetition_passes_over_what_is_reserved_already():
    days = every("mercredi", "2024-03-20", "2024-04-03", unit="journee")
    then = given(enrolled(MATTEO), reserve("2024-03-27")).when(submit(repeats=[days])).then_accepted()
    assert [each.day.isoformat() for each in then.story.facts[0].days] == ["2024-03-20", "2024-04-03"]


def test_a_repetition_does_not_pass_over_a_deadline():
    days = every("mercredi", "2024-01-17", "2024-01-31", unit="journee")
    given(enrolled(MATTEO)).when(submit(repeats=[days])).then_refused("deadline_passed", "deadline_passed")


def test_a_repetition_that_ticks_nothing_is_refused():
    days = every("mercredi", "2024-04-10", "2024-04-17", unit="journee")
    given(enrolled(MATTEO)).when(submit(repeats=[days])).then_refused("nothing_to_do")


def test_a_repetition_may_give_days_up():
    days = every("mercredi", "2024-03-01", "2024-06-30", unit="journee", action="cancel")
    then = given(enrolled(MATTEO), reserve("2024-03-27", "2024-04-03"), approve()).when(submit(repeats=[days]))
    then.then_accepted().then_day("2024-03-27", "awaiting_removal", of=MATTEO)
    then.then_day("2024-04-03", "awaiting_removal", of=MATTEO)


def test_one_impossible_day_refuses_the_whole_and_every_one_is_named():
    then = given(enrolled(MATTEO), clock("2024-03-13 00:00")).when(reserve("2024-03-20", "2024-03-27", "2024-04-03"))
    then.then_refused("deadline_passed", "deadline_passed")


def test_partial_takes_what_is_possible_and_says_what_was_left_out():
    then = given(enrolled(MATTEO), clock("2024-03-13 00:00"))
    then = then.when(reserve("2024-03-27", "2024-04-03", partial=True)).then_left_out("deadline_passed")
    then.then_day("2024-04-03", "awaiting_add", of=MATTEO).then_day("2024-03-27", None, of=MATTEO)


def test_partial_with_nothing_possible_is_refused():
    then = given(enrolled(MATTEO), clock("2024-03-13 00:00")).when(reserve("2024-03-27", partial=True))
    then.then_refused("deadline_passed")


def test_siblings_get_a_demande_each():
    then = given(enrolled(MATTEO, LUCA)).when(submit(reserve=["2024-03-27"], of=[MATTEO, LUCA])).then_accepted()
    assert (then.story.numbers(MATTEO), then.story.numbers(LUCA)) == ([1], [2])


def test_siblings_are_all_taken_or_none():
    then = given(enrolled(MATTEO), registered(LUCA)).when(submit(reserve=["2024-03-27"], of=[MATTEO, LUCA]))
    then.then_refused("not_enrolled").then_day("2024-03-27", None, of=MATTEO)
    assert then.refusal.child == LUCA.id


def test_partial_takes_the_sibling_that_may_come():
    then = given(enrolled(MATTEO), registered(LUCA))
    then = then.when(submit(reserve=["2024-03-27"], of=[MATTEO, LUCA], partial=True)).then_left_out("not_enrolled")
    then.then_day("2024-03-27", "awaiting_add", of=MATTEO)


# Places --------------------------------------------------------------------------------------------------------------


def test_a_full_day_is_refused():
    then = given(enrolled(MATTEO, AWA, MOUSSA), reserve("2024-03-27", of=AWA), reserve("2024-03-27", of=MOUSSA))
    then.when(reserve("2024-03-27")).then_refused("no_place_left")


def test_every_full_day_is_named_and_those_only():
    then = given(enrolled(MATTEO, AWA, MOUSSA))
    for person in (AWA, MOUSSA):
        reserve("2024-03-27", "2024-04-24", of=person)(then.story)
    then = then.when(reserve("2024-03-27", "2024-04-03", "2024-04-24")).then_refused("no_place_left", "no_place_left")
    assert [refusal.day for refusal in then.story.outcome.refusals] == [day("2024-03-27"), day("2024-04-24")]


def test_partial_leaves_full_days_out():
    then = given(enrolled(MATTEO, AWA, MOUSSA), reserve("2024-03-27", of=AWA), reserve("2024-03-27", of=MOUSSA))
    then.when(reserve("2024-03-27", "2024-04-03", partial=True)).then_left_out("no_place_left")


def test_partial_gives_the_last_place_to_the_first_sibling():
    then = given(enrolled(MATTEO, CHIARA, AWA), reserve("2024-03-27", of=AWA))
    then = then.when(submit(reserve=["2024-03-27"], of=[MATTEO, CHIARA], partial=True)).then_left_out("no_place_left")
    then.then_day("2024-03-27", "awaiting_add", of=MATTEO).then_day("2024-03-27", None, of=CHIARA)


def test_groups_have_their_own_places():
    then = given(enrolled(JEANNE, AWA, MOUSSA), reserve("2024-03-27", of=AWA), reserve("2024-03-27", of=MOUSSA))
    then.when(reserve("2024-03-27", of=JEANNE)).then_accepted().then_taken(
        "2024-03-27", 1, unit="matinee", pool="petits"
    )


def test_a_whole_day_takes_the_places_of_both_halves():
    then = given(enrolled(MATTEO)).when(reserve("2024-03-27")).then_taken("2024-03-27", 0, pool="grands")
    then.then_taken("2024-03-27", 1, unit="matinee", pool="grands")
    then.then_taken("2024-03-27", 1, unit="apres-midi", pool="grands")


def test_one_full_half_fills_the_whole_day_and_leaves_the_other_half():
    then = given(enrolled(MATTEO, AWA, MOUSSA))
    for person in (AWA, MOUSSA):
        reserve("2024-03-27 matinee", of=person)(then.story)
    then.when(reserve("2024-03-27")).then_refused("no_place_left")
    then.when(reserve("2024-03-27 apres-midi")).then_accepted()


def test_places_are_held_from_submission_and_given_back_by_a_refusal():
    then = given(enrolled(MATTEO), reserve("2024-03-27")).when(reject())
    then.then_taken("2024-03-27", 0, unit="matinee", pool="grands")


def test_places_are_held_only_from_approval_where_the_rulebook_says_so():
    then = given(about(VACANCES), enrolled(MATTEO, AWA), clock("2024-03-04 10:00"), reserve("2024-04-08", of=AWA))
    then = then.when(reserve("2024-04-08")).then_accepted().then_taken("2024-04-08", 0)
    assert slot_of(then.story, MATTEO, "2024-04-08").holds() is False


def test_places_without_a_limit_are_never_full():
    people = [MATTEO, AWA, MOUSSA, CHIARA]
    then = given(about(ETUDE), enrolled(*people)).when(submit(reserve=["2024-03-26 gouter"], of=people))
    then.then_accepted().then_taken("2024-03-26", 4, unit="gouter")


def test_a_cancellation_accepted_gives_the_place_to_the_next_family():
    then = given(about(CANTINE), enrolled(MATTEO, AWA, MOUSSA), places(1, "2024-03-26 repas"))
    then = then.when(reserve("2024-03-26 repas"), cancel("2024-03-26 repas"), reserve("2024-03-26 repas", of=AWA))
    then.then_accepted()


# Units beside one another --------------------------------------------------------------------------------------------


def test_a_half_day_is_refused_beside_the_whole_day():
    then = given(enrolled(MATTEO), reserve("2024-03-27")).when(reserve("2024-03-27 matinee"))
    assert then.then_refused("unit_conflict").refusal.units == ("journee",)


def test_two_units_that_exclude_each_other_are_refused_in_one_demande():
    given(enrolled(MATTEO)).when(reserve("2024-03-27 matinee", "2024-03-27 apres-midi")).then_refused("unit_conflict")


def test_a_unit_that_requires_another_is_refused_alone():
    then = given(about(ETUDE), enrolled(MATTEO)).when(reserve("2024-03-26 etude"))
    assert then.then_refused("unit_required").refusal.units == (Slug("gouter"),)


def test_a_unit_and_the_one_it_requires_may_be_asked_for_together():
    given(about(ETUDE), enrolled(MATTEO)).when(reserve("2024-03-26 etude", "2024-03-26 gouter")).then_accepted()


def test_a_unit_is_not_given_up_while_another_requires_it():
    then = given(about(ETUDE), enrolled(MATTEO), reserve("2024-03-26 etude", "2024-03-26 gouter"))
    then.when(cancel("2024-03-26 gouter")).then_refused("unit_required")
    then.when(cancel("2024-03-26 gouter", "2024-03-26 etude")).then_accepted()


def test_a_unit_may_take_the_place_of_another_in_one_demande():
    then = given(about(CANTINE), enrolled(MATTEO), reserve("2024-03-26 repas"))
    then = then.when(submit(reserve=["2024-03-26 panier"], cancel=["2024-03-26 repas"])).then_accepted()
    then.then_day("2024-03-26", "reserved", of=MATTEO, unit="panier")
    then.then_day("2024-03-26", None, of=MATTEO, unit="repas")
    then.then_taken("2024-03-26", 0, unit="repas").then_taken("2024-03-26", 1, unit="panier")


def test_a_unit_is_not_decided_by_rule_while_the_one_it_replaces_may_still_come_back():
    then = given(about(GARDERIE), enrolled(MATTEO), reserve("2024-03-26 soir"), clock("2024-03-25 10:00"))
    then = then.when(
        cancel("2024-03-26 soir"),
        submit(reserve=["2024-03-26 court"], derogation="urgence", origin="counter"),
    )
    then.then_accepted().then_day("2024-03-26", "awaiting_add", of=MATTEO, unit="court")


def test_a_decision_is_pure():
    story = given(enrolled(MATTEO, LUCA), reserve("2024-03-27")).story
    command = submit(reserve=["2024-04-03"], cancel=["2024-03-27"], of=[MATTEO, LUCA], partial=True).command(story)
    known = story.known(MATTEO, LUCA)
    first, second = command.decide(known), command.decide(known)
    assert first == second
    assert isinstance(first, Accepted)
    assert all(isinstance(write, Write) for write in first.writes)
