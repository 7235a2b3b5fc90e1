"""How both stores count places: never overbooked, never fewer than none, the town before its rulebook."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.events import (
    CancellationRequested,
    CancelledDay,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
)
from ledger.identifiers import DemandeNumber, HouseholdId, Slug, Version
from ledger.store import (
    ConflictError,
    FullError,
    Write,
)
from ledger.streams import child_page
from tests.ledger.long_pages import LUNCH, MEAL, lunch, once, signature
from tests.ledger.small_ledger import (
    DAY,
    OTHER_DAY,
    OTHER_SLOT,
    SLOT,
    a_child,
    append,
    book,
    decide,
    prepared,
    set_places,
    write,
)


def test_places_are_taken_and_given_back(kept, store, town):
    child = a_child(store, town)
    number = book(store, town, child, DAY)
    assert kept.taken(town) == {SLOT: 1}
    decide(store, town, child, number, accept=False)
    assert kept.taken(town) == {}


def test_a_full_slot_is_refused_and_nothing_is_written(kept, store, town):
    book(store, town, a_child(store, town), DAY, places=1)
    late = a_child(store, town)
    with pytest.raises(FullError) as refused:
        book(store, town, late, DAY, places=1)
    assert refused.value.left == {SLOT: 0}
    assert kept.taken(town) == {SLOT: 1}
    assert store.child(town, late).version == 1


def test_every_full_slot_is_named_and_only_those(store, town):
    free = date(2024, 3, 29)
    book(store, town, a_child(store, town), DAY, OTHER_DAY, places=1)
    with pytest.raises(FullError) as refused:
        book(store, town, a_child(store, town), DAY, free, OTHER_DAY, places=1)
    assert refused.value.left == {SLOT: 0, OTHER_SLOT: 0}


def test_a_refusal_for_want_of_places_takes_none_and_uses_no_key(kept, store, town):
    book(store, town, a_child(store, town), OTHER_DAY, places=1)
    late = a_child(store, town)
    whole = lunch(50, DAY)
    both = replace(whole, days=(whole.days[0], replace(whole.days[0], day=OTHER_DAY)))
    with pytest.raises(FullError):
        write(store, town, store.child(town, late), [both], places=1, key=once("k"))
    assert kept.taken(town) == {OTHER_SLOT: 1}
    assert not write(store, town, store.child(town, late), [whole], places=1, key=once("k")).replayed


def test_siblings_who_ask_for_more_than_is_left_hear_how_much_is_left(store, town):
    children = [a_child(store, town) for _ in range(3)]
    writes = [Write(page=store.child(town, child), facts=[lunch(n, DAY)]) for n, child in enumerate(children, 60)]
    with pytest.raises(FullError) as refused:
        append(store, store.prepare(town, signature(), writes), places=2)
    assert refused.value.left == {SLOT: 2}
    append(store, store.prepare(town, signature(), writes[:2]), places=2)


def test_what_would_be_full_is_told_without_taking_anything(kept, store, town):
    book(store, town, a_child(store, town), DAY, places=1)
    what = prepared(store, town, store.child(town, a_child(store, town)), [lunch(70, DAY), lunch(71, OTHER_DAY)])
    assert store.full(what, lambda _: 1) == {SLOT: 0}
    assert store.full(what, lambda _: 2) == {}
    assert store.full(what, lambda _: None) == {}
    assert store.full(what, lambda _: 0) == {SLOT: 0, OTHER_SLOT: 0}
    assert kept.taken(town) == {SLOT: 1}


def test_no_limit_is_no_limit(kept, store, town):
    for _ in range(5):
        book(store, town, a_child(store, town), DAY, places=None)
    assert kept.taken(town) == {SLOT: 5}


def test_the_number_the_town_set_comes_before_its_rulebook_s(store, town):
    set_places(store, town, 1)
    book(store, town, a_child(store, town), DAY, places=50)
    with pytest.raises(FullError):
        book(store, town, a_child(store, town), DAY, places=50)
    set_places(store, town, 2)
    book(store, town, a_child(store, town), DAY, places=0)


def test_a_limit_the_town_lifted_stays_lifted(kept, store, town):
    set_places(store, town, None)
    for _ in range(3):
        book(store, town, a_child(store, town), DAY, places=0)
    assert kept.taken(town) == {SLOT: 3}


def test_a_rulebook_that_changes_its_places_is_heard_at_the_next_claim(store, town):
    book(store, town, a_child(store, town), DAY, places=1)
    book(store, town, a_child(store, town), DAY, places=2)
    with pytest.raises(FullError):
        book(store, town, a_child(store, town), DAY, places=2)


def test_lowering_below_what_is_taken_cancels_nobody_and_lets_places_be_given_back(kept, store, town):
    children = [a_child(store, town) for _ in range(2)]
    numbers = [book(store, town, child, DAY) for child in children]
    set_places(store, town, 0)
    assert kept.taken(town) == {SLOT: 2}
    decide(store, town, children[0], numbers[0], accept=False)
    assert kept.taken(town) == {SLOT: 1}
    with pytest.raises(FullError) as refused:
        book(store, town, a_child(store, town), DAY)
    assert refused.value.left == {SLOT: 0}


def test_places_are_never_fewer_than_none(kept, store, town):
    child = a_child(store, town)
    number = book(store, town, child, DAY)
    honest = store.child(town, child)
    decide(store, town, child, number, accept=False)
    days = (DecidedDay(day=DAY, unit=MEAL, action="reserve"),)
    twice = DemandeRejected(demande=number, days=days, decided_by="agent", reason=Slug("complet"))
    forged = replace(honest, version=3, head=kept.lines(child_page(town, child))[-1].digest)
    with pytest.raises(Exception, match=r"taken|never"):
        write(store, town, forged, [twice])
    assert kept.taken(town) == {}


def test_a_conflict_is_heard_before_anything_is_said_of_places(kept, store, town):
    child = a_child(store, town)
    number = book(store, town, child, DAY)
    stale = store.child(town, child)
    decide(store, town, child, number, accept=False)
    with pytest.raises(ConflictError):
        write(store, town, stale, [DemandeWithdrawn(demande=DemandeNumber(number))])
    with pytest.raises(ConflictError):
        write(store, town, stale, [lunch(99, OTHER_DAY)], places=0)
    assert kept.taken(town) == {}


def test_a_swap_in_one_append_claims_only_the_difference(kept, store, town):
    child = a_child(store, town)
    number = book(store, town, child, DAY, places=1)
    decide(store, town, child, number, accept=True)
    given_up = CancelledDay(day=DAY, unit=MEAL, rulebook=Version("2023-09"), article="3", deadline=None)
    facts = [
        CancellationRequested(demande=DemandeNumber(80), household=HouseholdId("h"), activity=LUNCH, days=(given_up,)),
        DemandeApproved(
            demande=DemandeNumber(80), days=(DecidedDay(day=DAY, unit=MEAL, action="cancel"),), decided_by="agent"
        ),
        lunch(81, DAY),
    ]
    what = prepared(store, town, store.child(town, child), facts)
    assert what.claims == {}
    append(store, what, places=1)
    assert kept.taken(town) == {SLOT: 1}
