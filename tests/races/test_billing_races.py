"""Several processes issue the titres of a month at once, while families pay: each once, under its own number."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from threading import Barrier
from typing import TypeVar

import pytest

from commands.execute import Request, execute
from commands.issue_titres import BillToIssue, IssueTitres
from commands.outcome import Accepted, Command, Outcome
from ledger.events import Fact, MonthClosed, PaymentRecorded
from ledger.identifiers import Commune, HouseholdId, Month, PaymentId, Stream, TitreNumber, new_id
from ledger.postgres import PostgresStore
from ledger.regie import titre_number
from ledger.store import Answer, Append, ConflictError, ReplayedError, Write
from ledger.streams import payer_page, regie_page
from projections.inline import project
from tests.ledger.examples_of_billing import MEALS, SEPTEMBER
from tests.servers import Database
from tests.spec import once, signed
from tests.stores import OnPostgres, on_postgres
from tests.town import at

NOW = at("2023-10-02 09:00")
TOWNS = count(1)
HOUSEHOLDS, BATCH, PROCESSES = 40, 7, 4
T = TypeVar("T")


@dataclass
class Race:
    """A town of its own, which closed a month."""

    kept: OnPostgres
    town: Commune

    def ask(self, command: Command, key: str | None = None) -> Outcome:
        """As a process of its own asks, with pages it read itself."""
        store = PostgresStore(self.kept.pool, project=project)
        request = Request(commune=self.town, command=command, signature=signed(NOW))
        while True:
            try:
                result, _ = execute(store, request, once=once(key), respond=lambda _: Answer(status=200))
            except ConflictError:
                continue
            return result.outcome

    def write(self, stream: Stream, *facts: Fact) -> None:
        store = self.kept.store
        prepared = store.prepare(self.town, signed(NOW), [Write(page=store.pages([stream])[stream], facts=facts)])
        store.append(Append(prepared=prepared, once=once(), answer=Answer(status=201), capacity=lambda _: None))

    def numbers(self) -> dict[HouseholdId, TitreNumber]:
        return {row["household"]: row["titre"] for row in self.kept.rows(self.town, "titres").values()}


@pytest.fixture
def race(module_database: Database) -> Iterator[Race]:
    with on_postgres(module_database, connections=8) as kept:
        yield Race(kept, Commune(f"town-{next(TOWNS)}"))


def at_once(*asks: Callable[[], T]) -> list[T]:
    """Everything in a thread of its own, at the same moment."""
    start = Barrier(len(asks))

    def go(ask: Callable[[], T]) -> T:
        start.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as threads:
        return list(threads.map(go, asks))


CLOSED = MonthClosed(
    month=SEPTEMBER,
    position=120,
    year=2023,
    first_number=1,
    titres=HOUSEHOLDS,
    total_cents=654 * HOUSEHOLDS,
    digest="5" * 64,
    issued_on=date(2023, 10, 2),
    due_on=date(2023, 10, 23),
)
IN_ORDER = sorted(HouseholdId(new_id()) for _ in range(HOUSEHOLDS))
BILLS = [BillToIssue(household=household, lines=(MEALS,)) for household in IN_ORDER]
BATCHES = [
    IssueTitres(month=SEPTEMBER, digest="5" * 64, place=place, bills=BILLS[place : place + BATCH])
    for place in range(0, HOUSEHOLDS, BATCH)
]
EXPECTED = {household: titre_number(2023, number) for number, household in enumerate(IN_ORDER, start=1)}


@pytest.mark.parametrize("same_keys", [True, False])
def test_several_processes_issue_every_titre_once(race: Race, same_keys: bool) -> None:
    """Each in an order of its own; with keys made of the month and the batch, as the job has them, or without."""
    race.write(regie_page(race.town), CLOSED)

    def process(seed: int) -> None:
        order = list(enumerate(BATCHES))
        random.Random(seed).shuffle(order)
        for place, batch in order:
            key = f"{SEPTEMBER}-{place}" if same_keys else None
            assert isinstance(race.ask(batch, key), Accepted)

    at_once(*(lambda seed=seed: process(seed) for seed in range(PROCESSES)))
    assert race.numbers() == EXPECTED
    for household in IN_ORDER:
        [line] = race.kept.lines(payer_page(race.town, household))
        assert line.version == 1


def test_a_family_that_pays_meanwhile_keeps_its_payment_and_gets_its_titre(race: Race) -> None:
    before = replace(CLOSED, month=Month("2023-08"), digest="4" * 64)
    race.write(regie_page(race.town), before, replace(CLOSED, first_number=HOUSEHOLDS + 1))

    def pay() -> None:
        for household in IN_ORDER[:10]:
            paid = PaymentRecorded(
                payment=PaymentId(new_id()),
                household=household,
                amount_cents=100,
                means="cash",
                received_on=date(2023, 10, 2),
            )
            while True:
                try:
                    race.write(payer_page(race.town, household), paid)
                except (ConflictError, ReplayedError):
                    continue
                break

    def issue() -> None:
        for batch in BATCHES:
            assert isinstance(race.ask(batch), Accepted)

    at_once(pay, issue, issue)
    assert race.numbers() == {
        household: titre_number(2023, number) for number, household in enumerate(IN_ORDER, start=HOUSEHOLDS + 1)
    }
    balances = {row["household"]: row["balance_cents"] for row in race.kept.rows(race.town, "payers").values()}
    assert balances == {household: 554 if place < 10 else 654 for place, household in enumerate(IN_ORDER)}
