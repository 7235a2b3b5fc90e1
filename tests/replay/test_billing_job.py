"""The job of the month: the same bytes however it is worked out, from sealed lines, each held against its seal."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest

from benchmarks.billing_town import ACTIVITY, UNIT
from ledger.entry import AlteredLineError
from ledger.events import (
    ChildRegistered,
    DecidedDay,
    DemandeApproved,
    HouseholdOpened,
    ReservationRequested,
    ReservedDay,
    TitreIssued,
)
from ledger.identifiers import ChildId, DemandeNumber, HouseholdId, Month, Version
from ledger.streams import child_page, household_page
from projections.billing.drafts import ask, bills_of_draft, draft_of
from replay.billing.bill import Billed, bill_month
from replay.billing.job import Job
from replay.billing.runs import BillingError
from tests.billing_jobs import (
    MONTH,
    NOW,
    TOWN,
    alter,
    attendance,
    bring,
    close_only,
    fill,
    issued,
    job_on,
    next_line,
    page_of,
    rows,
    say,
    stopping,
    unguarded,
    wrong,
)
from tests.replay.lines import writer
from tests.servers import Cluster, Database

CHILDREN = 160
HOUSEHOLDS = 100
FIRST = date(2024, 3, 1)


@pytest.fixture(scope="module")
def month(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A month that nobody billed, to be copied."""
    with cluster.database(template.name) as made:
        fill(made, CHILDREN)
        yield made


@pytest.fixture
def town(cluster: Cluster, month: Database) -> Iterator[Database]:
    """A month that nobody billed."""
    with cluster.database(month.name) as made:
        yield made


def drafted(job: Job, *, fresh: bool = False) -> Billed:
    return bill_month(job, MONTH, fresh=fresh)


def only(found: list[dict[str, object]]) -> dict[str, object]:
    [row] = found
    return row


def test_a_draft_is_the_same_bytes_by_one_process_or_two_and_taken_up_after_a_stop(town: Database) -> None:
    with job_on(town) as one, job_on(town, processes=2) as two:
        with pytest.raises(KeyboardInterrupt):
            drafted(stopping(one, 40))
        assert only(rows(town, "SELECT state FROM ardoise.drafts"))["state"] == "running"
        taken_up = drafted(one)
        assert taken_up.kept == 40
        shared = drafted(two, fresh=True)
        alone = drafted(one, fresh=True)
    assert (shared.kept, alone.kept) == (0, 0)
    assert taken_up.digest == shared.digest == alone.digest
    assert taken_up.summary == shared.summary == alone.summary
    assert alone.summary["households"] == alone.summary["bills"] == HOUSEHOLDS
    assert alone.summary["day_prices"] > CHILDREN * 18


@pytest.mark.parametrize("child", [1, 63, 64], ids=["within a slice", "the last of a slice", "the first of the next"])
def test_what_is_recorded_before_the_call_is_billed_and_only_its_slice_is_worked_out_again(
    town: Database, child: int
) -> None:
    with job_on(town) as job:
        before = drafted(job)
        say(job, page_of(child), attendance("absent", FIRST))
        say(job, page_of(child), attendance("present", FIRST))
        again = drafted(job)
        assert again.kept == HOUSEHOLDS - 40
        assert again.position == before.position + 2
        anew = drafted(job, fresh=True)
    assert again.digest == anew.digest != before.digest, "the lines a day rests on are others"
    assert again.summary == anew.summary


def test_a_household_that_came_since_is_billed_with_those_before(town: Database) -> None:
    home = HouseholdId("zoe")
    with job_on(town) as job:
        drafted(job)

        child = ChildId("child-of-zoe")
        say(job, household_page(TOWN, home), HouseholdOpened(household=home))
        say(job, child_page(TOWN, child), ChildRegistered(child=child, household=home), attendance("present", FIRST))
        again = drafted(job)
        assert again.summary["households"] == HOUSEHOLDS + 1
        assert again.digest == drafted(job, fresh=True).digest


