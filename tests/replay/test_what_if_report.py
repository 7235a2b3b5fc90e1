"""The figures of a what-if: they add up, and tell nobody apart."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ledger.identifiers import Commune, HouseholdId, Month
from replay.what_if.brackets import FEWEST, brackets_of
from replay.what_if.comparing import Asked, Comparison
from replay.what_if.effects import HouseholdEffect, Money
from replay.what_if.report import LARGEST, MOST_CHILDREN, Report, report_of
from rulebook.reader import read_rulebook
from tests.billed import PRICED

MONTHS = [Month("2024-01"), Month("2024-02")]
BRACKETS = (
    "tranches = [{ a_partir_de = 0, prix = 1.10 }, { a_partir_de = 500, prix = 3.27 }, { a_partir_de = 900, prix = 4 }]"
)
OTHER = read_rulebook(
    PRICED.replace("tranches = [{ a_partir_de = 0, prix = 1.10 }, { a_partir_de = 500, prix = 3.27 }]", BRACKETS)
)

cents = st.integers(-1_000, 60_000)
households = st.lists(
    st.tuples(
        st.none() | st.integers(0, 150_000),
        st.integers(1, 6),
        st.lists(st.tuples(cents, cents), min_size=2, max_size=2),
    ),
    max_size=30,
)
Told = Sequence[tuple[int | None, int, Sequence[tuple[int, int]]]]


def report(told: Told) -> Report:
    """The report of households: a quotient, children, and what they owe each month, there and here."""
    effects = [
        HouseholdEffect(
            household=HouseholdId(f"home-{place:03d}"),
            quotient_cents=quotient,
            children=children,
            by_month={month: Money(*owed) for month, owed in zip(MONTHS, months, strict=True)},
        )
        for place, (quotient, children, months) in enumerate(told)
    ]
    asked = Asked(commune=Commune("valmont"), other=OTHER, months=MONTHS)
    return report_of(Comparison(asked=asked, position=1, wishes={}, households=effects))


def owing(count: int, quotient: int | None, change: int = 0) -> Told:
    """So many households of a quotient."""
    return [(quotient, 1, [(1_000, 1_000 + change), (0, 0)])] * count


@given(told=households)
def test_the_months_the_brackets_and_the_classes_add_up(told: Told):
    found = report(told)
    assert sum(money.real for _, money in found.months) == found.total.real == sum(g.money.real for g in found.groups)
    assert sum(money.here for _, money in found.months) == found.total.here == sum(g.money.here for g in found.groups)
    counts = (found.gainers, found.losers, found.unchanged)
    assert sum(counts) == found.households == sum(each.households for each in found.classes)
    assert found.households == sum(group.households for group in found.groups)
    assert found.gainers == sum(group.gainers for group in found.groups)
    assert found.losers == sum(group.losers for group in found.groups)
    less = sum(each.households for each in found.classes if each.end_cents is not None and each.end_cents <= 0)
    assert less == found.gainers
    assert report(told) == found


@given(told=households)
def test_no_bracket_of_few_households_is_told_apart(told: Told):
    found = report(told)
    if found.households >= FEWEST:
        assert [group for group in found.groups if group.households < FEWEST] == []
    bounds = {(group.first_cents, group.end_cents) for group in found.groups}
    assert {(each.first_cents, each.end_cents) for each in found.largest} <= bounds
    assert all(each.children <= MOST_CHILDREN for each in found.largest)
    sizes = [abs(each.money.change) for each in found.largest]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == min(LARGEST, found.gainers + found.losers)


def bounds_of(told: Told) -> list[tuple[int | None, int | None, int]]:
    return [(group.first_cents, group.end_cents, group.households) for group in report(told).groups]


def test_brackets_are_those_of_the_other_rulebook():
    told = [*owing(5, 30_000), *owing(6, 50_000), *owing(7, 90_000), *owing(8, None)]
    assert bounds_of(told) == [(0, 50_000, 5), (50_000, 90_000, 6), (90_000, None, 7), (None, None, 8)]
    assert report(told).merged == 0


def test_a_bracket_of_few_goes_with_the_one_below_and_the_lowest_with_the_one_above():
    assert bounds_of([*owing(5, 30_000), *owing(4, 50_000), *owing(7, 90_000)]) == [(0, 90_000, 9), (90_000, None, 7)]
    assert bounds_of([*owing(4, 30_000), *owing(5, 50_000), *owing(7, 90_000)]) == [(0, 90_000, 9), (90_000, None, 7)]
    assert report([*owing(4, 30_000), *owing(5, 50_000), *owing(7, 90_000)]).merged == 1


def test_few_without_a_quotient_go_with_the_highest():
    told = [*owing(5, 30_000), *owing(4, 90_000), *owing(1, None)]
    assert bounds_of(told) == [(0, 90_000, 5), (90_000, None, 5)]
    assert report(told).unknown_merged
    assert bounds_of([*owing(5, None), *owing(1, 30_000)]) == [(0, None, 6)]


def test_without_any_bracket_everybody_is_together():
    found = brackets_of(read_rulebook(PRICED.partition("[regie]")[0]), [10_000, None, None])
    assert (found.edges, found.merged) == ((0,), 0)


def test_who_owes_nothing_in_both_is_not_counted():
    assert report([(30_000, 1, [(0, 0), (0, 0)])]).households == 0


def test_a_cent_is_a_change():
    found = report([*owing(1, None, -1), *owing(2, None, 0), *owing(3, None, 1)])
    assert [(each.first_cents, each.end_cents, each.households) for each in found.classes if each.households] == [
        (-500, 0, 1),
        (0, 1, 2),
        (1, 501, 3),
    ]
