"""Pages of families, as long as wanted: a child who reserves, is answered, and comes."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from ledger.entry import Signature
from ledger.events import (
    AttendanceRecorded,
    ChildFact,
    ChildRegistered,
    DecidedDay,
    DemandeApproved,
    PlaceHeld,
    ReservationRequested,
    ReservedDay,
)
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Slug, Subject, Version, new_id
from ledger.store import Answer, Append, Once, Store, Write

TOWN: Final = Commune("bench")
HOUSEHOLD: Final = HouseholdId("h")
CANTEEN, MEAL = Slug("restauration"), Slug("repas")
NOW: Final = datetime(2024, 1, 10, 11, tzinfo=UTC)
ANSWER: Final = Answer(status=201, body=b'{"demandes":[{"number":43513,"status":"en_cours"}]}')


def registered(child: ChildId) -> ChildFact:
    """The first line of a page."""
    return ChildRegistered(child=child, household=HOUSEHOLD)


def request(number: int, day: date) -> ChildFact:
    """A meal asked for."""
    asked = ReservedDay(
        day=day,
        unit=MEAL,
        rulebook=Version("2023-09"),
        article="3.2",
        deadline=NOW,
        places=(PlaceHeld(unit=MEAL),),
    )
    return ReservationRequested(demande=DemandeNumber(number), household=HOUSEHOLD, activity=CANTEEN, days=(asked,))


def years(child: ChildId, lines: int) -> list[ChildFact]:
    """So many lines: each day asked for, accepted, and attended."""
    facts = [registered(child)]
    turn = 0
    while len(facts) < lines:
        day, number = date(2015, 1, 1) + timedelta(days=turn), DemandeNumber(turn + 1)
        named = (DecidedDay(day=day, unit=MEAL, action="reserve"),)
        facts.append(request(number, day))
        facts.append(DemandeApproved(demande=number, days=named, decided_by="agent"))
        facts.append(AttendanceRecorded(activity=CANTEEN, unit=MEAL, day=day, presence="present"))
        turn += 1
    return facts[:lines]


def append_of(store: Store, child: ChildId, facts: list[ChildFact]) -> Append:
    """These facts as one command."""
    signature = Signature(
        actor=Subject("s"),
        role="guardian",
        client="c",
        command=new_id(),
        correlation=new_id(),
        happened_at=NOW,
        recorded_at=NOW,
    )
    prepared = store.prepare(TOWN, signature, [Write(page=store.child(TOWN, child), facts=facts)])
    once = Once(client="c", subject="s", key=new_id(), fingerprint=bytes(32))
    return Append(prepared=prepared, once=once, answer=ANSWER, capacity=lambda _: None)