def test_a_line_that_is_not_committed_is_not_billed_and_is_once_it_is_sealed(town: Database) -> None:
    with job_on(town) as job, writer(town, TOWN) as late:
        before = drafted(job)
        bring(late, next_line(job, page_of(2), attendance("absent", FIRST + timedelta(days=3))))
        assert drafted(job).digest == before.digest
        late.commit()
        after = drafted(job)
    assert after.position == before.position + 1
    assert after.digest != before.digest


@pytest.mark.parametrize("processes", [0, 2])
def test_an_altered_line_stops_the_draft_and_is_named(town: Database, processes: int) -> None:
    alter(town, page_of(3), 6, b'"presence":"present"', b'"presence":"absent"')
    with job_on(town, processes=processes) as job, pytest.raises((AlteredLineError, BillingError)) as said:
        drafted(job)
    assert f"line 6 of {page_of(3)}" in str(said.value)
    draft = only(rows(town, "SELECT state, error FROM ardoise.drafts"))
    assert draft == {"state": "failed", "error": str(said.value)}


def test_an_altered_line_that_says_whose_a_child_is_stops_the_draft_and_is_named(town: Database) -> None:
    alter(town, page_of(0), 1, b'"household":"home-000000"', b'"household":"home-999999"')
    with job_on(town) as job, pytest.raises(AlteredLineError, match=f"line 1 of {page_of(0)}"):
        drafted(job)


def test_a_line_that_was_taken_off_the_end_of_a_page_stops_the_draft_and_is_named(town: Database) -> None:
    last = only(rows(town, "SELECT max(version) AS last FROM ardoise.entries WHERE stream = %s", page_of(3)))["last"]
    with unguarded(town, "entries") as connection:
        connection.execute("DELETE FROM ardoise.entries WHERE stream = %s AND version = %s", (page_of(3), last))
    with job_on(town) as job, pytest.raises(AlteredLineError, match=f"line {last} of {page_of(3)}"):
        drafted(job)


def test_a_seal_that_is_gone_stops_the_draft(town: Database) -> None:
    with unguarded(town, "seals") as connection:
        connection.execute("DELETE FROM ardoise.seals WHERE stream = %s AND line = 1", (page_of(3),))
    with job_on(town) as job, pytest.raises(BillingError, match="seals of villars are gone"):
        drafted(job)


def test_a_close_gives_every_household_one_number_without_a_gap_in_the_order_of_their_names(town: Database) -> None:
    with job_on(town) as job:
        closed = bill_month(job, MONTH, close=True)
        again = bill_month(job, MONTH, close=True)
    assert closed.closed is not None
    assert (closed.refused, closed.closed) == (None, again.closed)
    assert {**again.summary, "households": HOUSEHOLDS} == closed.summary
    titres = issued(town)
    assert [each.titre for each in titres] == [f"2024-{number:06d}" for number in range(1, HOUSEHOLDS + 1)]
    assert [each.household for each in titres] == sorted(each.household for each in titres)
    assert sum(each.total_cents for each in titres) == closed.closed.total_cents == closed.summary["total_cents"]
    assert wrong(town) == []
    for table in ("drafts", "draft_bills", "draft_slices", "draft_families"):
        assert only(rows(town, f"SELECT count(*) AS left FROM ardoise.{table}"))["left"] == 0


def reserved_and_not_recorded(job: Job, number: int) -> None:
    """A day more, of which nobody wrote down who came."""
    page = page_of(number)
    day = date(2024, 3, 29)
    asked = ReservedDay(day=day, unit=UNIT, rulebook=Version("2023-09"), article="3.2", deadline=None)
    demande = DemandeNumber(900_000 + number)
    say(
        job,
        page,
        ReservationRequested(
            demande=demande, household=HouseholdId(f"home-{number:06d}"), activity=ACTIVITY, days=(asked,)
        ),
        DemandeApproved(demande=demande, days=(DecidedDay(day=day, unit=UNIT, action="reserve"),), decided_by="rule"),
    )


