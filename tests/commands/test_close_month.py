"""A month is closed once, in the order of the calendar, on the draft that was looked at; its numbers have no gap."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.close_month import CloseMonth, DraftFound, next_month
from commands.outcome import Accepted, Known, Outcome, Refused
from ledger.events import MonthClosed
from ledger.identifiers import Month
from ledger.regie import Regie, titre_number
from ledger.store import Page
from ledger.streams import regie_page
from rulebook.reader import read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.tariffs import RegieRule
from rulebook.town import Rules
from tests.town import RULEBOOK, VALMONT, at

SEPTEMBER, OCTOBER = Month("2023-09"), Month("2023-10")
DRAFT = DraftFound(position=120, after=None, titres=3, total_cents=5_511, digest="5" * 64, missing=0)
REGIE = RegieRule(name="Régie de Valmont", payment_days=21, how_to_pay=())
RULES: Rulebook = replace(read_rulebook(RULEBOOK), regie=REGIE)


def tried(
    month: Month = SEPTEMBER,
    *,
    draft: DraftFound | None = DRAFT,
    position: int = 120,
    leave_out: bool = False,
    from_here: bool = False,
    instead_of: str | None = None,
    now: str = "2023-10-02 09:00",
    closed: Sequence[MonthClosed] = (),
    rulebook: Rulebook = RULES,
) -> Outcome:
    """What closing a month comes to, in a town that closed these."""
    page = Page(stream=regie_page(VALMONT), state=Regie(months=tuple(closed)) if closed else None)
    known = Known(commune=VALMONT, now=at(now), rules=Rules(rulebooks=(rulebook,)), pages={page.stream: page})
    command = CloseMonth(
        month=month,
        position=position,
        draft=draft,
        leave_out=leave_out,
        from_here=from_here,
        instead_of=instead_of,
    )
    return command.decide(known)


def closed(outcome: Outcome) -> MonthClosed:
    """The one fact it writes."""
    assert isinstance(outcome, Accepted), outcome
    [write] = outcome.writes
    [fact] = write.facts
    assert isinstance(fact, MonthClosed)
    return fact


def code(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


SEPTEMBER_CLOSED = closed(tried())


def test_what_is_closed_is_what_the_draft_says():
    assert SEPTEMBER_CLOSED == MonthClosed(  # noqa: SIM300 - a fact, not a constant
        month=SEPTEMBER,
        position=120,
        year=2023,
        first_number=1,
        titres=3,
        total_cents=5_511,
        digest="5" * 64,
        issued_on=date(2023, 10, 2),
        due_on=date(2023, 10, 23),
        left_out=0,
        from_here=False,
        instead_of=None,
    )


@pytest.mark.parametrize("draft", [None, DRAFT, replace(DRAFT, position=400, digest="7" * 64)])
def test_the_same_close_again_is_accepted_and_writes_nothing_whatever_became_of_its_draft(draft: DraftFound | None):
    assert tried(closed=[SEPTEMBER_CLOSED], draft=draft) == Accepted(writes=())


def test_a_closed_month_is_not_closed_on_another_draft():
    assert code(tried(closed=[SEPTEMBER_CLOSED], position=121)) == "month_closed"


def test_a_month_is_not_closed_before_it_is_over_by_the_town_s_clock():
    assert code(tried(now="2023-09-30 23:59")) == "month_not_over"
    assert closed(tried(now="2023-10-01 00:00")).issued_on == date(2023, 10, 1)


def test_months_are_closed_one_after_the_other():
    after = replace(DRAFT, position=240, after=SEPTEMBER)
    november = tried(Month("2023-11"), draft=after, position=240, now="2024-01-05 09:00", closed=[SEPTEMBER_CLOSED])
    assert code(november) == "month_out_of_order"
    august = tried(Month("2023-08"), draft=after, position=240, closed=[SEPTEMBER_CLOSED])
    assert code(august) == "month_out_of_order"
    october = closed(tried(OCTOBER, draft=after, position=240, now="2023-11-02 09:00", closed=[SEPTEMBER_CLOSED]))
    assert (october.first_number, october.position) == (4, 240)


def test_the_first_month_is_the_earliest_that_has_something_to_bill_unless_the_regisseur_begins_here():
    later = replace(DRAFT, earliest=Month("2023-07"))
    outcome = tried(draft=later)
    assert isinstance(outcome, Refused)
    assert [(refusal.code, refusal.day) for refusal in outcome.refusals] == [
        ("month_out_of_order", date(2023, 7, 1)),
    ]
    assert closed(tried(draft=later, from_here=True)).from_here
    assert not closed(tried(draft=replace(DRAFT, earliest=SEPTEMBER))).from_here


def test_a_town_begins_once():
    after = replace(DRAFT, position=240, after=SEPTEMBER)
    now, before = "2023-12-02 09:00", [SEPTEMBER_CLOSED]
    assert not closed(tried(OCTOBER, draft=after, position=240, now=now, closed=before, from_here=True)).from_here
    november = tried(Month("2023-11"), draft=after, position=240, now=now, closed=before, from_here=True)
    assert isinstance(november, Refused)
    assert (november.code, november.refusals[0].day) == ("month_out_of_order", date(2023, 10, 1))


def test_a_draft_that_does_not_know_what_was_recorded_before_the_month_was_over_is_not_closed():
    before, after = at("2023-09-30 23:59"), at("2023-10-01 00:00")
    assert code(tried(draft=replace(DRAFT, unknown_since=before))) == "draft_stale"
    assert closed(tried(draft=replace(DRAFT, unknown_since=after))).position == 120


def test_without_a_draft_nothing_is_closed():
    assert code(tried(draft=None)) == "draft_missing"


def test_a_draft_that_is_not_the_one_that_was_looked_at_is_not_closed():
    assert code(tried(position=119)) == "draft_stale"


def test_a_draft_whose_bills_somebody_touched_is_not_closed():
    assert code(tried(draft=replace(DRAFT, held=False))) == "draft_stale"


def test_a_draft_made_before_the_last_close_does_not_know_what_it_owes():
    late = tried(OCTOBER, draft=DRAFT, now="2023-11-02 09:00", closed=[SEPTEMBER_CLOSED])
    assert code(late) == "draft_stale"


def test_what_is_missing_is_left_out_only_when_the_regisseur_says_so():
    lacking = replace(DRAFT, missing=2)
    assert code(tried(draft=lacking)) == "month_incomplete"
    assert closed(tried(draft=lacking, leave_out=True)).left_out == 2
    assert closed(tried(leave_out=True)).left_out == 0


def test_a_close_is_replaced_only_by_who_names_it_and_only_when_it_is_the_last():
    draft = replace(DRAFT, position=240, titres=5, digest="7" * 64)
    again = closed(tried(draft=draft, position=240, closed=[SEPTEMBER_CLOSED], instead_of="5" * 64))
    assert (again.instead_of, again.first_number, again.titres) == ("5" * 64, 1, 5)
    for other in (None, "6" * 64):
        assert code(tried(draft=draft, position=240, closed=[SEPTEMBER_CLOSED], instead_of=other)) == "month_closed"
    october = replace(SEPTEMBER_CLOSED, month=OCTOBER, first_number=4)
    both = [SEPTEMBER_CLOSED, october]
    assert code(tried(draft=draft, position=240, closed=both, instead_of="5" * 64)) == "month_closed"


def test_a_town_whose_rulebook_names_no_regie_bills_nobody():
    assert code(tried(rulebook=replace(RULES, regie=None))) == "regie_missing"


@pytest.mark.parametrize(("month", "after"), [("2023-12", "2024-01"), ("2024-01", "2024-02"), ("2024-02", "2024-03")])
def test_the_month_after(month: str, after: str):
    assert next_month(Month(month)) == after


@given(st.lists(st.integers(0, 40), min_size=1, max_size=18))
def test_whatever_months_are_closed_the_numbers_of_a_year_have_no_gap(counts: list[int]):
    months: list[MonthClosed] = []
    month = SEPTEMBER
    for count in counts:
        draft = replace(DRAFT, titres=count, after=months[-1].month if months else None)
        now = f"{next_month(month)}-02 09:00"
        months.append(closed(tried(month, draft=draft, now=now, closed=months)))
        month = next_month(month)
    for one, other in pairwise(months):
        expected = one.first_number + one.titres if one.year == other.year else 1
        assert other.first_number == expected
    numbers = [titre_number(each.year, each.first_number + place) for each in months for place in range(each.titres)]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)
