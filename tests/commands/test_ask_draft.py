"""A draft is asked for as often as wanted, of a month that has begun, is not closed, and that a rulebook governs."""

from datetime import date

from commands.ask_draft import AskDraft
from commands.outcome import Accepted, Known, Outcome, Refused
from ledger.events import MonthClosed
from ledger.identifiers import Month
from ledger.regie import Regie
from ledger.store import Page
from ledger.streams import regie_page
from rulebook.reader import read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.town import Rules
from tests.town import RULEBOOK, VALMONT, at

RULES = read_rulebook(RULEBOOK)
CLOSED = MonthClosed(
    month=Month("2023-11"),
    position=120,
    year=2023,
    first_number=1,
    titres=0,
    total_cents=0,
    digest="5" * 64,
    issued_on=date(2023, 12, 4),
    due_on=date(2023, 12, 25),
    left_out=0,
    from_here=False,
)


def asked(month: str, *, rulebooks: tuple[Rulebook, ...] = (RULES,), closed: tuple[MonthClosed, ...] = ()) -> str:
    """What asking for a draft comes to on 10 January 2024: a code, or nothing."""
    page = Page(stream=regie_page(VALMONT), state=Regie(months=closed) if closed else None)
    known = Known(
        commune=VALMONT, now=at("2024-01-10 09:00"), rules=Rules(rulebooks=rulebooks), pages={page.stream: page}
    )
    outcome: Outcome = AskDraft(month=Month(month)).decide(known)
    if isinstance(outcome, Refused):
        return outcome.code
    assert isinstance(outcome, Accepted)
    assert not outcome.writes
    return ""


def test_a_month_that_has_begun_is_drafted_and_nothing_is_written():
    assert asked("2023-11") == asked("2024-01") == ""


def test_a_month_to_come_and_one_that_is_closed_are_not_drafted():
    assert asked("2024-02") == "month_not_begun"
    assert asked("2023-11", closed=(CLOSED,)) == "month_closed"


def test_a_month_no_rulebook_governs_is_not_drafted():
    begins = RULES.in_force_from
    before = f"{begins.year - 1}-12"
    assert asked(before) == "no_rulebook"
    assert asked("2023-11", rulebooks=()) == "no_rulebook"
    assert asked(f"{begins:%Y-%m}") == ""
