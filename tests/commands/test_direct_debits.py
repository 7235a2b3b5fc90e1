"""The bank is asked once for what a household owes under its mandate: first, then again, and what it sends back."""

from datetime import date

import pytest

from commands.outcome import Accepted
from ledger.events import (
    CollectionSent,
    DirectDebitAsked,
    DirectDebitReturned,
    MandateRevoked,
    MandateSigned,
    PaymentCancelled,
    PaymentRecorded,
)
from ledger.identifiers import MandateId
from ledger.sealed import KeepRecord
from ledger.target_days import is_target_day, target_days_after
from tests.formalities import MARCO, PAOLA, family, forgotten
from tests.payers import (
    billed,
    collect,
    debiting,
    debits,
    named,
    paid,
    payer_of,
    revoke,
    send_back,
    settle,
    sign,
)
from tests.spec import clock, day, given
from tests.town import DIALLO, ROSSI

ONE = billed(1, 5_511)
READY = (family(), debiting, ONE, sign())
COLLECTED = clock("2024-01-15 09:00")


# Mandates.


def test_a_mandate_keeps_the_account_in_the_vault_and_its_digest_on_the_page():
    then = given(family()).when(sign()).then_accepted().then_wrote(MandateSigned)
    outcome = then.story.outcome
    assert isinstance(outcome, Accepted)
    [kept] = outcome.vault
    assert isinstance(kept, KeepRecord)
    assert (kept.person, kept.kind) == (PAOLA, "bank")
    assert payer_of(then.story).mandate is not None


def test_another_account_is_another_mandate_and_ends_the_one_before():
    then = given(family(), sign()).when(sign("RUM-2", guardian=MARCO)).then_wrote(MandateRevoked, MandateSigned)
    mandate = payer_of(then.story).mandate
    assert mandate is not None
    assert mandate.mandate == "RUM-2"


def test_only_a_guardian_of_the_household_signs():
    given(family()).when(sign(guardian="somebody")).then_refused("unknown_guardian")
    given().when(sign()).then_refused("unknown_household")
    given(family(), forgotten(PAOLA)).when(sign()).then_refused("person_erased")


def test_a_mandate_is_signed_before_it_is_recorded():
    given(family()).when(sign(on="2024-01-11")).then_refused("day_not_come")


def test_a_mandate_that_has_lapsed_is_not_recorded():
    given(family()).when(sign(on="2021-01-09")).then_refused("mandate_lapsed")
    given(family()).when(sign(on="2021-01-10")).then_accepted()


def test_a_reference_is_of_one_mandate():
    given(family(), sign()).when(sign()).then_refused("already_registered")
    given(family(), sign(), revoke()).when(sign()).then_refused("already_registered")


def test_a_mandate_is_revoked_once():
    then = given(family(), sign()).when(revoke()).then_wrote(MandateRevoked)
    assert payer_of(then.story).mandate is None
    given(family(), sign(), revoke()).when(revoke()).then_refused("no_mandate")
    given(family()).when(revoke()).then_refused("no_mandate")


# What is asked.


def test_what_is_due_is_asked_for_and_the_first_debit_of_a_mandate_is_first():
    then = given(*READY).when(collect()).then_accepted().then_wrote(CollectionSent, DirectDebitAsked)
    assert debits(then.story) == [("2024-000001", 5_511, "FRST")]
    [sent] = [fact for fact in then.story.facts if isinstance(fact, CollectionSent)]
    assert (sent.debits, sent.total_cents) == (1, 5_511)


def test_every_debit_of_the_first_day_of_a_mandate_is_first():
    two = billed(2, 100, month="2023-12", on="2023-12-20")
    then = given(*READY, two).when(collect()).then_accepted()
    assert debits(then.story) == [("2024-000001", 5_511, "FRST"), ("2024-000002", 100, "FRST")]
    then = given(*READY, two, collect(month="2023-11")).when(collect("second", month="2023-12")).then_accepted()
    assert debits(then.story) == [("2024-000002", 100, "FRST")]
    then = given(*READY, two, collect(month="2023-11")).when(collect("second", on="2024-01-16")).then_accepted()
    assert debits(then.story) == [("2024-000002", 100, "RCUR")]


