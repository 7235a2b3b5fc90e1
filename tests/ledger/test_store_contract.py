"""What a store promises. Both keep the same promises: the one of specifications, and the one of the service."""

from dataclasses import replace

import pytest

from ledger.entry import GENESIS, AlteredLineError
from ledger.events import (
    CapacityChanged,
    ChildRegistered,
    HouseholdOpened,
)
from ledger.identifiers import ChildId, Commune, HouseholdId, new_id
from ledger.store import (
    ConflictError,
    Write,
    turned,
)
from ledger.streams import child_page, household_page, town_page
from tests.ledger.long_pages import LUNCH, MEAL, lunch, once, signature
from tests.ledger.small_ledger import (
    DAY,
    OTHER_DAY,
    OTHER_SLOT,
    SLOT,
    a_child,
    append,
    book,
    prepared,
    write,
)

# Pages ---------------------------------------------------------------------------------------------------------------


def test_what_was_appended_is_read_in_order_and_chained(kept, store, town):
    child = a_child(store, town)
    book(store, town, child, DAY)
    lines = kept.lines(child_page(town, child))
    assert [line.version for line in lines] == [1, 2]
    assert [line.previous for line in lines] == [GENESIS, lines[0].digest]
    page = store.child(town, child)
    assert (page.version, page.head) == (2, lines[1].digest)


def test_a_page_somebody_wrote_on_first_is_a_conflict_and_nothing_is_written(kept, store, town):
    child = a_child(store, town)
    stale = store.child(town, child)
    book(store, town, child, DAY)
    before = kept.taken(town), len(kept.lines(child_page(town, child)))
    with pytest.raises(ConflictError):
        write(store, town, stale, [lunch(99, OTHER_DAY)], key=once("again"))
    assert (kept.taken(town), len(kept.lines(child_page(town, child)))) == before
    assert not write(store, town, store.child(town, child), [lunch(99, OTHER_DAY)], key=once("again")).replayed


def test_two_first_lines_of_a_page_are_a_conflict(store, town):
    child = ChildId(new_id())
    empty = store.child(town, child)
    registered = ChildRegistered(child=child, household=HouseholdId("h"))
    write(store, town, empty, [registered])
    with pytest.raises(ConflictError):
        write(store, town, empty, [registered])


def test_several_pages_are_written_together_or_not_at_all(kept, store, town):
    one, other = a_child(store, town), a_child(store, town)
    stale = store.child(town, other)
    book(store, town, other, DAY)
    both = [
        Write(page=store.child(town, one), facts=[lunch(90, OTHER_DAY)]),
        Write(page=stale, facts=[lunch(91, OTHER_DAY)]),
    ]
    with pytest.raises(ConflictError):
        append(store, store.prepare(town, signature(), both))
    assert len(kept.lines(child_page(town, one))) == 1
    assert kept.taken(town)[OTHER_SLOT] == 0


def test_a_line_that_does_not_follow_the_one_it_names_is_a_conflict(store, town):
    child = a_child(store, town)
    page = store.child(town, child)
    for forged in (replace(page, head=b"x" * 32), replace(page, version=7)):
        with pytest.raises(ConflictError):
            write(store, town, forged, [lunch(1, DAY)])
    assert store.child(town, child) == page


def test_a_broken_chain_and_a_missing_line_are_found_when_the_page_is_read(store, town):
    child = a_child(store, town)
    page = store.child(town, child)
    for forged in (replace(page, head=b"x" * 32), replace(page, version=7)):
        [line] = prepared(store, town, forged, [lunch(1, DAY)]).entries
        with pytest.raises(AlteredLineError, match="line 2 of "):
            turned(page, [line])


def test_pages_of_two_towns_are_two_pages(store, town):
    child = a_child(store, town)
    assert store.child(Commune(f"{town}-b"), child).version == 0


def test_a_household_and_a_town_have_their_pages(kept, store, town):
    household = HouseholdId(new_id())
    write(store, town, store.household(town, household), [HouseholdOpened(household=household)])
    write(store, town, store.town(town), [CapacityChanged(activity=LUNCH, unit=MEAL, day=DAY, places=3)])
    assert store.household(town, household).state.household == household
    assert store.town(town).state.capacities == {SLOT: 3}
    assert [len(kept.lines(page)) for page in (household_page(town, household), town_page(town))] == [1, 1]
