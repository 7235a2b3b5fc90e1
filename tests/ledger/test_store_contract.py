"""What a store promises. Both keep the same promises: the one of specifications, and the one of the service."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from ledger.entry import GENESIS
from ledger.events import (
    CancellationRequested,
    CancelledDay,
    CapacityChanged,
    ChildFact,
    ChildRegistered,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    Fact,
    HouseholdOpened,
)
from ledger.holdings import PlaceKey
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Slug, Version, new_id
from ledger.store import (
    Answer,
    Append,
    ConflictError,
    FullError,
    Once,
    Page,
    Prepared,
    Store,
    Write,
)
from ledger.store import (
    Kept as Answered,
)
from ledger.streams import child_page, household_page, town_page
from tests.ledger.long_pages import LUNCH, MEAL, lunch, once, signature
from tests.servers import Database
from tests.stores import InMemory, Kept, OnPostgres, cold, on_postgres

DAY, OTHER_DAY = date(2024, 3, 26), date(2024, 3, 28)
SLOT, OTHER_SLOT = PlaceKey(LUNCH, MEAL, DAY, ""), PlaceKey(LUNCH, MEAL, OTHER_DAY, "")


@pytest.fixture(scope="module")
def postgres(module_database: Database) -> Iterator[OnPostgres]:
    with on_postgres(module_database) as kept:
        yield kept


@pytest.fixture(params=["memory", "postgres"])
def kept(request) -> Kept:
    return InMemory() if request.param == "memory" else request.getfixturevalue("postgres")


@pytest.fixture
def town() -> Commune:
    """A town of its own for every test."""
    return Commune(f"t-{new_id()[:8]}")


@pytest.fixture
def store(kept) -> Store:
    return kept.store


def a_child(store: Store, town: Commune) -> ChildId:
    child = ChildId(new_id())
    write(store, town, store.child(town, child), [ChildRegistered(child=child, household=HouseholdId("h"))])
    return child


def prepared(store: Store, town: Commune, page: Page, facts: list[Fact]) -> Prepared:
    return store.prepare(town, signature(), [Write(page=page, facts=facts)])


def write(
    store: Store, town: Commune, page: Page, facts: list[Fact], *, places: int | None = None, key: Once | None = None
) -> Answered:
    return append(store, prepared(store, town, page, facts), places=places, key=key)


def append(
    store: Store, what: Prepared, *, places: int | None = None, key: Once | None = None, answer: Answer | None = None
) -> Answered:
    """Keeps it, in a town whose rulebook gives every slot so many places."""
    return store.append(
        Append(prepared=what, once=key or once(), answer=answer or Answer(status=201), capacity=lambda _: places)
    )


def book(
    store: Store, town: Commune, child: ChildId, *days: date, places: int | None = None, number: int | None = None
) -> int:
    """The child asks for lunch on these days."""
    found = DemandeNumber(number or store.next_number(town))
    whole = lunch(found, DAY)
    fact = replace(whole, days=tuple(replace(whole.days[0], day=day) for day in days))
    write(store, town, store.child(town, child), [fact], places=places)
    return found


def decide(store: Store, town: Commune, child: ChildId, number: int, *, accept: bool, day: date = DAY) -> None:
    days = (DecidedDay(day=day, unit=MEAL, action="reserve"),)
    fact: ChildFact = DemandeApproved(demande=DemandeNumber(number), days=days, decided_by="agent")
    if not accept:
        fact = DemandeRejected(demande=DemandeNumber(number), days=days, decided_by="agent", reason=Slug("complet"))
    write(store, town, store.child(town, child), [fact])


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


def test_a_line_that_does_not_follow_the_one_before_is_found_when_the_page_is_read(kept, store, town):
    child = a_child(store, town)
    forged = replace(store.child(town, child), head=b"x" * 32)
    write(store, town, forged, [lunch(1, DAY)])
    pages, _ = cold(kept)
    with pytest.raises(AssertionError, match="broken at 2"):
        pages.read(child_page(town, child))


def test_a_missing_line_is_found_when_the_page_is_read(kept, store, town):
    child = a_child(store, town)
    forged = replace(store.child(town, child), version=7)
    write(store, town, forged, [lunch(1, DAY)])
    pages, _ = cold(kept)
    with pytest.raises(AssertionError, match="missing"):
        pages.read(child_page(town, child))


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


# Places --------------------------------------------------------------------------------------------------------------


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


def set_places(store: Store, town: Commune, places: int | None) -> None:
    write(store, town, store.town(town), [CapacityChanged(activity=LUNCH, unit=MEAL, day=DAY, places=places)])