def test_the_next_collection_is_recurrent():
    later = billed(2, 100, month="2023-12", on="2024-01-02")
    then = given(*READY, collect(), COLLECTED, settle(), later).when(collect("second", on="2024-01-24"))
    then.then_accepted()
    assert debits(then.story) == [("2024-000002", 100, "RCUR")]


def test_a_first_debit_that_came_back_is_first_again():
    then = given(*READY, collect(), send_back(1)).when(collect("second", on="2024-01-16")).then_accepted()
    assert debits(then.story) == [("2024-000001", 5_511, "FRST")]


def test_under_another_mandate_the_first_debit_is_first_again():
    later = billed(2, 100, month="2023-12", on="2024-01-02")
    steps = [*READY, collect(), COLLECTED, settle(), sign("RUM-2"), later]
    then = given(*steps).when(collect("second", on="2024-01-24")).then_accepted()
    assert debits(then.story) == [("2024-000002", 100, "FRST")]


def test_a_titre_is_asked_for_once():
    given(*READY, collect()).when(collect("second")).then_refused("nothing_to_collect")
    given(*READY, collect(), COLLECTED, settle()).when(collect("second", on="2024-01-19")).then_refused(
        "nothing_to_collect"
    )


def test_only_what_is_left_to_pay_is_asked_for():
    then = given(*READY, paid(5_000)).when(collect()).then_accepted()
    assert debits(then.story) == [("2024-000001", 511, "FRST")]
    given(*READY, paid(5_511)).when(collect()).then_refused("nothing_to_collect")


def test_a_credit_is_taken_off_what_is_asked_for():
    then = given(*READY, billed(2, -511, month="2023-12")).when(collect()).then_accepted()
    assert debits(then.story) == [("2024-000001", 5_000, "FRST")]


def test_what_comes_while_a_titre_is_with_the_bank_is_taken_off_the_next_one():
    later = billed(2, 9_000, month="2023-12", on="2023-12-20")
    for came in (paid(2_000), billed(3, -2_000, month="2024-01", on="2023-12-21")):
        then = given(*READY, collect(), later, came).when(collect("second", on="2024-01-16")).then_accepted()
        assert debits(then.story) == [("2024-000002", 7_000, "RCUR")]
    given(*READY, collect(), later, paid(9_000)).when(collect("second")).then_refused("nothing_to_collect")


def test_what_is_paid_of_a_titre_that_is_with_the_bank_is_taken_off_the_next_one():
    later = billed(2, 9_000, month="2023-12", on="2023-12-20")
    then = given(*READY, collect(), later, paid(5_511, titre=1)).when(collect("second", on="2024-01-16"))
    then.then_accepted()
    assert debits(then.story) == [("2024-000002", 3_489, "RCUR")]


def test_what_is_not_due_by_then_is_not_asked_for():
    then = given(*READY, billed(2, 100, month="2023-12", on="2024-01-02")).when(collect(on="2024-01-22"))
    then.then_accepted()
    assert debits(then.story) == [("2024-000001", 5_511, "FRST")]


def test_a_month_may_be_asked_for_alone():
    other = billed(2, 100, month="2023-12", on="2023-12-20")
    then = given(*READY, other).when(collect(month="2023-12")).then_accepted()
    assert debits(then.story) == [("2024-000002", 100, "FRST")]


def test_nobody_is_debited_without_a_mandate_that_holds():
    given(family(), debiting, ONE).when(collect()).then_refused("nothing_to_collect")
    given(*READY, revoke()).when(collect()).then_refused("nothing_to_collect")
    given(*READY).when(collect(without=frozenset({ROSSI}))).then_refused("nothing_to_collect")


def test_a_mandate_that_was_not_used_for_three_years_has_lapsed():
    old = sign(on="2021-01-14")
    given(family(), debiting, ONE, old).when(collect()).then_refused("nothing_to_collect")
    given(family(), debiting, ONE, sign(on="2021-01-16")).when(collect()).then_accepted()


def test_several_households_are_asked_together():
    other = (family(DIALLO), billed(2, 900, of=DIALLO), sign("RUM-2", of=DIALLO))
    then = given(*READY, *other).when(collect(of=[ROSSI, DIALLO])).then_accepted()
    assert debits(then.story) == [("2024-000001", 5_511, "FRST"), ("2024-000002", 900, "FRST")]


