"""An agent decides: all the days, some, or none; once; one demande or a queue."""

from commands.decide_demandes import DecideDemandes, Decision, EnrolmentCorrection, QuotientCorrection
from commands.outcome import Refused
from ledger.events import ChildEnrolled, DemandeApproved, DemandeRejected, QuotientDecided
from ledger.identifiers import Slug
from tests.asks import approve, cancel, decide, decide_all, places, reject, reserve, submit, withdraw
from tests.formalities import change, enrolment, family, household_of, quotient, turn_down
from tests.spec import about, clock, enrolled, given
from tests.town import AWA, MATTEO, MOUSSA, ROSSI, VACANCES, day

TWO_DAYS = reserve("2024-03-27", "2024-04-03")


def test_every_day_accepted_makes_the_demande_positive():
    then = given(enrolled(MATTEO), TWO_DAYS).when(approve()).then_accepted().then_wrote(DemandeApproved)
    then.then_status("traitee_positivement", of=MATTEO).then_day("2024-03-27", "reserved", of=MATTEO)


def test_no_day_accepted_makes_the_demande_negative_and_frees_the_days():
    then = given(enrolled(MATTEO), TWO_DAYS).when(reject()).then_accepted().then_wrote(DemandeRejected)
    then.then_status("traitee_negativement", of=MATTEO).then_day("2024-03-27", None, of=MATTEO)


def test_some_days_accepted_make_the_demande_positive_and_partial():
    then = given(enrolled(MATTEO), TWO_DAYS).when(approve(only=["2024-04-03"])).then_accepted()
    then.then_wrote(DemandeApproved, DemandeRejected).then_status("traitee_positivement", of=MATTEO)
    then.then_day("2024-03-27", None, of=MATTEO).then_day("2024-04-03", "reserved", of=MATTEO)
    latest = then.story.child(MATTEO).latest
    assert latest is not None
    assert [day.outcome for day in latest.days] == ["rejected", "approved"]


def test_a_refusal_says_why_with_a_word_of_the_town():
    then = given(enrolled(MATTEO), TWO_DAYS).when(reject(reason="complet"))
    (fact,) = then.then_accepted().story.facts
    assert isinstance(fact, DemandeRejected)
    assert (fact.reason, fact.decided_by) == ("complet", "agent")


def test_a_refusal_without_a_reason_is_refused():
    given(enrolled(MATTEO), TWO_DAYS).when(reject(reason=None)).then_refused("reason_required")


def test_some_days_refused_need_a_reason_too():
    given(enrolled(MATTEO), TWO_DAYS).when(decide(only=["2024-03-27"])).then_refused("reason_required")


def test_a_reason_that_is_not_the_town_s_is_refused():
    given(enrolled(MATTEO), TWO_DAYS).when(reject(reason="humeur")).then_refused("unknown_reason")


def test_a_day_that_is_not_in_the_demande_is_refused():
    then = given(enrolled(MATTEO), TWO_DAYS).when(approve(only=["2024-03-27", "2024-04-24"]))
    assert then.then_refused("not_in_demande").refusal.day == day("2024-04-24")


def test_a_demande_is_never_decided_twice():
    given(enrolled(MATTEO), TWO_DAYS, approve()).when(reject()).then_refused("already_decided")


def test_a_demande_taken_back_is_not_decided():
    given(enrolled(MATTEO), TWO_DAYS, withdraw()).when(approve()).then_refused("already_decided")


def test_a_demande_that_does_not_exist_is_refused():
    given(enrolled(MATTEO)).when(approve(number=999)).then_refused("already_decided")


def test_a_child_nobody_knows_has_no_demande():
    given().when(approve(number=1)).then_refused("already_decided")


def test_a_cancellation_accepted_gives_the_day_and_its_place_back():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27")).when(approve())
    then.then_day("2024-03-27", None, of=MATTEO).then_taken("2024-03-27", 0, unit="matinee", pool="grands")


def test_a_cancellation_refused_leaves_the_day_reserved():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27")).when(reject())
    then.then_day("2024-03-27", "reserved", of=MATTEO).then_taken("2024-03-27", 1, unit="matinee", pool="grands")


def test_a_queue_is_decided_at_once():
    then = given(enrolled(MATTEO, AWA), reserve("2024-03-27"), reserve("2024-03-27", of=AWA))
    then = then.when(decide_all(MATTEO, AWA)).then_accepted()
    then.then_status("traitee_positivement", of=MATTEO).then_status("traitee_positivement", of=AWA)


