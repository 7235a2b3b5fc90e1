"""Payments are facts: recorded once, of a titre or of the oldest unpaid one, and cancelled for a reason."""

import pytest

from commands.outcome import Refused
from ledger.events import PaymentCancelled, PaymentRecorded
from tests.formalities import family
from tests.payers import billed, cancel, collect, debiting, money, paid, pay, payer_of, settle, sign
from tests.spec import clock, given
from tests.town import DIALLO, LEFEVRE

BILLED = billed(1, 5_511)


def test_a_payment_is_taken_off_what_is_owed():
    then = given(BILLED).when(paid(5_511)).then_accepted().then_wrote(PaymentRecorded)
    assert payer_of(then.story).balance_cents == 0


def test_a_household_may_pay_in_parts_and_too_much():
    then = given(BILLED, paid(3_000)).when(paid(3_000)).then_accepted()
    assert payer_of(then.story).balance_cents == -489


def test_a_bank_statement_is_recorded_whole():
    said = pay(money(100), money(200), money(300, of=DIALLO))
    then = given(BILLED, billed(2, 900, of=DIALLO)).when(said).then_accepted()
    assert len(then.story.facts) == 3
    assert (payer_of(then.story).paid_cents, payer_of(then.story, DIALLO).paid_cents) == (300, 300)


def test_a_bank_statement_with_mistakes_is_not_recorded_and_says_each_at_its_place():
    said = pay(money(100), money(0), money(100, of=LEFEVRE), money(100, titre=9), money(100, on="2024-01-11"))
    then = given(BILLED).when(said)
    then.then_refused("amount_out_of_bounds", "unknown_payer", "unknown_titre", "day_not_come")
    outcome = then.story.outcome
    assert isinstance(outcome, Refused)
    assert [refusal.place for refusal in outcome.refusals] == [1, 2, 3, 4]


def test_a_household_nobody_billed_has_nothing_to_pay():
    given().when(paid(100)).then_refused("unknown_payer")


def test_a_credit_is_not_paid():
    given(billed(1, -100)).when(paid(100, titre=1)).then_refused("unknown_titre")


def test_the_titre_of_another_household_is_not_paid():
    given(BILLED, billed(2, 900, of=DIALLO)).when(paid(100, titre=2)).then_refused("unknown_titre")


@pytest.mark.parametrize(
    ("amount", "code"), [(-1, False), (0, False), (1, True), (9_999_999, True), (10_000_000, False)]
)
def test_a_payment_has_its_bounds(amount: int, code: bool):
    then = given(BILLED).when(paid(amount))
    then.then_accepted() if code else then.then_refused("amount_out_of_bounds")


def test_cash_is_taken_up_to_three_hundred_euros():
    given(BILLED).when(paid(30_000, means="cash")).then_accepted()
    given(BILLED).when(paid(30_001, means="cash")).then_refused("cash_over_limit")
    given(BILLED).when(paid(30_001, means="card")).then_accepted()


def test_cash_of_a_household_is_counted_together_in_a_day():
    halves = pay(money(20_000, means="cash"), money(10_000, means="cash"), money(1, means="cash"))
    then = given(BILLED).when(halves).then_refused("cash_over_limit")
    outcome = then.story.outcome
    assert isinstance(outcome, Refused)
    assert [refusal.place for refusal in outcome.refusals] == [2]
    given(BILLED, paid(20_000, means="cash")).when(paid(10_001, means="cash")).then_refused("cash_over_limit")
    given(BILLED, paid(20_000, means="cash")).when(paid(20_000, means="cash", on="2024-01-09")).then_accepted()
    given(BILLED, paid(20_000)).when(paid(20_000, means="cash")).then_accepted()
    given(BILLED, paid(20_000, means="cash", payment="p"), cancel("p")).when(paid(30_000, means="cash")).then_accepted()
    both = pay(money(20_000, means="cash"), money(20_000, of=DIALLO, means="cash"))
    given(BILLED, billed(2, 900, of=DIALLO)).when(both).then_accepted()


def test_money_did_not_come_in_another_century():
    given(BILLED).when(paid(1, on="1999-12-31")).then_refused("day_out_of_reach")
    given(BILLED).when(paid(1, on="2000-01-01")).then_accepted()


def test_a_titre_is_not_paid_before_it_is_issued():
    given(BILLED).when(paid(1, titre=1, on="2023-12-03")).then_refused("day_before_titre")
    given(BILLED).when(paid(1, titre=1, on="2023-12-04")).then_accepted()
    given(BILLED).when(paid(1, on="2023-12-03")).then_accepted()


def test_the_same_cheque_is_recorded_once_unless_it_is_said_to_be_another():
    before = (BILLED, paid(100, reference="0001234", payment="p"))
    given(*before).when(paid(100, reference="0001234")).then_refused("payment_already_recorded")
    given(*before).when(paid(100, reference="0001234", again=True)).then_accepted()
    given(*before).when(paid(100, reference="0001235")).then_accepted()
    given(*before).when(paid(101, reference="0001234")).then_accepted()
    given(*before).when(paid(100, reference="0001234", means="transfer")).then_accepted()
    given(*before).when(paid(100, reference="0001234", on="2024-01-09")).then_accepted()
    given(*before, cancel("p")).when(paid(100, reference="0001234")).then_accepted()
    given(BILLED, paid(100)).when(paid(100)).then_accepted()


def test_a_cheque_given_twice_in_one_statement_is_refused_at_its_place():
    twice = pay(money(100, reference="0001234"), money(100, reference="0001234"), money(100), money(100))
    outcome = given(BILLED).when(twice).then_refused("payment_already_recorded").story.outcome
    assert isinstance(outcome, Refused)
    assert [refusal.place for refusal in outcome.refusals] == [1]


def test_money_of_today_has_come_by_the_clock_of_the_town_hall():
    given(BILLED, clock("2024-01-11 00:30")).when(paid(1, on="2024-01-11")).then_accepted()
    given(BILLED, clock("2024-01-10 23:30")).when(paid(1, on="2024-01-11")).then_refused("day_not_come")


def test_the_same_payment_is_recorded_once():
    given(BILLED, paid(1, payment="p")).when(paid(1, payment="p")).then_refused("already_registered")
    given(BILLED, paid(1, payment="p"), cancel("p")).when(paid(1, payment="p")).then_refused("already_registered")


def test_a_cancelled_payment_is_owed_again():
    then = given(BILLED, paid(5_511, payment="p")).when(cancel("p", "unpaid_cheque")).then_wrote(PaymentCancelled)
    assert payer_of(then.story).balance_cents == 5_511


def test_a_payment_is_cancelled_once():
    given(BILLED, paid(1, payment="p"), cancel("p")).when(cancel("p")).then_refused("already_cancelled")


def test_what_was_not_paid_is_not_cancelled():
    given(BILLED).when(cancel("p")).then_refused("unknown_payment")
    given().when(cancel("p")).then_refused("unknown_payment")
    given(BILLED, paid(1, payment="p"), billed(2, 1, of=DIALLO)).when(cancel("p", of=DIALLO)).then_refused(
        "unknown_payment"
    )


def test_a_direct_debit_is_sent_back_and_not_cancelled():
    steps = [family(), debiting, BILLED, sign(), collect(), clock("2024-01-15 09:00"), settle()]
    story = given(*steps).story
    [payment] = payer_of(story).payments
    given(*steps).when(cancel(payment)).then_refused("debit_to_return")
