"""A ledger with one thing to reserve, spoken to without commands."""

from dataclasses import replace
from datetime import date

from ledger.events import (
    CapacityChanged,
    ChildFact,
    ChildRegistered,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    Fact,
)
from ledger.holdings import PlaceKey
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Slug, new_id
from ledger.store import (
    Answer,
    Append,
    Once,
    Page,
    Prepared,
    Store,
    Write,
)
from ledger.store import (
    Kept as Answered,
)
from tests.ledger.long_pages import LUNCH, MEAL, lunch, once, signature

DAY, OTHER_DAY = date(2024, 3, 26), date(2024, 3, 28)
SLOT, OTHER_SLOT = PlaceKey(LUNCH, MEAL, DAY, ""), PlaceKey(LUNCH, MEAL, OTHER_DAY, "")


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


def set_places(store: Store, town: Commune, places: int | None) -> None:
    write(store, town, store.town(town), [CapacityChanged(activity=LUNCH, unit=MEAL, day=DAY, places=places)])
