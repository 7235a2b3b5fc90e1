"""A child of one household, or of two."""

from ledger.events import ChildJoinedHousehold, ChildLeftHousehold
from ledger.identifiers import HouseholdId
from tests.asks import alternate, approve, end_custody, join, leave, reserve, swap, withdraw
from tests.spec import enrolled, given, registered, slot_of
from tests.town import AWA, DIALLO, JEANNE, LEFEVRE, MATTEO, ROSSI

DAY = "2024-03-27"


def family(*steps):
    """Matteo of the Rossis; the Diallos and the Lefèvres are known to the town."""
    return given(enrolled(MATTEO), registered(AWA), registered(JEANNE), *steps)


def test_a_child_joins_a_second_household():
    then = family().when(join(DIALLO)).then_accepted().then_wrote(ChildJoinedHousehold)
    assert then.story.child(MATTEO).households == (ROSSI, DIALLO)
    assert {row["household"] for row in then.story.rows("children") if row["child"] == MATTEO.id} == {ROSSI, DIALLO}


def test_a_child_does_not_join_twice_nor_a_third_household_nor_one_that_does_not_exist():
    family().when(join(ROSSI)).then_refused("already_linked")
    family(join(DIALLO)).when(join(DIALLO)).then_refused("already_linked")
    family(join(DIALLO)).when(join(LEFEVRE)).then_refused("too_many_households")
    family().when(join(HouseholdId("nowhere"))).then_refused("unknown_household")


def test_a_child_leaves_one_of_two_households_whichever():
    for left, kept in ((ROSSI, DIALLO), (DIALLO, ROSSI)):
        then = family(join(DIALLO)).when(leave(left)).then_accepted().then_wrote(ChildLeftHousehold)
        assert then.story.child(MATTEO).households == (kept,)
        assert [row["household"] for row in then.story.rows("children") if row["child"] == MATTEO.id] == [kept]


def test_a_child_keeps_one_household():
    family().when(leave(ROSSI)).then_refused("last_household")
    family().when(leave(DIALLO)).then_refused("unknown_household")


def test_a_child_that_left_may_join_another():
    family(join(DIALLO), leave(DIALLO)).when(join(LEFEVRE)).then_accepted()
    family(join(DIALLO), leave(DIALLO)).when(join(DIALLO)).then_accepted()


def test_a_household_is_left_once_what_it_asked_is_decided():
    waiting = family(join(DIALLO), reserve(DAY, by=(DIALLO,)))
    then = waiting.when(leave(DIALLO)).then_refused("still_awaiting")
    assert then.refusal.number == then.story.latest(MATTEO)
    family(join(DIALLO), reserve(DAY, by=(DIALLO,))).when(leave(ROSSI)).then_accepted()
    family(join(DIALLO), reserve(DAY, by=(DIALLO,)), withdraw()).when(leave(DIALLO)).then_accepted()


def test_what_a_household_booked_stays_booked_when_the_child_leaves_it():
    then = family(join(DIALLO), reserve(DAY, by=(DIALLO,)), approve()).when(leave(DIALLO)).then_accepted()
    slot = slot_of(then.story, MATTEO, DAY)
    assert slot is not None
    assert (slot.state, slot.household) == ("reserved", DIALLO)


def test_a_household_is_left_once_custody_ended():
    agreed = family(join(DIALLO), alternate(ROSSI, DIALLO))
    agreed.when(leave(DIALLO)).then_refused("custody_not_ended")
    for since, ends in (("2024-01-10", True), ("2023-10-01", True), ("2024-01-11", False)):
        sentence = family(join(DIALLO), alternate(ROSSI, DIALLO), end_custody(since)).when(leave(DIALLO))
        sentence.then_accepted() if ends else sentence.then_refused("custody_not_ended")
    swapped = family(join(DIALLO), alternate(ROSSI, DIALLO), end_custody("2024-01-01"), swap(DAY, DAY, DIALLO))
    swapped.when(leave(DIALLO)).then_refused("custody_not_ended")
