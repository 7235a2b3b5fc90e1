"""Pages of any length: years of a child who reserves, is answered, comes, and sometimes changes its mind."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from ledger.entry import Signature
from ledger.events import (
    AttendanceRecorded,
    ChildFact,
    ChildRegistered,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    PlaceHeld,
    ReservationRequested,
    ReservedDay,
)
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, Slug, Subject, Version, new_id
from ledger.store import Answer, Append, Once, Store, Write

TOWN: Final = Commune("valmont")
CHILD: Final = ChildId("c-1")
HOUSEHOLD: Final = HouseholdId("h-1")
LUNCH, MEAL = Slug("cantine"), Slug("repas")
NOON: Final = datetime(2024, 1, 10, 11, tzinfo=UTC)


def signature(now: datetime = NOON) -> Signature:
    return Signature(
        actor=Subject("a-1"),
        role="guardian",
        client="c",
        command=new_id(),
        correlation=new_id(),
        happened_at=now,
        recorded_at=now,
    )


def once(key: str | None = None, *, client: str = "c", subject: str = "s", body: bytes = b"body") -> Once:
    return Once(client=client, subject=subject, key=key or new_id(), fingerprint=body)


def lunch(number: int, day: date, *, child_household: HouseholdId = HOUSEHOLD, pool: str = "") -> ReservationRequested:
    """A meal asked for."""
    asked = ReservedDay(
        day=day,
        unit=MEAL,
        rulebook=Version("2023-09"),
        article="3.2",
        deadline=NOON,
        places=(PlaceHeld(unit=MEAL, pool=pool),),
    )
    return ReservationRequested(demande=DemandeNumber(number), household=child_household, activity=LUNCH, days=(asked,))


def _line(index: int) -> ChildFact:
    """Three lines a day: asked, approved or refused, came or did not."""
    if index == 0:
        return ChildRegistered(child=CHILD, household=HOUSEHOLD)
    turn, step = divmod(index - 1, 3)
    day = date(2020, 1, 1) + timedelta(days=turn)
    number, named = DemandeNumber(turn + 1), (DecidedDay(day=day, unit=MEAL, action="reserve"),)
    if step == 0:
        return lunch(number, day)
    if step == 1 and turn % 5 == 4:
        return DemandeRejected(demande=number, days=named, decided_by="agent", reason=Slug("complet"))
    if step == 1:
        return DemandeApproved(demande=number, days=named, decided_by="agent")
    return AttendanceRecorded(activity=LUNCH, unit=MEAL, day=day, presence="present" if turn % 7 else "absent")


def long_page(count: int, *, start: int = 0) -> list[ChildFact]:
    """So many lines of the page, after the first ones."""
    return [_line(index) for index in range(start, start + count)]


def no_limit(_: object) -> int | None:
    return None


def keep(store: Store, facts: list[ChildFact], *, town: Commune = TOWN, child: ChildId = CHILD) -> None:
    """Appends these lines to the page of the child, in one command."""
    page = store.child(town, child)
    prepared = store.prepare(town, signature(), [Write(page=page, facts=facts)])
    kept = store.append(Append(prepared=prepared, once=once(), answer=Answer(status=201), capacity=no_limit))
    assert not kept.replayed
