"""Many at once, with real threads and real connections: never overbooked, never twice, never stuck."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Barrier
from typing import Any, TypeVar

import pytest

from commands.adopt_rulebook import AdoptRulebook
from commands.change_capacity import ChangeCapacity
from commands.close_day import CloseDay
from commands.decide_demandes import DecideDemandes, Decision
from commands.enrol_child import EnrolChild
from commands.execute import Request, execute
from commands.outcome import Accepted, Command, Outcome, Refused
from commands.register_household import OpenHousehold, RegisterChild
from commands.submit_demande import SubmitDemande, Wish
from ledger.identifiers import ChildId, Commune, EnrolmentId, HouseholdId, Slug, new_id
from ledger.postgres import PostgresStore
from ledger.store import Answer, ConflictError, Kept, Once
from ledger.streams import child_page
from projections.inline import project
from tests.servers import Database
from tests.spec import day, once, signed
from tests.stores import OnPostgres, cold, on_postgres
from tests.town import RULEBOOK, VALMONT, at

LUNCH, REPAS, PANIER = Slug("cantine"), Slug("repas"), Slug("panier")
TUESDAY, THURSDAY = day("2024-03-26"), day("2024-03-28")
WEDNESDAY = day("2024-03-27")
NOW = at("2024-01-10 10:00")
TOWNS = count(1)
T = TypeVar("T")


@dataclass
class Race:
    """A town of its own, with children ready to start."""

    kept: OnPostgres
    town: Commune
    household: HouseholdId

    def ask(self, command: Command, key: Once | None = None) -> tuple[Outcome, Kept]:
        request = Request(commune=self.town, command=command, signature=signed(NOW))
        result, kept = execute(
            self.kept.store,
            request,
            once=key or once(),
            respond=lambda result: Answer(
                status=201 if isinstance(result.outcome, Accepted) else 409,
                body=repr([entry.fact for entry in result.prepared.entries]).encode(),
            ),
        )
        return result.outcome, kept

    def must(self, command: Command) -> None:
        outcome, _ = self.ask(command)
        assert isinstance(outcome, Accepted), outcome

    def child(self, activity: Slug = LUNCH) -> ChildId:
        child = ChildId(new_id())
        self.must(RegisterChild(child=child, household=self.household))
        self.must(
            EnrolChild(
                child=child,
                enrolment=EnrolmentId(new_id()),
                activity=activity,
                first_day=day("2023-09-01"),
                last_day=day("2024-07-05"),
                site=Slug("centre") if activity == LUNCH else None,
                group=Slug("grands") if activity == "mercredis" else None,
            )
        )
        return child

    def places(self, number: int, *units: Slug) -> None:
        for unit in units or (REPAS,):
            days = [TUESDAY, THURSDAY]
            self.must(ChangeCapacity(activity=LUNCH, unit=unit, days=days, places=number))

    def lunch(self, *children: ChildId, wishes: Sequence[Wish] = ()) -> SubmitDemande:
        return SubmitDemande(
            children=dict.fromkeys(children, (self.household,)),
            activity=LUNCH,
            wishes=wishes or [Wish(day=TUESDAY, unit=REPAS, action="reserve")],
        )

    def taken(self) -> dict[tuple[str, Any], int]:
        return {(key.unit, key.day): number for key, number in self.kept.taken(self.town).items()}


@pytest.fixture(scope="module")
def kept(module_database: Database) -> Iterator[OnPostgres]:
    with on_postgres(module_database, connections=32, lock_timeout_ms=20_000) as found:
        yield found


@pytest.fixture
def race(kept: OnPostgres) -> Race:
    race = Race(kept=kept, town=Commune(f"race-{next(TOWNS)}"), household=HouseholdId(new_id()))
    race.must(AdoptRulebook(content=RULEBOOK.replace(f'"{VALMONT}"', f'"{race.town}"')))
    race.must(OpenHousehold(household=race.household))
    return race


def together(*tries: Callable[[], T]) -> list[T]:
    """Everybody starts at the same instant; what each came to, in order."""
    barrier = Barrier(len(tries))

    def run(attempt: Callable[[], T]) -> T:
        barrier.wait()
        return attempt()

    with ThreadPoolExecutor(len(tries)) as threads:
        return [running.result() for running in [threads.submit(run, attempt) for attempt in tries]]


def codes(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(outcome.code if isinstance(outcome, Refused) else "accepted" for outcome in outcomes)


@pytest.mark.parametrize("turn", range(3))
def test_thirty_two_families_and_ten_places_make_ten_reservations(race, turn):
    race.places(10)
    children = [race.child() for _ in range(32)]
    ended = together(*[lambda child=child: race.ask(race.lunch(child))[0] for child in children])
    assert codes(ended) == {"accepted": 10, "no_place_left": 22}
    assert race.taken() == {(REPAS, TUESDAY): 10}
    reserved = [child for child in children if race.kept.store.child(race.town, child).state.slots]
    assert len(reserved) == 10
    assert len(race.kept.rows(race.town, "calendar_days")) == 10


def test_the_first_reservations_of_a_slot_nobody_ever_asked_for_are_counted_too(race):
    children = [race.child() for _ in range(16)]
    ended = together(*[lambda child=child: race.ask(race.lunch(child))[0] for child in children])
    assert codes(ended) == {"accepted": 2, "no_place_left": 14}
    assert race.taken() == {(REPAS, TUESDAY): 2}


def test_the_same_key_eight_times_at_once_is_one_execution_and_one_answer(race):
    child, key = race.child(), once("k")
    ended = together(*[lambda: race.ask(race.lunch(child), key)[1] for _ in range(8)])
    assert Counter(kept.replayed for kept in ended) == {False: 1, True: 7}
    assert len({(kept.answer.status, kept.answer.body) for kept in ended}) == 1
    assert race.kept.store.child(race.town, child).version == 4
    assert race.taken() == {(REPAS, TUESDAY): 1}


def test_a_refusal_asked_for_eight_times_at_once_is_one_answer(race):
    race.places(0)
    child, key = race.child(), once("k")
    ended = together(*[lambda: race.ask(race.lunch(child), key)[1] for _ in range(8)])
    assert Counter((kept.replayed, kept.answer.status) for kept in ended) == {(False, 409): 1, (True, 409): 7}


def test_two_agents_decide_the_same_demande_and_one_wins(race):
    for _ in range(2):
        child = race.child(Slug("mercredis"))
        wishes = [Wish(day=WEDNESDAY, unit=Slug("apres-midi"), action="reserve")]
        race.must(SubmitDemande(children={child: (race.household,)}, activity=Slug("mercredis"), wishes=wishes))
        (number,) = race.kept.store.child(race.town, child).state.open
        yes = DecideDemandes(decisions=[Decision(child=child, number=number)])
        no = DecideDemandes(
            decisions=[Decision(child=child, number=number, approved=frozenset(), reason=Slug("autre"))]
        )
        ended = together(*[lambda command=command: race.ask(command)[0] for command in (yes, no, yes, no)])
        assert codes(ended) == {"accepted": 1, "already_decided": 3}
        assert race.kept.store.child(race.town, child).version == 4


@pytest.mark.parametrize("number", [8, 9, 40])
def test_swaps_in_opposite_orders_never_wait_for_each_other_for_ever(race, number):
    race.places(number, REPAS, PANIER)
    meal = [Wish(day=each, unit=REPAS, action="reserve") for each in (TUESDAY, THURSDAY)]
    basket = [Wish(day=each, unit=PANIER, action="reserve") for each in (TUESDAY, THURSDAY)]
    children = [race.child() for _ in range(16)]
    for n, child in enumerate(children):
        race.must(race.lunch(child, wishes=meal if n % 2 else basket))

    def swap(n: int, child: ChildId) -> Outcome:
        old, new = (REPAS, PANIER) if n % 2 else (PANIER, REPAS)
        days = (TUESDAY, THURSDAY) if n % 4 < 2 else (THURSDAY, TUESDAY)
        wishes = [Wish(day=each, unit=old, action="cancel") for each in days]
        wishes += [Wish(day=each, unit=new, action="reserve") for each in days]
        return race.ask(race.lunch(child, wishes=wishes))[0]

    ended = together(*[lambda n=n, child=child: swap(n, child) for n, child in enumerate(children)])
    assert set(codes(ended)) <= {"accepted", "no_place_left"}
    assert codes(ended)["accepted"] >= {8: 0, 9: 1, 40: 16}[number]
    assert sum(race.taken().values()) == 32
    assert max(race.taken().values()) <= number


def test_siblings_asked_for_in_opposite_orders_never_wait_for_each_other_for_ever(race):
    race.places(500)
    children = [race.child() for _ in range(24)]
    for turn in range(6):
        wishes = [Wish(day=TUESDAY, unit=REPAS, action="cancel" if turn % 2 else "reserve")]
        orders = (children, children[::-1], children[1:] + children[:1], children[::-2] + children[::2])
        ended = together(
            *[lambda order=order, wishes=wishes: race.ask(race.lunch(*order, wishes=wishes))[0] for order in orders]
        )
        assert codes(ended)["accepted"] == 1, ended
    assert race.taken() == {}


def test_places_lowered_while_families_book_are_never_exceeded_by_those_who_come_later(race):
    race.places(20)
    children = [race.child() for _ in range(24)]

    def lower() -> Outcome:
        return race.ask(ChangeCapacity(activity=LUNCH, unit=REPAS, days=[TUESDAY], places=5))[0]

    ended = together(lower, *[lambda child=child: race.ask(race.lunch(child))[0] for child in children])
    assert isinstance(ended[0], Accepted)
    booked = codes(ended[1:])["accepted"]
    assert race.taken() == {(REPAS, TUESDAY): booked}
    assert 5 <= booked <= 20
    assert codes([race.ask(race.lunch(race.child()))[0]]) == {"no_place_left": 1}


def test_a_day_closed_while_families_book_keeps_what_was_accepted_and_refuses_what_comes_later(race):
    race.places(50)
    children = [race.child() for _ in range(12)]

    def close() -> Outcome:
        return race.ask(CloseDay(day=TUESDAY, reason=Slug("greve"), activity=LUNCH))[0]

    ended = together(close, *[lambda child=child: race.ask(race.lunch(child))[0] for child in children])
    assert isinstance(ended[0], Accepted)
    assert set(codes(ended[1:])) <= {"accepted", "day_closed"}
    assert sum(race.taken().values()) == codes(ended[1:])["accepted"]
    assert codes([race.ask(race.lunch(race.child()))[0]]) == {"day_closed": 1}


def test_one_page_under_sixteen_writers_is_written_in_one_order_and_gives_up_in_bounded_time(race):
    race.places(50)
    child = race.child()
    days = [each for each in (day(f"2024-03-{n:02}") for n in range(1, 29)) if each.weekday() in (0, 1, 3, 4)][:16]

    def book(n: int) -> str:
        wishes = [Wish(day=days[n], unit=REPAS, action="reserve")]
        try:
            outcome, _ = race.ask(race.lunch(child, wishes=wishes), once(f"day-{n}"))
        except ConflictError:
            return "come back"
        assert isinstance(outcome, Accepted)
        return "accepted"

    ended = together(*[lambda n=n: book(n) for n in range(16)])
    again = [book(n) for n, end in enumerate(ended) if end == "come back"]
    assert set(again) <= {"accepted"}
    lines = race.kept.lines(child_page(race.town, child))
    assert [line.version for line in lines] == list(range(1, 2 + 2 * 16 + 1))
    pages, _ = cold(race.kept)
    assert len(pages.read(child_page(race.town, child)).state.slots) == 16


def test_two_services_share_one_ledger(race):
    race.places(5)
    other = PostgresStore(race.kept.pool, project=project)
    children = [race.child() for _ in range(10)]

    def elsewhere(child: ChildId) -> Outcome:
        request = Request(commune=race.town, command=race.lunch(child), signature=signed(NOW))
        result, _ = execute(other, request, once=once(), respond=lambda _: Answer(status=200))
        return result.outcome

    here = [lambda child=child: race.ask(race.lunch(child))[0] for child in children[::2]]
    there = [lambda child=child: elsewhere(child) for child in children[1::2]]
    assert codes(together(*here, *there)) == {"accepted": 5, "no_place_left": 5}
