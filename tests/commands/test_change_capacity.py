"""The town changes the places of some days. Lowering them below what is reserved cancels nobody."""

import pytest

from ledger.events import CapacityChanged
from projections.places import slots, taken
from rulebook.town import rules_of_town
from tests.asks import approve, cancel, places, reject, reserve
from tests.spec import about, enrolled, given
from tests.town import AWA, CANTINE, MATTEO, MERCREDIS, MOUSSA, day

LUNCH = "2024-03-26 repas"


def test_places_are_raised():
    then = given(about(CANTINE), enrolled(MATTEO, AWA, MOUSSA), places(3, LUNCH))
    for person in (AWA, MOUSSA):
        reserve(LUNCH, of=person)(then.story)
    then.when(reserve(LUNCH)).then_accepted().then_taken("2024-03-26", 3, unit="repas")


def test_places_are_lowered():
    then = given(about(CANTINE), enrolled(MATTEO, AWA), places(1, LUNCH), reserve(LUNCH, of=AWA))
    then.when(reserve(LUNCH)).then_refused("no_place_left")


def test_no_place_at_all_is_a_number_too():
    given(about(CANTINE), enrolled(MATTEO), places(0, LUNCH)).when(reserve(LUNCH)).then_refused("no_place_left")


def test_the_limit_may_be_lifted():
    people = (MATTEO, AWA, MOUSSA)
    then = given(about(CANTINE), enrolled(*people), places(None, LUNCH), *(reserve(LUNCH, of=each) for each in people))
    assert then.story.child(MATTEO).slots


def test_lowering_below_what_is_reserved_cancels_nobody_and_shows_the_excess():
    then = given(about(CANTINE), enrolled(MATTEO, AWA), reserve(LUNCH), reserve(LUNCH, of=AWA))
    then = then.when(places(1, LUNCH)).then_accepted().then_wrote(CapacityChanged)
    then.then_day("2024-03-26", "reserved", of=MATTEO, unit="repas").then_taken("2024-03-26", 2, unit="repas")
    rows = [
        {**key._asdict(), "taken": count, "capacity": 1, "is_set": True}
        for (_, key), count in then.story.store.recorder.taken.items()
    ]
    rules = rules_of_town(then.story.store.town(then.story.commune).state)
    shown = slots(rules, taken(rows), CANTINE, day("2024-03-26"), day("2024-03-26"))
    (lunch,) = [slot for slot in shown if slot.unit == "repas"]
    assert (lunch.excess, lunch.left) == (1, 0)


def test_in_excess_new_ones_are_refused_until_there_is_a_place():
    then = given(
        about(CANTINE), enrolled(MATTEO, AWA, MOUSSA), reserve(LUNCH), reserve(LUNCH, of=AWA), places(1, LUNCH)
    )
    then.when(reserve(LUNCH, of=MOUSSA)).then_refused("no_place_left")
    then.when(cancel(LUNCH), reserve(LUNCH, of=MOUSSA)).then_refused("no_place_left")
    then.when(cancel(LUNCH, of=AWA), reserve(LUNCH, of=MOUSSA)).then_accepted()


def test_several_days_are_changed_at_once():
    then = given(about(CANTINE)).when(places(5, LUNCH, "2024-03-28 repas", "2024-03-28 repas")).then_accepted()
    then.then_wrote(CapacityChanged, CapacityChanged)


def test_one_impossible_day_changes_nothing():
    then = given(about(CANTINE)).when(places(5, LUNCH, "2024-03-27 repas"))
    assert then.then_refused("not_a_day_of_this_activity").refusal.day == day("2024-03-27")


def test_an_activity_the_town_does_not_have_is_refused():
    given(about("poney")).when(places(5, LUNCH)).then_refused("unknown_activity")


def test_places_are_those_of_a_group_where_they_are_counted_by_group():
    then = given(enrolled(MATTEO)).when(places(0, "2024-03-27 matinee", pool="grands"), reserve("2024-03-27"))
    then.then_refused("no_place_left")


@pytest.mark.parametrize("pool", ["", "ados"])
def test_places_nobody_counts_are_refused(pool):
    given(about(MERCREDIS)).when(places(5, "2024-03-27 matinee", pool=pool)).then_refused("unknown_place")


def test_a_whole_day_made_of_halves_has_no_places_of_its_own():
    given(about(MERCREDIS)).when(places(5, "2024-03-27", pool="grands")).then_refused("unknown_place")


def test_what_the_town_set_comes_before_its_rulebook_for_ever():
    then = given(about(CANTINE), enrolled(MATTEO, AWA), places(1, LUNCH), reserve(LUNCH), cancel(LUNCH))
    then = then.when(reserve(LUNCH, of=AWA), reserve(LUNCH)).then_refused("no_place_left")
    assert then.story.child(AWA).slots


def test_a_refusal_of_the_agent_gives_the_place_to_the_next():
    then = given(enrolled(MATTEO, AWA), places(1, "2024-03-27 matinee", pool="grands"), reserve("2024-03-27 matinee"))
    then.when(reserve("2024-03-27 matinee", of=AWA)).then_refused("no_place_left")
    then.when(reject(), reserve("2024-03-27 matinee", of=AWA), approve(of=AWA)).then_accepted()