def test_what_cannot_be_decided_in_a_queue_is_left_out_and_the_rest_is_decided():
    then = given(enrolled(MATTEO, AWA), reserve("2024-03-27"), reserve("2024-03-27", of=AWA), approve())
    then = then.when(decide_all(MATTEO, AWA)).then_left_out("already_decided")
    then.then_status("traitee_positivement", of=AWA)


def test_the_same_demande_twice_in_a_queue_is_decided_once():
    given(enrolled(MATTEO), TWO_DAYS).when(decide_all(MATTEO, MATTEO)).then_left_out("already_decided")


def test_several_demandes_of_one_child_are_written_on_its_page_in_one_append():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), reserve("2024-04-03"))
    story = then.story
    story.must(DecideDemandes(decisions=[Decision(child=MATTEO.id, number=n) for n in story.numbers(MATTEO)]))
    assert [entry.version for entry in story.entries] == [5, 6]


# Places held only from the decision ----------------------------------------------------------------------------------


def _holidays(*people):
    return [
        about(VACANCES),
        enrolled(*people),
        clock("2024-03-04 10:00"),
        *(reserve("2024-04-08", of=p) for p in people),
    ]


def test_accepting_takes_the_place_where_it_was_not_held():
    given(*_holidays(MATTEO)).when(approve()).then_accepted().then_taken("2024-04-08", 1)


def test_accepting_more_than_there_are_places_is_refused():
    given(*_holidays(MATTEO, AWA), approve()).when(approve(of=AWA)).then_refused("no_place_left")


def test_a_queue_gives_the_last_place_to_the_first_and_leaves_the_others_out():
    then = given(*_holidays(MATTEO, AWA, MOUSSA)).when(decide_all(AWA, MATTEO, MOUSSA))
    then.then_left_out("no_place_left", "no_place_left").then_taken("2024-04-08", 1)
    then.then_day("2024-04-08", "reserved", of=AWA).then_day("2024-04-08", "awaiting_add", of=MATTEO)


def test_a_queue_counts_no_place_for_a_demande_it_leaves_out():
    then = given(*_holidays(MATTEO), places(0, "2024-04-09"))
    for step in (enrolled(AWA), reserve("2024-04-08", "2024-04-09", of=AWA)):
        step(then.story)
    then = then.when(decide_all(AWA, MATTEO)).then_left_out("no_place_left")
    then.then_day("2024-04-08", "reserved", of=MATTEO).then_day("2024-04-08", "awaiting_add", of=AWA)


# Units beside one another --------------------------------------------------------------------------------------------


def test_a_unit_is_not_accepted_beside_one_it_excludes_that_was_not_given_up():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27"))
    for step in (reserve("2024-03-27 matinee"), reject(number=2)):
        step(then.story)
    assert then.when(approve(number=3)).then_refused("unit_conflict").refusal.units == ("journee",)


def test_a_swap_is_accepted_whole():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve())
    then = then.when(submit(reserve=["2024-03-27 matinee"], cancel=["2024-03-27"]), approve()).then_accepted()
    then.then_day("2024-03-27", "reserved", of=MATTEO, unit="matinee").then_day("2024-03-27", None, of=MATTEO)
    then.then_taken("2024-03-27", 0, unit="apres-midi", pool="grands")


def test_the_new_half_of_a_swap_is_not_accepted_without_the_old_one():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve())
    then = then.when(
        submit(reserve=["2024-03-27 matinee"], cancel=["2024-03-27"]), approve(only=["2024-03-27 matinee"])
    )
    then.then_refused("unit_conflict")


def test_a_unit_is_not_accepted_without_the_one_it_requires():
    asked = [about(VACANCES), enrolled(MATTEO), clock("2024-03-04 10:00"), reserve("2024-04-08", "2024-04-08 navette")]
    then = given(*asked).when(approve(only=["2024-04-08 navette"]))
    assert then.then_refused("unit_required").refusal.units == ("journee",)
    given(*asked).when(approve(only=["2024-04-08"])).then_accepted()
    given(*asked).when(approve()).then_accepted()


def test_a_unit_is_not_given_up_while_one_that_requires_it_stays():
    asked = [about(VACANCES), enrolled(MATTEO), clock("2024-03-04 10:00"), reserve("2024-04-08", "2024-04-08 navette")]
    asked += [approve(), cancel("2024-04-08", "2024-04-08 navette")]
    then = given(*asked).when(approve(only=["2024-04-08"]))
    assert then.then_refused("unit_required").refusal.units == ("navette",)
    given(*asked).when(approve(only=["2024-04-08 navette"])).then_accepted()