# When, and by whom.


def test_a_town_that_does_not_say_who_debits_debits_nobody():
    given(family(), ONE, sign()).when(collect()).then_refused("creditor_missing")


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ("1988-02-11", "collection_too_soon"),
        ("2024-01-10", "collection_too_soon"),
        ("2024-01-11", "collection_too_soon"),
        ("2024-01-12", None),
        ("2024-01-13", "not_a_banking_day"),
        ("2024-03-08", None),
        ("2024-03-11", "collection_too_far"),
    ],
)
def test_the_bank_has_its_days(on: str, code: str | None):
    then = given(*READY).when(collect(on=on))
    then.then_accepted() if code is None else then.then_refused(code)


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ("2024-03-29", False),  # Good Friday
        ("2024-04-01", False),  # Easter Monday
        ("2024-05-01", False),
        ("2024-05-08", True),  # a holiday in France, not for banks among themselves
        ("2024-12-25", False),
        ("2024-12-26", False),
        ("2024-07-14", False),  # a Sunday
        ("2025-01-01", False),
    ],
)
def test_banks_settle_but_on_six_days_and_week_ends(text: str, open_: bool):
    assert is_target_day(day(text)) is open_


def test_two_days_of_settlement_after_maundy_thursday_are_four_and_two_more():
    assert target_days_after(date(2024, 3, 28), 2) == date(2024, 4, 3)
    assert target_days_after(date(2024, 1, 10), 2) == date(2024, 1, 12)


def test_a_collection_is_sent_once():
    given(*READY, collect(), billed(2, 100)).when(collect()).then_refused("already_registered")


# What the bank answers.


def test_what_did_not_come_back_is_paid_the_day_it_was_asked_for():
    then = given(*READY, collect(), COLLECTED).when(settle()).then_wrote(PaymentRecorded)
    [payment] = payer_of(then.story).payments.values()
    assert (payment.means, payment.titre, payment.received_on) == ("direct_debit", named(1), day("2024-01-15"))
    assert payment.reference == MandateId("RUM-1")
    assert payer_of(then.story).balance_cents == 0


def test_a_collection_is_settled_once_and_not_before_its_day():
    given(*READY, collect()).when(settle()).then_refused("day_not_come")
    then = given(*READY, collect(), COLLECTED, settle()).when(settle()).then_accepted()
    assert then.story.facts == []


def test_what_came_back_is_not_paid():
    then = given(*READY, collect(), send_back(1), COLLECTED).when(settle()).then_accepted()
    assert then.story.facts == []
    assert payer_of(then.story).balance_cents == 5_511


def test_what_comes_back_after_it_was_paid_is_owed_again():
    then = given(*READY, collect(), COLLECTED, settle()).when(send_back(1, reason="MD06"))
    then.then_wrote(DirectDebitReturned, PaymentCancelled)
    assert payer_of(then.story).balance_cents == 5_511


def test_what_came_back_is_asked_again_after_it_was_paid_too():
    steps = [*READY, collect(), COLLECTED, settle(), send_back(1)]
    then = given(*steps).when(collect("second", on="2024-01-19")).then_accepted()
    assert debits(then.story) == [("2024-000001", 5_511, "FRST")]


def test_a_debit_comes_back_once_and_from_its_own_collection():
    given(*READY, collect(), send_back(1)).when(send_back(1)).then_refused("already_returned")
    given(*READY, collect()).when(send_back(1, 1)).then_refused("already_returned", "already_returned")
    given(*READY, collect()).when(send_back(2)).then_refused("unknown_debit")
    given(*READY, collect()).when(send_back(1, of=None)).then_refused("unknown_debit")
    given(*READY, collect()).when(send_back(1, name="other")).then_refused("unknown_collection")
    given(*READY).when(settle()).then_refused("unknown_collection")


def test_the_same_titre_comes_back_from_each_collection_it_was_asked_in():
    steps = [*READY, collect(), send_back(1), collect("second", on="2024-01-16")]
    given(*steps).when(send_back(1, name="second")).then_wrote(DirectDebitReturned)
    given(*steps).when(send_back(1)).then_refused("already_returned")
