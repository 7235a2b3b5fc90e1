"""Prices for any tariff: total, exact, and what another arithmetic finds."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from ledger.events import QuotientDecided, Step
from ledger.identifiers import Slug
from rulebook.amounts import euros as french_euros
from rulebook.amounts import french_number, parse_number
from rulebook.grids import Reading
from rulebook.intervals import CENT, EURO, Interval, brackets, findings
from rulebook.reader import RulebookError
from rulebook.reading_tariffs import ROUNDING_WORDS
from rulebook.tariffs import (
    Adjustment,
    Bracket,
    Conditions,
    Grid,
    QuotientRule,
    Rate,
    Rounding,
    Situation,
    Tariff,
    Unpriced,
    When,
    price,
    quotient_on,
)
from rulebook.timing import AnnualDay
from tests.rulebook.tariff_town import euros, meal

HIGHEST = 9_999_999
cents = st.integers(0, 5_000)
quotients = st.integers(0, HIGHEST)
readings = st.sampled_from(["exact", "truncated", "rounded"])
roundings = st.sampled_from([Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.UP_TO_FIVE_CENTS])


def money(amount_cents: int) -> Decimal:
    return Decimal(amount_cents) / 100


@st.composite
def bracket_grids(draw: st.DrawFn) -> tuple[Bracket, ...]:
    lowers = sorted(draw(st.sets(st.integers(1, HIGHEST), max_size=6)) | {0})
    return tuple(Bracket(lower=money(lower), price=money(draw(cents))) for lower in lowers)


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    bounds = sorted(draw(st.tuples(cents, cents)))
    floor_, ceiling = (money(each) if draw(st.booleans()) else None for each in bounds)
    return Rate(rate=Decimal(draw(st.integers(0, 10_000))) / 1_000_000, floor=floor_, ceiling=ceiling)


@st.composite
def adjustments(draw: st.DrawFn) -> Adjustment:
    share = draw(st.none() | st.integers(-100, 200).filter(bool))
    return Adjustment(
        label="Ajustement",
        article="5",
        when=draw(st.sampled_from(["always", "late", "unreserved", "absent", "late_cancellation"])),
        conditions=Conditions(),
        nature="surcharge",
        amount=money(draw(st.integers(-500, 500).filter(bool))) if share is None else None,
        share=None if share is None else Decimal(share) / 100,
        code="",
    )


def tariff(
    prices: tuple[Bracket, ...] | Rate | Bracket,
    *,
    rounding: Rounding = Rounding.HALF_UP,
    reading: Reading = "exact",
    beside: tuple[Adjustment, ...] = (),
    minutes: int | None = None,
    lower_brackets: int = 0,
) -> Tariff:
    grid = Grid(name="", article="5", conditions=Conditions(), prices=prices, lower_brackets=lower_brackets)
    return Tariff(
        slug=Slug("repas"),
        label="Repas",
        article="5",
        nature="care",
        code="",
        units=MappingProxyType({}),
        rounding=rounding,
        without_quotient="error",
        price_without=None,
        reading=reading,
        grids=(grid,),
        adjustments=beside,
        rank_among="enrolled",
        residence_unknown=None,
        regime_unknown=None,
        minutes=minutes,
        unrecorded="missing",
        absent_due=True,
        payer="custody",
    )


def decided(amount_cents: int, first_day: date = date(2023, 9, 1)) -> QuotientDecided:
    return QuotientDecided(amount_cents=amount_cents, source="caf", first_day=first_day)


def unit_cents(of: Tariff, amount_cents: int) -> int:
    priced = price(of, Situation(quotient=decided(amount_cents), minutes=1))
    assert not isinstance(priced, Unpriced)
    return sum(line.unit_price_cents for line in priced)


# ---- another arithmetic, in fractions -------------------------------------------------------------------------------


def half_even(value: Fraction) -> int:
    return round(value)


ROUND: dict[Rounding, Callable[[Fraction], int]] = {
    Rounding.HALF_UP: lambda value: floor(value + Fraction(1, 2)),
    Rounding.HALF_EVEN: half_even,
    Rounding.UP_TO_FIVE_CENTS: lambda value: 5 * ceil(value / 5),
}


def read_fraction(reading: Reading, amount_cents: int) -> Fraction:
    exact = Fraction(amount_cents, 100)
    return {"exact": exact, "truncated": Fraction(floor(exact)), "rounded": Fraction(floor(exact + Fraction(1, 2)))}[
        reading
    ]


def raw_fraction(prices: tuple[Bracket, ...] | Rate, quotient: Fraction) -> Fraction:
    """In euros, not rounded."""
    if isinstance(prices, Rate):
        raw = quotient * Fraction(prices.rate)
        raw = max(raw, Fraction(prices.floor)) if prices.floor is not None else raw
        return min(raw, Fraction(prices.ceiling)) if prices.ceiling is not None else raw
    found = Fraction(0)
    for bracket in prices:
        if Fraction(bracket.lower) <= quotient:
            found = Fraction(bracket.price)
    return found


@given(prices=bracket_grids() | rates(), reading=readings, rounding=roundings, amount_cents=quotients)
def test_a_unit_costs_what_fractions_find(
    prices: tuple[Bracket, ...] | Rate, reading: Reading, rounding: Rounding, amount_cents: int
) -> None:
    expected = ROUND[rounding](raw_fraction(prices, read_fraction(reading, amount_cents)) * 100)
    assert unit_cents(tariff(prices, rounding=rounding, reading=reading), amount_cents) == expected


@given(
    rate=st.integers(0, 10_000),
    bounds=st.tuples(cents, cents).map(sorted),
    without=cents,
    rounding=st.sampled_from(list(ROUNDING_WORDS)).filter("aucun".__ne__),
    amount_cents=st.none() | quotients,
)
def test_a_rate_that_was_read_never_goes_below_its_floor_or_over_its_ceiling(
    rate: int, bounds: list[int], without: int, rounding: str, amount_cents: int | None
) -> None:
    lowest, highest = bounds
    written = f"plancher = {money(lowest)}\nplafond = {money(highest)}\nsans_quotient = {money(without)}"
    try:
        of = meal(f'taux = "{french_number(Decimal(rate) / 10_000)} %"\n{written}\narrondi = "{rounding}"')
    except RulebookError:
        assert any(each % 5 for each in (lowest, highest, without))
        assert ROUNDING_WORDS[rounding] is Rounding.UP_TO_FIVE_CENTS
        return
    if amount_cents is None:
        assert euros(of, None) == f"{money(without):.2f}"
    else:
        assert lowest <= unit_cents(of, amount_cents) <= highest


@given(prices=bracket_grids(), beside=adjustments(), rounding=roundings, amount_cents=quotients)
def test_a_share_rounds_what_is_added_or_what_is_left(
    prices: tuple[Bracket, ...], beside: Adjustment, rounding: Rounding, amount_cents: int
) -> None:
    base = unit_cents(tariff(prices, rounding=rounding), amount_cents)
    situation = Situation(quotient=decided(amount_cents), on_top=frozenset({beside.when}))
    priced = price(tariff(prices, rounding=rounding, beside=(beside,)), situation)
    assert not isinstance(priced, Unpriced)
    added = sum(line.unit_price_cents for line in priced) - base
    if beside.amount is not None:
        assert added == max(beside.amount * 100, -base)
    else:
        share = Fraction(beside.share or 0) * base
        expected = ROUND[rounding](share) if share > 0 else ROUND[rounding](base + share) - base
        assert added == expected


@given(
    prices=bracket_grids() | rates(),
    beside=st.lists(adjustments(), max_size=4).map(tuple),
    amount_cents=quotients,
    minutes=st.integers(0, 1_440),
    slice_minutes=st.none() | st.integers(1, 120),
    unit_due=st.booleans(),
)
def test_every_line_is_whole_cents_and_comes_with_its_arithmetic(
    prices: tuple[Bracket, ...] | Rate,
    beside: tuple[Adjustment, ...],
    amount_cents: int,
    minutes: int,
    slice_minutes: int | None,
    unit_due: bool,
) -> None:
    situation = Situation(
        quotient=decided(amount_cents),
        minutes=minutes,
        unit_due=unit_due,
        on_top=frozenset({"late", "unreserved", "absent", "late_cancellation"}),
    )
    priced = price(tariff(prices, beside=beside, minutes=slice_minutes), situation)
    assert not isinstance(priced, Unpriced)
    assert all(line.quantity >= 1 and line.steps for line in priced)
    assert all(Decimal(step.value).is_finite() for line in priced for step in line.steps[1:])
    assert any(line.basis == "unit" for line in priced) or not unit_due


@given(
    prices=bracket_grids() | rates(),
    beside=st.lists(adjustments(), max_size=5).map(tuple),
    amount_cents=quotients,
    minutes=st.integers(0, 300),
    slice_minutes=st.none() | st.integers(1, 120),
    unit_due=st.booleans(),
    happened=st.sets(st.sampled_from(["late", "unreserved", "absent", "late_cancellation"])).map(frozenset),
)
def test_a_unit_with_its_adjustments_never_comes_below_zero_and_reductions_are_cut_no_further(
    prices: tuple[Bracket, ...] | Rate,
    beside: tuple[Adjustment, ...],
    amount_cents: int,
    minutes: int,
    slice_minutes: int | None,
    unit_due: bool,
    happened: frozenset[When],
) -> None:
    situation = Situation(quotient=decided(amount_cents), minutes=minutes, unit_due=unit_due, on_top=happened)
    priced = price(tariff(prices, beside=beside, minutes=slice_minutes), situation)
    assert not isinstance(priced, Unpriced)
    added = sum(line.amount_cents for line in priced if line.amount_cents > 0)
    taken = sum(line.amount_cents for line in priced if line.amount_cents < 0)
    cut = [line for line in priced if line.steps[-1] == Step(kind="floor", value="0.00")]
    assert added + taken >= 0
    assert not cut or added + taken == 0
    assert all(line.unit_price_cents < 0 for line in cut)
    assert len(cut) <= 1


@given(prices=bracket_grids(), one=quotients, other=quotients)
def test_a_higher_quotient_is_never_in_a_lower_bracket(prices: tuple[Bracket, ...], one: int, other: int) -> None:
    ranked = tuple(Bracket(lower=each.lower, price=money(place)) for place, each in enumerate(prices))
    low, high = sorted((one, other))
    assert unit_cents(tariff(ranked), low) <= unit_cents(tariff(ranked), high)


@given(prices=bracket_grids(), amount_cents=quotients, lower=st.integers(1, 3))
def test_a_household_is_put_so_many_brackets_lower_and_never_below_the_first(
    prices: tuple[Bracket, ...], amount_cents: int, lower: int
) -> None:
    ranked = tuple(Bracket(lower=each.lower, price=money(place)) for place, each in enumerate(prices))
    own = unit_cents(tariff(ranked), amount_cents)
    assert unit_cents(tariff(ranked, lower_brackets=lower), amount_cents) == max(0, own - lower)


# ---- published intervals --------------------------------------------------------------------------------------------


@st.composite
def published(draw: st.DrawFn) -> list[Interval]:
    """Intervals that nearly follow each other: each begins near where the one before ended."""
    found: list[Interval] = []
    first = 0
    for _ in range(draw(st.integers(1, 4))):
        last = first + draw(st.integers(1, 400))
        found.append(
            Interval(
                first=money(first),
                last=money(last),
                with_first=draw(st.booleans()) if first else True,
                with_last=draw(st.booleans()),
                price=money(draw(cents)),
            )
        )
        first = max(0, last + draw(st.sampled_from([0, 0, 0, 1, 100, -250])))
    if draw(st.booleans()):
        endless = Interval(first=money(first), last=None, with_first=draw(st.booleans()), price=money(draw(cents)))
        found.append(endless)
    return draw(st.permutations(found))


def holds(interval: Interval, amount: Decimal) -> bool:
    above = amount >= interval.first if interval.with_first else amount > interval.first
    below = interval.last is None or (amount <= interval.last if interval.with_last else amount < interval.last)
    return above and below


@given(intervals=published(), unit=st.sampled_from([CENT, EURO]))
def test_what_is_found_in_a_published_grid_is_what_every_quotient_tells(
    intervals: list[Interval], unit: Decimal
) -> None:
    intervals = [each for each in intervals if not each.is_empty(unit)]
    if not intervals:
        return
    highest = max(each.last or each.first + 5 for each in intervals)
    amounts = [step * unit for step in range(int(highest / unit) + 1)]
    prices = [[each.price for each in intervals if holds(each, amount)] for amount in amounts]
    found = [each for each in findings(intervals, unit) if each.kind != "above"]
    for finding in found:
        told = [sum(holds(each, amount) for each in intervals) for amount in (finding.first, finding.last)]
        assert min(told) > 1 if finding.kind == "overlap" else max(told) == 0
    within = prices if intervals[-1].last is None else prices[: int(highest / unit)]
    if found:
        assert any(len(each) != 1 for each in prices)
        return
    assert all(len(each) == 1 for each in within)
    by_lower = brackets(intervals, unit)
    for amount, [only] in zip(amounts, within, strict=False):
        assert next(each.price for each in reversed(by_lower) if each.lower <= amount) == only


# ---- numbers --------------------------------------------------------------------------------------------------------


@given(st.integers(-(10**9) + 1, 10**9 - 1))
def test_an_amount_is_read_as_it_is_printed(amount_cents: int) -> None:
    amount = money(amount_cents)
    assert parse_number(french_euros(amount)) == amount
    assert parse_number(french_number(amount)) == amount
    assert parse_number(amount) == amount


@given(st.text(max_size=20) | st.floats().map(str).map(Decimal) | st.decimals() | st.integers() | st.booleans())
def test_anything_is_a_number_a_town_could_write_or_none(written: object) -> None:
    found = parse_number(written)
    assert found is None or (found.is_finite() and abs(found) < 10**9)


# ---- quotients ------------------------------------------------------------------------------------------------------

days = st.dates(date(2022, 1, 1), date(2024, 12, 31))


@given(firsts=st.lists(days, max_size=6), day=days, months=st.none() | st.integers(1, 24))
def test_the_quotient_of_a_day_is_the_last_that_began(firsts: list[date], day: date, months: int | None) -> None:
    every = [decided(place, first) for place, first in enumerate(firsts)]
    held = quotient_on(QuotientRule(article="", effect="day", valid_months=months), every, day)
    begun = sorted((first, place) for place, first in enumerate(firsts) if first <= day)
    if months is None:
        assert held == (every[begun[-1][1]] if begun else None)
    elif held is not None:
        assert held == every[begun[-1][1]]
        assert (day - held.first_day).days < months * 31


@given(first=days, until=st.dates(date(2024, 1, 1), date(2024, 12, 31)))
def test_a_quotient_that_ends_on_a_day_of_the_year_holds_a_year_at_most(first: date, until: date) -> None:
    rule = QuotientRule(article="", effect="day", until=AnnualDay(until.month, until.day))
    held = [first + timedelta(days=count) for count in range(400)]
    held = [day for day in held if quotient_on(rule, [decided(1, first)], day) is not None]
    assert held == [first + timedelta(days=count) for count in range(len(held))]
    assert 1 <= len(held) <= 366
    assert (held[-1].month, min(held[-1].day, 28)) == (until.month, min(until.day, 28))