def test_a_month_with_days_that_cannot_be_billed_is_closed_only_without_them(town: Database) -> None:
    with job_on(town) as job:
        reserved_and_not_recorded(job, 0)
        refused = bill_month(job, MONTH, close=True)
        assert (refused.refused, refused.closed, issued(town)) == ("month_incomplete", None, [])
        assert refused.summary["missing"] == {"attendance": 1}
        assert only(rows(town, "SELECT state FROM ardoise.drafts"))["state"] == "ready"
        closed = bill_month(job, MONTH, close=True, leave_out=True)
    assert closed.closed is not None
    assert closed.closed.left_out == 1
    assert len(issued(town)) == HOUSEHOLDS


def test_a_month_before_the_first_that_is_closed_is_left_behind_only_when_the_regisseur_begins_there(
    town: Database,
) -> None:
    with job_on(town) as job:
        say(job, page_of(1), attendance("present", date(2024, 2, 27)))
        refused = bill_month(job, MONTH, close=True)
        assert (refused.refused, refused.refused_day, issued(town)) == ("month_out_of_order", date(2024, 2, 1), [])
        assert refused.summary["earliest"] == "2024-02"
        february = bill_month(job, Month("2024-02"), close=True)
        assert (february.refused, february.summary["bills"]) == (None, 1)
        march = bill_month(job, MONTH, close=True)
        assert (march.refused, march.closed and march.closed.from_here) == (None, False)


def test_a_town_with_days_before_may_begin_at_a_month(town: Database) -> None:
    with job_on(town) as job:
        say(job, page_of(1), attendance("present", date(2024, 2, 27)))
        closed = bill_month(job, MONTH, close=True, from_here=True)
        assert closed.closed is not None
        assert closed.closed.from_here
        refused = bill_month(job, Month("2024-02"), close=True)
        assert (refused.refused, refused.refused_day) == ("month_out_of_order", date(2024, 4, 1))


def test_the_titres_somebody_left_are_issued_before_the_next_month_is_worked_out(town: Database) -> None:
    april = Month("2024-04")
    with job_on(town) as job:
        billed = drafted(job)
        close_only(job, billed)
        assert issued(town) == []
        say(job, page_of(1), attendance("absent", FIRST))
        next_month = bill_month(job, april)
    assert len(issued(town)) == HOUSEHOLDS
    assert sum(each.total_cents for each in issued(town)) == billed.summary["total_cents"], "as it was closed"
    assert next_month.summary["bills"] <= 1, "nothing is billed twice"
    assert only(rows(town, "SELECT after_month FROM ardoise.drafts"))["after_month"] == MONTH


def test_bills_that_are_not_those_of_the_close_are_not_issued(town: Database) -> None:
    with job_on(town) as job:
        billed = drafted(job)
        close_only(job, billed, digest="0" * 64)
        with pytest.raises(BillingError, match="no titre was issued"):
            bill_month(job, MONTH)
    assert issued(town) == []


def test_a_close_that_the_facts_do_not_give_is_replaced_once_and_its_numbers_are_those_of_the_next(
    town: Database,
) -> None:
    with job_on(town) as job:
        billed = drafted(job)
        close_only(job, billed, digest="0" * 64)
        with pytest.raises(BillingError, match="--replace"):
            bill_month(job, MONTH, close=True)
        closed = bill_month(job, MONTH, close=True, replace=True).closed
        assert closed is not None
        assert (closed.digest, closed.instead_of, closed.first_number) == (billed.digest, "0" * 64, 1)
        assert [each.titre for each in issued(town)][-1] == f"2024-{HOUSEHOLDS:06d}"
        assert wrong(town) == []
        assert [each for each in wrong(town, rows=True) if each.where.startswith("closed_months")] == []
        with pytest.raises(BillingError, match="titres of 2024-03 were issued"):
            bill_month(job, MONTH, close=True, replace=True)


def test_a_close_that_the_facts_give_is_not_replaced(town: Database) -> None:
    with job_on(town) as job:
        close_only(job, drafted(job))
        with pytest.raises(BillingError, match="without --replace"):
            bill_month(job, MONTH, close=True, replace=True)
        bill_month(job, MONTH, close=True)
    assert len(issued(town)) == HOUSEHOLDS


