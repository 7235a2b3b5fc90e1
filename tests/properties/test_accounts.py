"""Whatever is billed, paid, asked of the bank and sent back, an account adds up and nothing is asked twice."""

from collections import Counter
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from commands.direct_debits import payment_of, returned, settled, under_way
from ledger.allocation import allocate
from ledger.identifiers import CollectionId
from ledger.payer import Payer
from ledger.regie import titre_number
from tests.formalities import family
from tests.payers import (
    billed,
    cancel,
    collect,
    debiting,
    paid,
    payer_of,
    revoke,
    send_back,
    settle,
    sign,
)
from tests.spec import Story, clock
from tests.spec import given as given_in

DAYS = ["2024-01-15", "2024-01-16", "2024-01-17", "2024-01-18", "2024-01-19"]
numbers = st.integers(1, 6)
happenings = st.one_of(
    st.tuples(st.just("pay"), st.integers(1, 9_000), st.none() | numbers),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("collect"), st.integers(0, 4), st.sampled_from(DAYS)),
    st.tuples(st.just("settle"), st.integers(0, 4)),
    st.tuples(st.just("back"), st.integers(0, 4), numbers),
    st.tuples(st.just("sign"), st.integers(1, 3)),
    st.tuples(st.just("revoke")),
    st.tuples(st.just("bill"), st.integers(-3_000, 9_000)),
    st.tuples(st.just("clock"), st.sampled_from(["2024-01-12 10:00", "2024-01-16 10:00"])),
)
bills = st.lists(st.integers(-3_000, 9_000), min_size=1, max_size=4)


def tried(story: Story, said: tuple[Any, ...]) -> None:
    """What somebody tries: it is accepted or refused, and both are fine."""
    match said:
        case ("pay", amount, titre):
            paid(amount, titre=titre, payment=f"payment-{len(payer_of(story).entered)}").tried(story)
        case ("cancel", place):
            made = list(payer_of(story).entered)
            cancel(made[place % len(made)] if made else "none").tried(story)
        case ("collect", name, day):
            before = payer_of(story)
            collect(f"collection-{name}", on=day).tried(story)
            never_more_than_is_owed(before, payer_of(story))
        case ("settle", name):
            settle(f"collection-{name}").tried(story)
        case ("back", name, number):
            send_back(number, name=f"collection-{name}").tried(story)
        case ("sign", name):
            sign(f"RUM-{name}").tried(story)
        case ("revoke",):
            revoke().tried(story)
        case ("bill", cents):
            number = len(payer_of(story).titres) + 1
            billed(number, cents, month=f"2023-{number:02d}")(story)
        case ("clock", text):
            clock(max(text, "2024-01-12 10:00"))(story)


def never_more_than_is_owed(before: Payer, after: Payer) -> None:
    """The bank is asked for what is owed and not under way, whatever was paid or credited since it was last asked."""
    asked = sum(debit.amount_cents for debit in after.debits) - sum(debit.amount_cents for debit in before.debits)
    already = sum(debit.amount_cents for debit in under_way(before))
    assert asked <= max(before.balance_cents - already, 0)


def adds_up(payer: Payer) -> None:
    """What is owed, and what the bank was asked for."""
    balance = sum(titre.total_cents for titre in payer.titres.values()) - sum(
        payment.amount_cents for payment in payer.payments.values()
    )
    assert payer.balance_cents == balance
    said = allocate(payer.titres.values(), payer.payments.values())
    assert said.owed_cents - said.unallocated_cents == balance
    assert max(Counter(debit.titre for debit in under_way(payer)).values(), default=0) <= 1
    for debit in payer.debits:
        payment = payment_of(CollectionId(debit.collection), debit.titre)
        assert not (returned(payer, debit) and payment in payer.payments)
        assert settled(payer, debit) or payment not in payer.entered
    for mandate in payer.mandates:
        asked = [debit for debit in payer.debits if debit.mandate == mandate and not returned(payer, debit)]
        assert len({debit.collect_on for debit in asked if debit.sequence == "FRST"}) <= 1


@settings(max_examples=60)
@given(bills, st.lists(happenings, max_size=25))
def test_an_account_adds_up_and_a_titre_is_with_the_bank_once(totals: list[int], said: list[tuple[Any, ...]]) -> None:
    steps = [billed(number, total, month=f"2023-{number:02d}") for number, total in enumerate(totals, start=1)]
    story = given_in(family(), debiting, sign(), *steps).story
    for each in said:
        tried(story, each)
        adds_up(payer_of(story))
    titres = list(payer_of(story).titres)
    assert titres == [titre_number(2024, number) for number in range(1, len(titres) + 1)]


cents = st.integers(-6_000, 9_000)


@given(
    st.lists(st.tuples(cents, st.booleans()), min_size=1, max_size=3),
    st.lists(st.tuples(cents, st.booleans()), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(1, 9_000), st.none() | st.integers(1, 6)), max_size=3),
    st.booleans(),
)
def test_whatever_comes_while_debits_are_under_way_the_bank_is_never_asked_for_more_than_is_owed(
    before: list[tuple[int, bool]], since: list[tuple[int, bool]], payments: list[tuple[int, int | None]], back: bool
) -> None:
    def titres(some: list[tuple[int, bool]], first: int) -> list[Any]:
        """Due by the second collection at the latest, some by the first."""
        dues = ("2023-12-04" if due else "2024-01-01" for _, due in some)
        return [
            billed(number, total, month=f"2023-{number:02d}", on=due)
            for number, (total, _), due in zip(count(first), some, dues, strict=False)
        ]

    story = given_in(family(), debiting, sign(), *titres(before, 1)).story
    collect("first", on="2024-01-15").tried(story)
    asked = list(payer_of(story).debits)
    if back and asked:
        send_back(int(asked[0].titre[-6:]), name="first").tried(story)
    for step in titres(since, len(before) + 1):
        step(story)
    for amount, titre in payments:
        paid(amount, titre=titre).tried(story)
    seen = payer_of(story)
    collect("second", on="2024-01-24").tried(story)
    never_more_than_is_owed(seen, payer_of(story))
    clock("2024-01-24 09:00")(story)
    for name in ("first", "second"):
        settle(name).tried(story)
    assert payer_of(story).balance_cents >= min(0, seen.balance_cents - sum(d.amount_cents for d in under_way(seen)))
