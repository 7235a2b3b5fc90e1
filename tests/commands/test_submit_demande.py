"""Asking for days: what a family may tick and untick, until when, and what it is told."""

import pytest

from commands.outcome import Accepted
from commands.submit_demande import MOST_DAYS
from ledger.events import CancellationRequested, DemandeApproved, ReservationRequested
from ledger.store import Write
from tests.asks import approve, at_the_counter, cancel, close, every, reject, reserve, submit
from tests.spec import about, clock, enrolled, given, registered
from tests.town import CANTINE, ETUDE, GARDERIE, LUCA, MATTEO, VACANCES, at, day

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


def test_a_child_the_town_does_not_know_is_refused():
    given().when(reserve("2024-03-27")).then_refused("unknown_child")


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


def test_a_decision_is_pure():
    story = given(enrolled(MATTEO, LUCA), reserve("2024-03-27")).story
    command = submit(reserve=["2024-04-03"], cancel=["2024-03-27"], of=[MATTEO, LUCA], partial=True).command(story)
    known = story.known(MATTEO, LUCA)
    first, second = command.decide(known), command.decide(known)
    assert first == second
    assert isinstance(first, Accepted)
    assert all(isinstance(write, Write) for write in first.writes)