def test_a_draft_somebody_altered_after_it_was_made_is_not_what_is_issued(town: Database) -> None:
    with job_on(town) as job:
        billed = drafted(job)
        with psycopg.connect(town.admin_url) as connection:
            connection.execute("UPDATE ardoise.draft_bills SET bill = replace(bill::text, '00', '99')::bytea")
        close_only(job, billed)
        bill_month(job, MONTH)
    assert sum(each.total_cents for each in issued(town)) == billed.summary["total_cents"]


def test_two_who_close_at_once_issue_every_titre_once(town: Database) -> None:
    start = threading.Barrier(3)

    def close(processes: int) -> Billed:
        with job_on(town, processes=processes) as job:
            start.wait()
            return bill_month(job, MONTH, close=True)

    with ThreadPoolExecutor(3) as threads:
        found = [each.result() for each in [threads.submit(close, count) for count in (0, 0, 1)]]
    assert {each.refused for each in found} == {None}
    assert len({(each.digest, each.position) for each in found}) == 1
    titres = issued(town)
    assert [each.titre for each in titres] == [f"2024-{number:06d}" for number in range(1, HOUSEHOLDS + 1)]
    assert wrong(town) == []


def test_what_changes_after_the_close_comes_with_the_next_month_and_names_its_line(town: Database) -> None:
    april = Month("2024-04")
    with job_on(town) as job:
        bill_month(job, MONTH, close=True)
        before = {each.household: each for each in issued(town)}[HouseholdId("home-000002")]
        charged = next(day for line in before.lines for day in line.days if line.child == "child-000002")
        reserved_and_not_recorded(job, 2)
        say(job, page_of(2), attendance("present", date(2024, 3, 29)))
    with job_on(town, now=NOW.replace(month=5)) as later:
        closed = bill_month(later, april, close=True)
    assert charged.quantity == 1
    assert closed.refused is None
    [titre] = [each for each in issued(town) if each.month == april]
    assert isinstance(titre, TitreIssued)
    assert titre.household == "home-000002"
    assert {line.regularises for line in titre.lines} == {MONTH}
    assert titre.lines[0].causes
    assert titre.titre == f"2024-{HOUSEHOLDS + 1:06d}"
    assert wrong(town) == []


def test_a_draft_that_was_asked_for_is_shown_as_far_as_it_is(town: Database) -> None:
    with psycopg.connect(town.admin_url) as connection, job_on(town) as job:
        connection.execute("SET search_path = ardoise")
        asked = ask(TOWN, MONTH, by=job.by, at=NOW)
        connection.execute(asked.sql, asked.values)
        connection.commit()
        with pytest.raises(KeyboardInterrupt):
            drafted(stopping(job, 40))
        found = draft_of(TOWN, MONTH)
        state, households, done = (
            connection.execute(f"SELECT state, households, households_done FROM ({found.sql}) d", found.values)
        ).fetchone() or (None, 0, 0)
        assert (state, households, done) == ("running", HOUSEHOLDS, 40)
        drafted(job)
        page = bills_of_draft(TOWN, MONTH, after="home-000010", limit=2)
        named = [row[0] for row in connection.execute(page.sql, page.values)]
        assert named == ["home-000012", "home-000013"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [("2024-05", "2024-05 has not begun."), ("2023-08", "no rulebook of villars is in force in 2023-08.")],
)
def test_a_month_that_cannot_be_worked_out_is_refused_in_one_sentence(
    town: Database, asked: str, sentence: str
) -> None:
    with job_on(town) as job, pytest.raises(BillingError) as said:
        bill_month(job, Month(asked))
    assert str(said.value) == sentence


def test_a_town_without_a_rulebook_is_told_so(database: Database) -> None:
    with job_on(database) as job, pytest.raises(BillingError, match="has adopted no rulebook"):
        bill_month(job, MONTH)
