"""Whatever is billed and paid, no cent is lost: titres minus payments minus credits is what is owed."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.allocation import Allocation, allocate
from ledger.events import PaymentRecorded
from ledger.identifiers import HouseholdId, Month, PaymentId, TitreNumber
from ledger.payer import Titre
from ledger.regie import titre_number

FIRST = date(2022, 10, 3)
HOME = HouseholdId("rossi")


def titre(number: int, total_cents: int) -> Titre:
    day = FIRST + timedelta(days=30 * number)
    return Titre(titre_number(2022, number), Month(f"2022-{number:02d}"), total_cents, day, day + timedelta(days=21))


def payment(number: int, amount_cents: int, named: TitreNumber | None = None) -> PaymentRecorded:
    return PaymentRecorded(
        payment=PaymentId(f"payment-{number}"),
        household=HOME,
        amount_cents=amount_cents,
        means="cheque",
        received_on=FIRST + timedelta(days=number),
        titre=named,
    )


bills = st.lists(st.integers(-20_000, 20_000), max_size=8).map(
    lambda totals: [titre(number, total) for number, total in enumerate(totals, start=1)]
)
named = st.none() | st.integers(1, 10).map(lambda number: titre_number(2022, number))
payments = st.lists(st.tuples(st.integers(1, 30_000), named), max_size=8).map(
    lambda all_paid: [payment(number, amount, of) for number, (amount, of) in enumerate(all_paid, start=1)]
)


@given(bills, payments)
def test_titres_minus_payments_minus_credits_is_what_is_owed(titres: list[Titre], paid: list[PaymentRecorded]):
    said = allocate(titres, paid)
    balance = sum(each.total_cents for each in titres) - sum(each.amount_cents for each in paid)
    assert said.owed_cents - said.unallocated_cents == said.balance_cents == balance


@given(bills, payments)
def test_every_cent_of_a_payment_or_a_credit_is_somewhere_once(titres: list[Titre], paid: list[PaymentRecorded]):
    said = allocate(titres, paid)
    spent: dict[str, int] = {}
    for share in [*(share for each in said.settled for share in each.shares), *said.unallocated]:
        assert share.amount_cents > 0
        assert (share.payment is None) != (share.credit is None)
        source = str(share.payment or share.credit)
        spent[source] = spent.get(source, 0) + share.amount_cents
    came = {str(each.payment): each.amount_cents for each in paid}
    came |= {str(each.number): -each.total_cents for each in titres if each.total_cents < 0}
    assert spent == came


@given(bills, payments)
def test_no_titre_is_paid_more_than_it_is_and_none_is_owed_while_money_is_left(
    titres: list[Titre], paid: list[PaymentRecorded]
):
    said = allocate(titres, paid)
    assert all(0 <= each.owed_cents <= max(each.titre.total_cents, 0) for each in said.settled)
    assert not (said.owed_cents and said.unallocated_cents)


@given(bills, payments)
def test_a_titre_has_at_least_what_was_paid_in_its_name(titres: list[Titre], paid: list[PaymentRecorded]):
    said = allocate(titres, paid)
    for each in said.settled:
        meant = sum(came.amount_cents for came in paid if came.titre == each.titre.number)
        assert each.paid_cents >= min(meant, max(each.titre.total_cents, 0))


@given(bills, payments)
def test_without_a_name_the_oldest_is_paid_first(titres: list[Titre], paid: list[PaymentRecorded]):
    said = allocate(titres, [replace(each, titre=None) for each in paid])
    owed = [each.owed_cents for each in said.settled if each.titre.total_cents > 0]
    untouched = [each.paid_cents == 0 for each in said.settled if each.titre.total_cents > 0]
    first_open = next((place for place, cents in enumerate(owed) if cents), len(owed))
    assert all(untouched[first_open + 1 :])


@given(bills, payments, st.randoms(use_true_random=False))
def test_what_is_owed_does_not_depend_on_the_order_money_was_recorded_in(
    titres: list[Titre], paid: list[PaymentRecorded], random: object
):
    mixed = list(paid)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert owed_by_titre(allocate(titres, mixed)) == owed_by_titre(allocate(titres, paid))


def owed_by_titre(said: Allocation) -> dict[TitreNumber, int]:
    return {each.titre.number: each.owed_cents for each in said.settled}


def test_a_payment_that_names_a_titre_leaves_the_older_one_unpaid():
    said = allocate([titre(1, 1_000), titre(2, 2_000)], [payment(1, 2_500, titre_number(2022, 2))])
    assert owed_by_titre(said) == {"2022-000001": 500, "2022-000002": 0}


def test_a_credit_pays_the_oldest_titre_and_what_is_left_of_it_waits_for_the_next():
    first = allocate([titre(1, 1_000), titre(2, -1_500)], [])
    assert (first.owed_cents, first.unallocated_cents, first.balance_cents) == (0, 500, -500)
    then = allocate([titre(1, 1_000), titre(2, -1_500), titre(3, 700)], [])
    assert owed_by_titre(then) == {"2022-000001": 0, "2022-000002": 0, "2022-000003": 200}
    assert [(share.credit, share.amount_cents) for share in then.settled[2].shares] == [("2022-000002", 500)]
