"""Places, when days lean on one another: an exchange needs no second chair, and every day without one is told."""

from tests.asks import approve, cancel, decide_all, places, reserve, submit, withdraw
from tests.spec import about, clock, enrolled, given
from tests.town import AWA, CHIARA, GARDERIE, MATTEO, MOUSSA, VACANCES

WEDNESDAY = "2024-03-27"
EVENING = "2024-03-26"


def full_wednesday():
    """Both places of the group are taken for the whole day, by Matteo and Awa."""
    whole = f"{WEDNESDAY} journee"
    taken = [enrolled(MATTEO, AWA, CHIARA), reserve(whole), approve(), reserve(whole, of=AWA), approve(of=AWA)]
    return given(*taken)


def test_a_child_keeps_its_place_when_it_gives_up_the_whole_day_for_the_morning():
    exchange = submit(cancel=[f"{WEDNESDAY} journee"], reserve=[f"{WEDNESDAY} matinee"])
    then = full_wednesday().when(exchange).then_accepted()
    then.then_taken(WEDNESDAY, 2, unit="matinee", pool="grands").then_taken(
        WEDNESDAY, 2, unit="apres-midi", pool="grands"
    )
    then = full_wednesday().when(exchange, approve()).then_accepted()
    then.then_taken(WEDNESDAY, 2, unit="matinee", pool="grands").then_taken(
        WEDNESDAY, 1, unit="apres-midi", pool="grands"
    )


def test_an_exchange_that_is_taken_back_leaves_every_place_as_it_was():
    exchange = submit(cancel=[f"{WEDNESDAY} journee"], reserve=[f"{WEDNESDAY} matinee"])
    then = full_wednesday().when(exchange, withdraw()).then_accepted()
    then.then_taken(WEDNESDAY, 2, unit="matinee", pool="grands").then_day(WEDNESDAY, "reserved", of=MATTEO)


def test_another_child_does_not_take_the_place_of_an_exchange():
    exchange = submit(
        cancel=[f"{WEDNESDAY} journee"], reserve=[f"{WEDNESDAY} matinee"], of=[MATTEO, CHIARA], partial=True
    )
    then = full_wednesday().when(exchange).then_left_out("not_reserved", "no_place_left")
    then.then_day(WEDNESDAY, "awaiting_removal", of=MATTEO)
    then.then_day(WEDNESDAY, "awaiting_add", of=MATTEO, unit="matinee")
    then.then_day(WEDNESDAY, None, of=CHIARA, unit="matinee")


def evenings(*steps):
    return given(about(GARDERIE), enrolled(MATTEO, AWA), *steps, clock("2024-03-01 10:00"))


def test_a_partial_demande_does_not_give_up_a_unit_for_one_that_is_full():
    story = evenings(reserve(f"{EVENING} soir"), places(0, f"{EVENING} court"))
    exchange = submit(cancel=[f"{EVENING} soir"], reserve=[f"{EVENING} court", "2024-03-25 soir"], partial=True)
    then = story.when(exchange).then_left_out("no_place_left", "exchange_refused")
    then.then_day(EVENING, "reserved", of=MATTEO, unit="soir").then_day(
        "2024-03-25", "reserved", of=MATTEO, unit="soir"
    )


def test_a_place_given_up_by_the_first_child_goes_to_the_next():
    story = evenings(reserve(f"{EVENING} soir"), places(1, f"{EVENING} court"), places(1, f"{EVENING} soir"))
    exchange = submit(cancel=[f"{EVENING} soir"], reserve=[f"{EVENING} court"], of=[MATTEO, AWA], partial=True)
    then = story.when(exchange).then_left_out("not_reserved", "no_place_left")
    then.then_day(EVENING, "reserved", of=MATTEO, unit="court")


def test_a_queue_hands_on_the_places_it_frees():
    day = "2024-04-08"
    story = given(
        about(VACANCES),
        enrolled(MATTEO, AWA, MOUSSA),
        clock("2024-03-05 10:00"),
        reserve(day),
        approve(),
        cancel(day),
        reserve(day, of=AWA),
        reserve(day, of=MOUSSA),
    )
    then = story.when(decide_all(MATTEO, AWA, MOUSSA)).then_left_out("no_place_left")
    then.then_day(day, None, of=MATTEO).then_day(day, "reserved", of=AWA).then_day(day, "awaiting_add", of=MOUSSA)
    then.then_taken(day, 1)


def test_every_impossible_day_is_told_those_that_are_full_too():
    story = evenings(reserve(f"{EVENING} court"), places(0, "2024-03-28 soir"))
    then = story.when(reserve(f"{EVENING} court", "2024-03-28 soir", "2024-03-25 soir"))
    then.then_refused("already_reserved", "no_place_left")