# Demandes without days, in the same queue ----------------------------------------------------------------------------


def _mixed():
    """Days and an enrolment of Matteo, a situation and a quotient of his household."""
    then = given(
        enrolled(MATTEO),
        family(),
        reserve("2024-03-27"),
        enrolment(),
        change("situation"),
        quotient(),
    )
    days, enrolling = then.story.numbers(MATTEO)
    situation, money = sorted(household_of(then.story).open)
    return then.story, days, enrolling, situation, money


def test_one_append_decides_what_children_and_their_household_asked_for():
    story, days, enrolling, situation, money = _mixed()
    decisions = [
        Decision(household=ROSSI, number=money, quotient=QuotientCorrection(amount_cents=1)),
        Decision(child=MATTEO.id, number=days),
        Decision(household=ROSSI, number=situation, approved=frozenset(), reason=Slug("autre")),
        Decision(child=MATTEO.id, number=enrolling),
    ]
    story.must(DecideDemandes(decisions=decisions))
    assert [type(fact) for fact in story.facts] == [
        DemandeApproved,
        QuotientDecided,
        DemandeRejected,
        DemandeApproved,
        DemandeApproved,
        ChildEnrolled,
    ]
    assert len({entry.stream for entry in story.entries}) == 2
    assert story.child(MATTEO).open == {}
    assert household_of(story).open == {}


def test_a_demande_is_looked_for_on_its_own_page_only():
    story, days, _, situation, _ = _mixed()
    wrong = [Decision(household=ROSSI, number=days), Decision(child=MATTEO.id, number=situation)]
    outcome = story.do(DecideDemandes(decisions=wrong))
    assert isinstance(outcome, Refused)
    assert [refusal.code for refusal in outcome.refusals] == ["already_decided", "already_decided"]


def test_a_demande_of_a_household_is_decided_once_in_a_queue_and_once_for_ever():
    story, *_, situation, _ = _mixed()
    no = Decision(household=ROSSI, number=situation, approved=frozenset(), reason=Slug("autre"))
    story.must(DecideDemandes(decisions=[Decision(household=ROSSI, number=situation), no]))
    assert [refusal.code for refusal in story.outcome.left_out] == ["already_decided"]
    assert isinstance(story.do(DecideDemandes(decisions=[no])), Refused)


def test_what_cannot_be_decided_of_a_household_leaves_the_children_alone():
    story, days, _, situation, _ = _mixed()
    unsaid = Decision(household=ROSSI, number=situation, approved=frozenset())
    story.must(DecideDemandes(decisions=[unsaid, Decision(child=MATTEO.id, number=days)]))
    [left] = story.outcome.left_out
    assert (left.code, left.number) == ("reason_required", situation)
    assert situation in household_of(story).open


def test_a_refusal_of_a_demande_without_days_says_why_with_a_word_of_the_town():
    given(family(), change("situation")).when(turn_down(reason=None)).then_refused("reason_required")
    given(family(), change("situation")).when(turn_down(reason="humeur")).then_refused("unknown_reason")


def test_days_are_not_accepted_of_a_demande_that_has_none():
    story, _, enrolling, situation, _ = _mixed()
    some = frozenset({(day("2024-03-27"), Slug("journee"))})
    for decision in (
        Decision(household=ROSSI, number=situation, approved=some, reason=Slug("autre")),
        Decision(child=MATTEO.id, number=enrolling, approved=some, reason=Slug("autre")),
    ):
        outcome = story.do(DecideDemandes(decisions=[decision]))
        assert isinstance(outcome, Refused)
        assert outcome.code == "not_in_demande"


def test_a_correction_goes_with_its_kind_of_demande():
    story, days, enrolling, situation, money = _mixed()
    amount, site = QuotientCorrection(amount_cents=1), EnrolmentCorrection(site=Slug("prairie"))
    for decision in (
        Decision(child=MATTEO.id, number=days, quotient=amount),
        Decision(child=MATTEO.id, number=enrolling, quotient=amount),
        Decision(household=ROSSI, number=situation, quotient=amount),
        Decision(household=ROSSI, number=money, enrolment=site),
        Decision(household=ROSSI, number=money, approved=frozenset(), reason=Slug("autre"), quotient=amount),
        Decision(child=MATTEO.id, number=enrolling, approved=frozenset(), reason=Slug("autre"), enrolment=site),
    ):
        outcome = story.do(DecideDemandes(decisions=[decision]))
        assert isinstance(outcome, Refused)
        assert outcome.code == "correction_not_expected"
