"""Whose day it is: weeks, halves of the school holidays, exceptions, and the end of it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.days import Calendar, Season, days_between, official_holidays, week_number
from ledger.events import CustodyAgreed, CustodyEnded, CustodyExcepted, CustodyStatement, HolidayHalves, ProofSeen, Week
from ledger.identifiers import HouseholdId, Subject
from rulebook.custody import first_half, household_of, households_in, shares_from, statement_on

MOTHER, FATHER = HouseholdId("mother"), HouseholdId("father")
ZONE_C = Calendar(zone="C")
PROOF = ProofSeen(kind="judgement", seen_by=Subject("agent-1"), seen_on=date(2023, 9, 1))
START = date(2023, 9, 1)


def all_week(household: HouseholdId) -> Week:
    return (household,) * 7


def agreed(first_day=START, *, even=None, odd=None, holidays=None) -> CustodyAgreed:
    """Even weeks with the mother, odd weeks with the father, unless said otherwise."""
    return CustodyAgreed(
        first_day=first_day,
        even_week=even or all_week(MOTHER),
        odd_week=odd or all_week(FATHER),
        holidays=holidays,
        proof=PROOF,
    )


def excepted(first: date, last: date, household=FATHER) -> CustodyExcepted:
    return CustodyExcepted(first_day=first, last_day=last, household=household, proof=PROOF)


def ended(first_day: date) -> CustodyEnded:
    return CustodyEnded(first_day=first_day, proof=PROOF)


def on(day: str, *statements: CustodyStatement, calendar: Calendar | None = ZONE_C) -> HouseholdId | None:
    return household_of(statements, date.fromisoformat(day), calendar)


HALVES = HolidayHalves(even_years=MOTHER, odd_years=FATHER)
days = st.dates(START, date(2027, 8, 31))
weeks = st.tuples(*[st.sampled_from([MOTHER, FATHER])] * 7).filter(lambda week: len(set(week)) == 2)
halves = st.none() | st.builds(
    HolidayHalves, even_years=st.sampled_from([MOTHER, FATHER]), odd_years=st.sampled_from([MOTHER, FATHER])
)
agreements = st.builds(
    CustodyAgreed, first_day=days, even_week=weeks, odd_week=weeks, holidays=halves, proof=st.just(PROOF)
)
exceptions = st.builds(
    lambda first, length, household: excepted(first, first + timedelta(days=length), household),
    days,
    st.integers(0, 60),
    st.sampled_from([MOTHER, FATHER]),
)
ends = st.builds(ended, days)
histories = st.lists(agreements | exceptions | ends, max_size=5)


def test_without_a_statement_every_day_is_everybodys():
    assert on("2024-03-27") is None
    assert on("2023-08-31", agreed()) is None


def test_even_weeks_are_one_households_and_odd_weeks_the_others():
    assert on("2024-03-27", agreed()) == FATHER  # week 13
    assert on("2024-04-03", agreed()) == MOTHER  # week 14


def test_a_week_goes_from_monday_to_sunday():
    assert [on(f"2024-03-{day}", agreed()) for day in (24, 25, 31)] == [MOTHER, FATHER, FATHER]


def test_after_a_week_53_two_odd_weeks_follow_one_another():
    custody = agreed(date(2020, 9, 1))
    assert [week_number(date(2020, 12, day)) for day in (21, 28)] == [52, 53]
    mondays = [date(2020, 12, 21) + timedelta(weeks=weeks) for weeks in range(4)]
    assert [week_number(monday) for monday in mondays] == [52, 53, 1, 2]
    assert [household_of([custody], monday, None) for monday in mondays] == [MOTHER, FATHER, FATHER, MOTHER]


def test_the_days_around_new_year_are_of_the_week_they_are_printed_in():
    custody = agreed()
    assert week_number(date(2024, 12, 31)) == 1
    assert household_of([custody], date(2024, 12, 31), None) == FATHER
    assert household_of([custody], date(2024, 12, 29), None) == MOTHER


def test_a_fixed_pattern_is_the_same_every_week():
    pattern = (MOTHER, MOTHER, FATHER, FATHER, FATHER, MOTHER, MOTHER)
    custody = agreed(even=pattern, odd=pattern)
    for monday in ("2024-03-18", "2024-03-25"):
        first = date.fromisoformat(monday)
        assert tuple(household_of([custody], first + timedelta(days=n), None) for n in range(7)) == pattern


def test_holidays_follow_the_weeks_unless_they_are_shared():
    assert on("2024-04-08", agreed()) == FATHER  # week 15
    assert on("2024-04-08", agreed(holidays=HALVES)) == MOTHER


def test_the_first_half_of_the_holidays_is_by_the_parity_of_the_year_they_begin_in():
    custody = agreed(holidays=HALVES)
    assert (on("2024-04-06", custody), on("2024-04-13", custody)) == (MOTHER, MOTHER)
    assert (on("2024-04-14", custody), on("2024-04-21", custody)) == (FATHER, FATHER)
    assert (on("2025-04-12", custody), on("2025-04-27", custody)) == (FATHER, MOTHER)


def test_christmas_is_of_the_year_it_begins_in_and_its_second_half_of_the_other_household():
    custody = agreed(holidays=HALVES)
    assert on("2023-12-23", custody) == FATHER
    assert on("2024-01-02", custody) == MOTHER


def test_of_an_odd_number_of_days_the_first_half_has_one_more():
    summer = ZONE_C.holiday_on(date(2026, 7, 14))
    assert summer is not None
    assert ((summer.last_day - summer.first_day).days + 1) % 2 == 1
    before, after = first_half(summer) - summer.first_day, summer.last_day - first_half(summer)
    assert before == after  # both ends included, the first has the day in the middle too
    custody = agreed(holidays=HALVES)
    assert household_of([custody], first_half(summer), ZONE_C) == MOTHER
    assert household_of([custody], first_half(summer) + timedelta(days=1), ZONE_C) == FATHER


def test_who_has_the_first_half_every_year_leaves_the_second_to_the_other():
    custody = agreed(holidays=HolidayHalves(even_years=FATHER, odd_years=FATHER))
    assert (on("2024-04-06", custody), on("2024-04-21", custody)) == (FATHER, MOTHER)
    assert (on("2025-04-12", custody), on("2025-04-27", custody)) == (FATHER, MOTHER)


def test_a_bridge_is_no_holiday_to_share():
    friday = date(2024, 5, 10)
    assert ZONE_C.season(friday) is Season.BRIDGE
    halves = HolidayHalves(even_years=FATHER, odd_years=FATHER)
    assert household_of([agreed(holidays=halves)], friday, ZONE_C) == FATHER  # week 19
    assert (
        household_of([agreed(even=all_week(FATHER), odd=all_week(MOTHER), holidays=halves)], friday, ZONE_C) == MOTHER
    )


def test_a_day_of_lessons_within_holidays_does_not_cut_them():
    calendar = Calendar(zone="C", class_days=frozenset({date(2024, 4, 10)}))
    assert calendar.holiday_on(date(2024, 4, 10)) is None
    assert household_of([agreed(holidays=HALVES)], date(2024, 4, 10), calendar) == MOTHER


def test_without_a_calendar_no_day_is_in_the_holidays():
    assert on("2024-04-08", agreed(holidays=HALVES), calendar=None) == FATHER


def test_an_exception_covers_its_days_whatever_the_weeks_and_the_holidays_say():
    swap = excepted(date(2024, 4, 6), date(2024, 4, 7))
    assert (on("2024-04-06", agreed(holidays=HALVES), swap), on("2024-04-07", agreed(), swap)) == (FATHER, FATHER)


def test_an_agreement_recorded_after_an_exception_replaces_it():
    swap = excepted(date(2024, 4, 3), date(2024, 4, 3))
    assert on("2024-04-03", agreed(), swap) == FATHER
    assert on("2024-04-03", agreed(), swap, agreed(date(2024, 4, 1))) == MOTHER


def test_from_its_end_on_every_day_is_everybodys_again():
    assert on("2024-04-02", agreed(), ended(date(2024, 4, 3))) == MOTHER
    assert on("2024-04-03", agreed(), ended(date(2024, 4, 3))) is None


@given(days, agreements)
def test_every_day_has_one_household_of_the_two_from_the_first_day_on(day, custody):
    found = household_of([custody], day, ZONE_C)
    assert (found is None) == (day < custody.first_day)
    assert found in (None, MOTHER, FATHER)


@given(days, histories, agreements | exceptions | ends)
def test_a_later_statement_holds_on_the_days_it_covers_and_changes_no_other(day, before, last):
    covers = last.first_day <= day and (not isinstance(last, CustodyExcepted) or day <= last.last_day)
    alone, after = household_of([last], day, ZONE_C), household_of([*before, last], day, ZONE_C)
    assert after == (alone if covers else household_of(before, day, ZONE_C))


@given(days, histories, exceptions)
def test_an_exception_changes_nothing_outside_its_days(day, before, swap):
    if swap.first_day <= day <= swap.last_day:
        assert household_of([*before, swap], day, ZONE_C) == swap.household
    else:
        assert household_of([*before, swap], day, ZONE_C) == household_of(before, day, ZONE_C)


@given(days)
def test_even_and_odd_weeks_alternate_but_for_a_week_53(day):
    custody = agreed()
    now, then = (household_of([custody], each, None) for each in (day, day + timedelta(weeks=1)))
    assert (now == then) == (week_number(day) == 53)


@given(st.sampled_from(["A", "B", "C"]), agreements.filter(lambda each: each.holidays is not None))
def test_halves_partition_every_holiday_in_two_runs_of_days(zone, custody):
    custody = replace(custody, first_day=START)
    calendar = Calendar(zone=zone)
    for holiday in official_holidays(zone):
        if holiday.season is Season.BRIDGE or holiday.first_day < START:
            continue
        held = [household_of([custody], each, calendar) for each in days_between(holiday.first_day, holiday.last_day)]
        most = (len(held) + 1) // 2
        assert len(set(held[:most])) == len(set(held[most:])) == 1
        assert {held[0], held[-1]} == {MOTHER, FATHER}


def test_a_swap_after_the_end_of_custody_shares_its_own_days_and_no_later_one():
    statements = [agreed(), ended(date(2024, 1, 1)), excepted(date(2024, 3, 4), date(2024, 3, 5))]
    assert [shares_from(statements, date(2024, 3, each)) for each in (1, 4, 5, 6)] == [True, True, True, False]
    assert not shares_from([agreed(), ended(date(2024, 1, 1))], date(2024, 1, 1))
    assert shares_from([agreed(), ended(date(2024, 1, 2))], date(2024, 1, 1))


@given(days, histories)
def test_days_are_shared_from_a_day_on_if_one_of_them_is_a_households(day, statements):
    until = date(2028, 1, 1)
    shared = any(household_of(statements, each, ZONE_C) is not None for each in days_between(day, until))
    assert shares_from(statements, day) == shared


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (agreed(), {MOTHER, FATHER}),
        (agreed(even=all_week(FATHER), holidays=HALVES), {MOTHER, FATHER}),
        (excepted(START, START), {FATHER}),
        (ended(START), set()),
    ],
)
def test_a_statement_names_its_households(statement, named):
    assert households_in(statement) == named
    assert statement_on([statement], START) == statement
