"""The child's page folded: the same lines always make the same child, and never change the one before."""

from copy import deepcopy

import pytest
from hypothesis import given

from ledger.child import Child, SlotKey, copied, evolve
from ledger.events import DemandeApproved
from ledger.streams import child_page
from tests.histories import histories, live, town
from tests.ledger.examples import (
    CHILD,
    ENROLMENT,
    FIRST,
    HOUSEHOLD,
    ON_CHILD,
    SECOND,
    TOWN,
    WEDNESDAY,
    WEDNESDAYS,
    WHOLE_DAY,
    written,
)
from tests.town import AWA, MATTEO

LINES = written(child_page(TOWN, CHILD), ON_CHILD)
KEY = SlotKey(WEDNESDAYS, WHOLE_DAY, WEDNESDAY)


def after(count: int) -> Child:
    child = evolve(None, LINES[:count])
    assert child is not None
    return child


def state_after(count: int) -> str | None:
    slot = after(count).slots.get(KEY)
    return slot.state if slot else None


def test_nothing_is_known_of_a_page_without_lines():
    assert evolve(None, []) is None


def test_a_page_starts_with_the_registration_of_the_child():
    with pytest.raises(AssertionError, match="starts with its registration"):
        evolve(None, LINES[1:])


def test_a_day_goes_through_its_states():
    assert [state_after(count) for count in range(2, 9)] == [
        None,
        "awaiting_add",
        None,
        "awaiting_add",
        "reserved",
        "awaiting_removal",
        "reserved",
    ]


def test_a_day_kept_after_all_is_no_longer_given_up_by_anybody():
    assert after(7).slots[KEY].removal == 43496
    assert (after(8).slots[KEY].removal, after(8).slots[KEY].demande) == (None, SECOND)


def test_a_child_knows_what_its_page_says_in_the_end():
    child = after(len(LINES))
    assert (child.child, child.household) == (CHILD, HOUSEHOLD)
    assert child.enrolments[ENROLMENT].last_day.isoformat() == "2024-04-03"
    assert child.closed == {FIRST: "traitee_negativement", SECOND: "traitee_positivement", 43496: "retiree"}
    assert list(child.open) == [43497]
    assert child.slots[KEY].absence == "declared"
    assert child.attendance[KEY].presence == "absent"


def test_places_are_taken_from_submission_only_where_the_day_says_so():
    assert after(3).slots[KEY].holds() is False
    assert after(5).slots[KEY].holds() is True


def test_the_latest_demande_is_the_one_of_the_last_line():
    latest = after(4).latest
    assert latest is not None
    assert (latest.number, latest.status, latest.days[0].reason) == (FIRST, "traitee_negativement", "complet")
    assert after(10).latest is None


def test_a_fact_about_a_demande_that_does_not_wait_is_our_own_mistake():
    again = DemandeApproved(demande=FIRST, days=(), decided_by="agent")
    with pytest.raises(KeyError):
        evolve(None, written(child_page(TOWN, CHILD), [*ON_CHILD[:4], again]))


def test_folding_in_two_times_is_folding_at_once():
    for cut in range(1, len(LINES)):
        assert evolve(after(cut), LINES[cut:]) == after(len(LINES))


def test_folding_never_changes_the_child_it_was_given():
    for cut in range(1, len(LINES)):
        before = after(cut)
        frozen = deepcopy(before)
        evolve(before, LINES[cut:])
        assert before == frozen


def test_a_copy_shares_nothing_that_can_be_written():
    child = after(len(LINES))
    copy = copied(child)
    for name in ("enrolments", "slots", "open", "closed", "attendance"):
        getattr(copy, name).clear()
    assert child == after(len(LINES))


@given(histories)
def test_whatever_happened_the_page_folds_to_what_the_store_knows(history):
    story = live(town(), history)
    for person in (MATTEO, AWA):
        assert evolve(None, story.lines(person)) == story.child(person)
