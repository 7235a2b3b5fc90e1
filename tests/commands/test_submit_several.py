"""Asking for several days, for several children, when places are few and units lean on one another."""

from ledger.identifiers import Slug
from tests.asks import approve, cancel, every, places, reject, reserve, submit
from tests.spec import about, clock, enrolled, given, registered, slot_of
from tests.town import AWA, CANTINE, CHIARA, ETUDE, GARDERIE, JEANNE, LUCA, MATTEO, MOUSSA, VACANCES, day

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
