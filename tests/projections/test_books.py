"""The books: what a town billed and was paid, row by row, and what may be asked of it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from psycopg.rows import dict_row

from ledger.events import Fact, HouseholdOpened, QuotientDecided
from ledger.identifiers import Commune, HouseholdId, Month, PaymentId, Stream, TitreNumber
from ledger.store import Write
from ledger.streams import child_page, household_page, payer_page, regie_page
from projections import families, shared
from projections.billing import accounts, questions
from projections.question import Question
from tests.ledger.examples_of_billing import (
    COLLECTION,
    CREDIT,
    EATER,
    FIRST_PAYMENT,
    MANDATE,
    OCTOBER,
    ON_EATER,
    ON_PAYER,
    ON_REGIE,
    PAYER,
    SECOND_PAYMENT,
    SEPTEMBER,
    STATUS,
    TITRE,
)
from tests.ledger.long_pages import signature
from tests.ledger.small_ledger import append
from tests.servers import Database
from tests.stores import InMemory, Kept, OnPostgres, on_postgres

TOWN = Commune("valmont")
QUOTIENT = QuotientDecided(amount_cents=59_950, source="caf", first_day=date(2023, 9, 1), regularisation=True)
BOOKS = ("titres", "invoice_lines", "payments", "mandates", "direct_debits", "payers", "closed_months", "collections")


def write_all(kept: Kept) -> None:
    pages: dict[Stream, list[Fact]] = {
        regie_page(TOWN): ON_REGIE,
        payer_page(TOWN, PAYER): ON_PAYER,
        child_page(TOWN, EATER): ON_EATER,
        household_page(TOWN, PAYER): [HouseholdOpened(household=PAYER), QUOTIENT, STATUS],
    }
    for stream, facts in pages.items():
        for fact in facts:
            page = kept.store.pages([stream])[stream]
            append(kept.store, kept.store.prepare(TOWN, signature(), [Write(page=page, facts=[fact])]))


@pytest.fixture
def kept(module_database: Database) -> Iterator[OnPostgres]:
    with on_postgres(module_database) as made:
        if not made.lines(regie_page(TOWN)):
            write_all(made)
        yield made


def ask(kept: OnPostgres, question: Question) -> list[dict[str, Any]]:
    with kept.pool.connection() as connection, connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (TOWN,))
        connection.execute("SET LOCAL search_path = ardoise")
        return connection.cursor(row_factory=dict_row).execute(question.sql, question.values).fetchall()


@pytest.mark.parametrize("table", [*BOOKS, "quotients", "tariff_statuses", "meals_brought"])
def test_both_stores_keep_the_same_rows(kept: OnPostgres, table: str) -> None:
    memory = InMemory()
    write_all(memory)
    told, there = memory.rows(TOWN, table), kept.rows(TOWN, table)
    assert told
    assert told == there


def test_a_titre_is_found_by_its_number_its_household_and_its_month(kept: OnPostgres) -> None:
    [one] = ask(kept, questions.titre(TOWN, TITRE))
    assert (one["household"], one["month"], one["total_cents"], one["lines"]) == (PAYER, SEPTEMBER, 654, 1)
    assert [row["titre"] for row in ask(kept, questions.titres_of(TOWN, PAYER))] == [TITRE, CREDIT]
    assert ask(kept, questions.titres_of_month(TOWN, SEPTEMBER, after=None, limit=5)) == [one]
    assert ask(kept, questions.titres_of_month(TOWN, SEPTEMBER, after=TITRE, limit=5)) == []


def test_a_line_says_its_days_its_quotient_and_its_arithmetic(kept: OnPostgres) -> None:
    [line] = ask(kept, questions.lines_of_titre(TOWN, TITRE))
    assert (line["quantity"], line["unit_price_cents"], line["amount_cents"]) == (2, 327, 654)
    assert (line["first_day"], line["last_day"]) == (date(2023, 9, 4), date(2023, 9, 5))
    detail = line["detail"]
    assert detail["quotient"] == {"amount_cents": 59_950, "source": "caf", "first_day": "2023-09-01", "line": 4}
    assert [each["lines"] for each in detail["days"]] == [[3, 4, 6], [3, 4, 7]]
    assert detail["steps"][0] == {"kind": "tariff", "value": "cantine"}


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (questions.EVERY_LINE, 1),
        (questions.Which(household=PAYER, child=EATER, nature="meal", code="7067", regularises=SEPTEMBER), 1),
        (questions.Which(household=HouseholdId("somebody else")), 0),
        (questions.Which(nature="care"), 0),
        (questions.Which(code=""), 0),
        (questions.Which(regularises=OCTOBER), 0),
    ],
)
def test_the_lines_of_a_month_are_those_of_its_titres(kept: OnPostgres, which: questions.Which, found: int) -> None:
    rows = ask(kept, questions.lines_of_month(TOWN, OCTOBER, which, after=None, limit=5))
    assert [(row["titre"], row["line"], row["regularises"]) for row in rows] == [(CREDIT, 1, SEPTEMBER)] * found


def test_the_next_page_of_lines_begins_after_the_last(kept: OnPostgres) -> None:
    place = questions.LinePlace(titre=CREDIT, line=1)
    assert ask(kept, questions.lines_of_month(TOWN, OCTOBER, after=place, limit=5)) == []
    before = questions.LinePlace(titre=TITRE, line=9)
    assert len(ask(kept, questions.lines_of_month(TOWN, OCTOBER, after=before, limit=5))) == 1


def test_a_month_is_told_by_nature_and_code_its_regularisations_apart(kept: OnPostgres) -> None:
    [total] = ask(kept, questions.totals_of_month(TOWN, OCTOBER))
    assert total == {
        "nature": "meal",
        "code": "7067",
        "regularises": SEPTEMBER,
        "lines": 1,
        "quantity": -1,
        "amount_cents": -327,
    }


def test_how_many_titres_of_a_month_were_issued_is_known(kept: OnPostgres) -> None:
    [so_far] = ask(kept, questions.issued_so_far(TOWN, SEPTEMBER))
    assert so_far == {"titres": 1, "total_cents": 654, "lines": 1, "last": TITRE}
    [none] = ask(kept, questions.issued_so_far(TOWN, Month("2031-01")))
    assert none == {"titres": 0, "total_cents": 0, "lines": 0, "last": None}


@pytest.mark.parametrize(
    ("line", "day", "titres"),
    [
        (6, None, [TITRE]),
        (6, date(2023, 9, 4), [TITRE]),
        (6, date(2023, 10, 4), []),
        (9, None, [CREDIT]),
        (3, None, [TITRE, CREDIT]),
        (60, None, []),
    ],
)
def test_from_a_line_of_a_child_s_page_to_the_lines_that_rest_on_it(
    kept: OnPostgres, line: int, day: date | None, titres: list[TitreNumber]
) -> None:
    rows = ask(kept, questions.lines_resting_on(TOWN, EATER, line, day=day))
    assert [row["titre"] for row in rows] == titres


def test_from_a_quotient_to_the_lines_it_priced(kept: OnPostgres) -> None:
    assert [row["titre"] for row in ask(kept, questions.lines_with_quotient(TOWN, PAYER, 4))] == [TITRE]
    assert ask(kept, questions.lines_with_quotient(TOWN, PAYER, 5)) == []


def test_a_household_s_lines_of_some_days(kept: OnPostgres) -> None:
    some = questions.lines_of_household(TOWN, PAYER, date(2023, 9, 5), date(2023, 12, 31))
    assert [row["titre"] for row in ask(kept, some)] == [TITRE, CREDIT]
    assert ask(kept, questions.lines_of_household(TOWN, PAYER, date(2023, 9, 6), date(2023, 12, 31))) == []


def test_a_payment_stays_where_it_was_and_says_that_it_was_cancelled(kept: OnPostgres) -> None:
    first, second = ask(kept, accounts.payments_of(TOWN, PAYER))
    assert (first["payment"], first["cancelled_because"], first["titre"]) == (FIRST_PAYMENT, "returned_debit", TITRE)
    assert first["cancelled_on"] == date(2023, 10, 26)
    assert (second["payment"], second["cancelled_on"]) == (SECOND_PAYMENT, None)
    assert ask(kept, accounts.payment(TOWN, FIRST_PAYMENT)) == [first]
    year = (date(2023, 1, 1), date(2023, 12, 31))
    assert ask(kept, accounts.payments_between(TOWN, *year, after=None, limit=5)) == [first, second]
    place = accounts.PaymentPlace(received_on=first["received_on"], payment=PaymentId(first["payment"]))
    assert ask(kept, accounts.payments_between(TOWN, *year, after=place, limit=5)) == [second]


def test_what_is_owed_is_what_was_billed_less_what_was_paid(kept: OnPostgres) -> None:
    [owed] = ask(kept, accounts.balance_of(TOWN, PAYER))
    assert owed == {
        "household": PAYER,
        "billed_cents": 327,
        "paid_cents": 654,
        "balance_cents": -327,
        "mandate": None,
    }
    assert ask(kept, accounts.unsettled(TOWN, after=None, limit=5)) == [owed]
    assert ask(kept, accounts.unsettled(TOWN, after=PAYER, limit=5)) == []


def test_a_mandate_and_its_debits_say_what_became_of_them(kept: OnPostgres) -> None:
    [mandate] = ask(kept, accounts.mandates_of(TOWN, PAYER))
    assert mandate["mandate"] == MANDATE
    assert mandate["revoked_at"] is not None
    assert ask(kept, accounts.mandate(TOWN, MANDATE)) == [mandate]
    [debit] = ask(kept, accounts.debits_of(TOWN, PAYER))
    assert (debit["titre"], debit["reason"], debit["sequence"]) == (TITRE, "AM04", "FRST")
    assert ask(kept, accounts.debits_of_collection(TOWN, COLLECTION)) == [debit]
    [sent] = ask(kept, accounts.collections(TOWN))
    assert (sent["collection"], sent["debits"], sent["total_cents"]) == (COLLECTION, 1, 654)


def test_a_closed_month_says_its_numbers_and_who_closed_it(kept: OnPostgres) -> None:
    [closed] = ask(kept, questions.closed_months(TOWN))
    assert (closed["month"], closed["first_number"], closed["titres"], closed["left_out"]) == (SEPTEMBER, 1, 1, 2)
    assert closed["closed_by"] == signature().actor
    assert ask(kept, questions.closed_month(TOWN, SEPTEMBER)) == [closed]
    assert ask(kept, questions.closed_month(TOWN, OCTOBER)) == []


def test_what_prices_depend_on_has_its_rows(kept: OnPostgres) -> None:
    [status] = ask(kept, shared.tariff_statuses_of(TOWN, PAYER))
    assert (status["residence"], status["regime"]) == ("outside", "msa")
    [meal] = ask(kept, families.meals_brought_of(TOWN, EATER))
    assert (meal["activity"], meal["brought"], meal["first_day"]) == ("cantine", True, date(2023, 9, 18))
