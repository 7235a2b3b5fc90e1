"""A tax certificate never tells more than what was paid for care, and the years of a family add up."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ledger.events import BilledDay, BilledLine, Nature, PaymentRecorded, TitreIssued
from ledger.identifiers import ChildId, HouseholdId, Month, PaymentId, Slug, TitreNumber, Version
from ledger.payer import Payer, Titre
from ledger.regie import titre_number
from projections.billing.certificates import care_of, care_paid, is_young, shared

HOME = HouseholdId("rossi")
LINA, TOM = ChildId("lina"), ChildId("tom")
YEARS = range(2022, 2026)


def line(child: ChildId, nature: Nature, amount_cents: int, unit: str = "matin") -> BilledLine:
    return BilledLine(
        child=child,
        activity=Slug("garderie"),
        unit=Slug(unit),
        nature=nature,
        label=nature,
        unit_price_cents=amount_cents,
        quantity=1,
        amount_cents=amount_cents,
        rulebook=Version("2022-09"),
        article="1",
        code="",
        quotient=None,
        steps=(),
        days=(BilledDay(day=date(2022, 9, 1), basis="present"),),
    )


def titre(number: int, *lines: BilledLine) -> TitreIssued:
    """One a month from October 2022 on."""
    year, month = divmod(2022 * 12 + 8 + number, 12)
    return TitreIssued(
        titre=titre_number(year, number),
        household=HOME,
        month=Month("2022-09"),
        position=1,
        issued_on=date(year, month + 1, 3),
        due_on=date(year, month + 1, 28),
        total_cents=sum(each.amount_cents for each in lines),
        lines=lines,
    )


def paid(number: int, cents: int, on: date, named: TitreNumber | None = None) -> PaymentRecorded:
    return PaymentRecorded(
        payment=PaymentId(f"p{number}"), household=HOME, amount_cents=cents, means="card", received_on=on, titre=named
    )


def payer(titres: list[TitreIssued], payments: list[PaymentRecorded]) -> Payer:
    known = {
        each.titre: Titre(each.titre, each.month, each.total_cents, each.issued_on, each.due_on) for each in titres
    }
    return Payer(household=HOME, titres=known, payments={each.payment: each for each in payments})


def told(titres: list[TitreIssued], payments: list[PaymentRecorded], year: int) -> dict[ChildId, int]:
    return dict(care_paid(payer(titres, payments), titres, year).by_child)


CARE, MEAL = line(LINA, "care", 1_000), line(LINA, "meal", 3_000, "repas")
natures = st.sampled_from(["care", "meal", "surcharge", "penalty", "supplement", "reduction"])
lines = st.lists(
    st.tuples(st.sampled_from([LINA, TOM]), natures, st.integers(1, 5_000), st.booleans()), min_size=1, max_size=5
).map(
    lambda drawn: [
        line(child, nature, -cents if back or nature == "reduction" else cents) for child, nature, cents, back in drawn
    ]
)
histories = st.lists(lines, min_size=1, max_size=14).map(
    lambda months: [titre(number, *each) for number, each in enumerate(months, start=1)]
)
money = st.lists(
    st.tuples(st.integers(1, 20_000), st.dates(date(2022, 9, 1), date(2025, 12, 31)), st.none() | st.integers(1, 14)),
    max_size=8,
)


def received(titres: list[TitreIssued], drawn: list[tuple[int, date, int | None]]) -> list[PaymentRecorded]:
    return [
        paid(number, cents, on, titres[named - 1].titre if named and named <= len(titres) else None)
        for number, (cents, on, named) in enumerate(drawn)
    ]


@given(histories, money)
def test_no_certificate_tells_more_than_what_was_received_so_far(titres, drawn):
    payments = received(titres, drawn)
    so_far = 0
    for year in YEARS:
        so_far += sum(told(titres, payments, year).values())
        assert 0 <= so_far <= sum(each.amount_cents for each in payments if each.received_on.year <= year)


@given(histories, money)
def test_no_child_is_told_more_care_than_was_ever_billed_for_it(titres, drawn):
    payments = received(titres, drawn)
    for child in (LINA, TOM):
        care = [each for issued in titres for each in issued.lines if each.nature == "care" and each.child == child]
        billed = sum(max(each.amount_cents, 0) for each in care)
        assert sum(told(titres, payments, year).get(child, 0) for year in YEARS) <= billed


@given(histories)
def test_once_all_is_paid_the_years_of_a_family_add_up_to_its_care(titres):
    only_care = [replace(each, lines=tuple(one for one in each.lines if one.amount_cents > 0)) for each in titres]
    owed = [replace(each, total_cents=sum(one.amount_cents for one in each.lines)) for each in only_care]
    payments = [paid(n, each.total_cents, each.due_on) for n, each in enumerate(owed) if each.total_cents]
    for child in (LINA, TOM):
        billed = sum(care_of(each.lines).get(child, 0) for each in owed)
        assert sum(told(owed, payments, year).get(child, 0) for year in YEARS) == billed


@given(histories, money, st.integers(1, 20_000))
def test_what_is_paid_later_changes_no_certificate_of_before(titres, drawn, cents):
    payments = received(titres, drawn)
    later = paid(99, cents, date(2026, 1, 2), titres[0].titre)
    assert [told(titres, payments, year) for year in YEARS] == [
        told(titres, [*payments, later], year) for year in YEARS
    ]


@given(
    st.integers(0, 10_000),
    st.dictionaries(st.sampled_from([LINA, TOM, ChildId("z")]), st.integers(1, 9_999), min_size=1),
)
def test_an_amount_is_shared_to_the_cent(amount, parts):
    found = shared(amount, parts)
    assert sum(found.values()) == amount
    whole = sum(parts.values())
    assert all(abs(cents - amount * parts[child] / whole) < 1 for child, cents in found.items())


def test_what_was_paid_of_a_titre_pays_its_care_in_proportion():
    issued = titre(1, CARE, MEAL)
    assert told([issued], [paid(1, 2_000, date(2022, 11, 5))], 2022) == {LINA: 500}
    assert told([issued], [paid(1, 4_000, date(2022, 11, 5))], 2022) == {LINA: 1_000}


def test_december_paid_in_january_is_of_the_next_year():
    issued = titre(1, CARE)
    payments = [paid(1, 1_000, date(2023, 1, 4))]
    assert (told([issued], payments, 2022), told([issued], payments, 2023)) == ({}, {LINA: 1_000})


def test_money_that_came_before_its_invoice_counts_once_that_is_issued():
    issued = titre(4, CARE)
    assert issued.issued_on == date(2023, 1, 3)
    payments = [paid(1, 1_000, date(2022, 12, 20))]
    assert (told([issued], payments, 2022), told([issued], payments, 2023)) == ({}, {LINA: 1_000})


def test_care_that_is_taken_back_is_taken_off_once():
    titres = [titre(1, CARE), titre(2, line(LINA, "care", -400)), titre(3, CARE)]
    payments = [paid(1, 1_000, date(2022, 11, 5)), paid(2, 600, date(2022, 12, 30))]
    assert told(titres, payments, 2022) == {LINA: 1_600}


def test_care_taken_back_in_a_later_year_is_taken_off_what_that_year_tells():
    titres = [titre(1, CARE), titre(5, line(LINA, "care", -400)), titre(6, CARE)]
    payments = [paid(1, 1_000, date(2022, 11, 5)), paid(2, 600, date(2023, 4, 5))]
    assert (told(titres, payments, 2022), told(titres, payments, 2023)) == ({LINA: 1_000}, {LINA: 600})


def test_care_taken_back_of_one_child_is_not_told_again_of_another():
    titres = [titre(1, CARE), titre(5, line(LINA, "care", -1_000)), titre(6, line(TOM, "care", 1_000))]
    payments = [paid(1, 1_000, date(2022, 11, 5))]
    assert told(titres, payments, 2022) == {LINA: 1_000}
    assert told(titres, payments, 2023) == {}
    later = [*payments, paid(2, 300, date(2023, 6, 1))]
    assert told([*titres, titre(7, line(TOM, "care", 300))], later, 2023) == {TOM: 300}


def test_a_reduction_is_taken_off_the_care_of_its_unit_in_proportion():
    both = [line(LINA, "care", 1_000), line(LINA, "meal", 3_000), line(LINA, "reduction", -401)]
    assert care_of(both) == {LINA: 899}
    assert care_of([*both, line(LINA, "surcharge", 2_000), line(LINA, "penalty", 500)]) == {LINA: 899}
    assert care_of([line(LINA, "care", 1_000), line(LINA, "reduction", -200, "soir")]) == {LINA: 1_000}
    assert care_of([line(LINA, "care", 500), line(LINA, "supplement", 800), line(LINA, "reduction", -900)]) == {LINA: 0}
    assert care_of([line(LINA, "care", 5), line(LINA, "meal", -10), line(LINA, "reduction", -1)]) == {LINA: 4}


def test_surcharges_and_meals_are_no_care():
    others = [line(TOM, nature, 500) for nature in ("meal", "surcharge", "penalty", "supplement")]
    assert care_of(others) == {}


def test_a_child_counts_until_the_year_it_is_six_on_the_first_of_january():
    assert is_young(date(2016, 1, 1), 2022)
    assert not is_young(date(2015, 12, 31), 2022)
    assert is_young(date(2022, 6, 1), 2022)
