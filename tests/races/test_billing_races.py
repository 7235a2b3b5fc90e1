"""A month is closed once, whoever closes it at the same second; its titres are issued once, while families pay."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from threading import Barrier
from typing import TypeVar

import pytest

from commands.adopt_rulebook import AdoptRulebook
from commands.close_month import CloseMonth, DraftFound
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
from tests.billed import PRICED
from tests.ledger.examples_of_billing import MEALS, SEPTEMBER
from tests.servers import Database
from tests.spec import once, signed
from tests.stores import OnPostgres, on_postgres
from tests.town import VALMONT, at

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


def test_of_several_who_close_a_month_at_once_one_closes_it(race: Race) -> None:
    """Those who looked at the same draft are told it is closed, those who looked at another one that it was not."""
    text = PRICED.replace(f'commune = "{VALMONT}"', f'commune = "{race.town}"')
    assert isinstance(race.ask(AdoptRulebook(content=text)), Accepted)
    drafts = [
        DraftFound(position=position, after=None, titres=3, total_cents=position, digest=f"{position:064d}", missing=0)
        for position in (120, 120, 140, 140, 160, 160)
    ]
    closes = [CloseMonth(month=SEPTEMBER, position=draft.position, draft=draft) for draft in drafts]
    outcomes = at_once(*(lambda command=command: race.ask(command) for command in closes))
    [line] = race.kept.lines(regie_page(race.town))
    assert isinstance(line.fact, MonthClosed)
    assert (line.fact.first_number, line.fact.titres) == (1, 3)
    for close, outcome in zip(closes, outcomes, strict=True):
        assert isinstance(outcome, Accepted) == (close.position == line.fact.position), outcome
        assert isinstance(outcome, Accepted) or outcome.code == "month_closed"


def test_months_closed_one_after_the_other_by_several_have_numbers_without_a_gap(race: Race) -> None:
    text = PRICED.replace(f'commune = "{VALMONT}"', f'commune = "{race.town}"')
    assert isinstance(race.ask(AdoptRulebook(content=text)), Accepted)
    months = [Month(f"2023-0{number}") for number in (5, 6, 7, 8)]

    def close(month: Month, after: Month | None, position: int) -> None:
        """As often as it takes: the month before may not be closed yet."""
        draft = DraftFound(position=position, after=after, titres=3, total_cents=1, digest="5" * 64, missing=0)
        while not isinstance(outcome := race.ask(CloseMonth(month=month, position=position, draft=draft)), Accepted):
            assert outcome.code in ("month_out_of_order", "draft_stale"), outcome

    first, *rest = [
        (month, months[place - 1] if place else None, 100 * place + 1) for place, month in enumerate(months)
    ]
    close(*first)
    at_once(*(lambda each=each: close(*each) for each in rest for _ in range(2)))
    closed = [line.fact for line in race.kept.lines(regie_page(race.town))]
    assert [fact.month for fact in closed if isinstance(fact, MonthClosed)] == months
    assert [fact.first_number for fact in closed if isinstance(fact, MonthClosed)] == [1, 4, 7, 10]
