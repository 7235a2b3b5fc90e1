"""The town's calendar, against published ones."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.days import (
    Calendar,
    Holiday,
    Season,
    Zone,
    days_between,
    earliest_instant,
    latest_instant,
    local_day,
    local_midnight,
    monday_of,
    public_holidays,
    school_holidays,
    school_year,
    week_number,
    working_hours_after,
    working_hours_between,
    zone_of,
)

PARIS = zone_of("Europe/Paris")
DAYS = st.dates(date(1995, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("day", "week"), [("2024-02-26", 9), ("2024-03-27", 13), ("2022-08-29", 35), ("2021-01-03", 53), ("2024-12-30", 1)]
)
def test_weeks_are_numbered_as_on_the_calendars_of_the_guides(day: str, week: int) -> None:
    assert week_number(date.fromisoformat(day)) == week


def test_a_sunday_belongs_to_the_monday_before_it() -> None:
    assert monday_of(date(2024, 3, 31)) == date(2024, 3, 25)


@pytest.mark.parametrize(("day", "year"), [("2023-08-31", 2022), ("2023-09-01", 2023), ("2024-02-29", 2023)])
def test_a_school_year_begins_on_the_first_of_september(day: str, year: int) -> None:
    assert school_year(date.fromisoformat(day)) == year


def test_midnight_is_an_hour_earlier_in_universal_time_during_summer() -> None:
    assert local_midnight(date(2024, 3, 31), PARIS) == datetime(2024, 3, 30, 23, tzinfo=UTC)
    assert local_midnight(date(2024, 4, 1), PARIS) == datetime(2024, 3, 31, 22, tzinfo=UTC)


def test_a_repeated_hour_has_two_instants_and_a_skipped_one_is_read_on_both_sides() -> None:
    repeated = datetime(2024, 10, 27, 2, 30)  # noqa: DTZ001 - wall time
    assert latest_instant(repeated, PARIS) - earliest_instant(repeated, PARIS) == timedelta(hours=1)
    skipped = datetime(2024, 3, 31, 2, 30)  # noqa: DTZ001 - wall time
    assert latest_instant(skipped, PARIS) == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)


@given(DAYS)
def test_the_day_that_begins_at_its_midnight_is_itself(day: date) -> None:
    assert local_day(local_midnight(day, PARIS), PARIS) == day
    assert local_day(local_midnight(day, PARIS) - timedelta(microseconds=1), PARIS) == day - timedelta(days=1)


@given(DAYS)
def test_a_monday_is_in_the_week_of_its_six_next_days(day: date) -> None:
    monday = monday_of(day)
    assert monday.weekday() == 0
    assert monday <= day < monday + timedelta(days=7)
    assert week_number(monday) == week_number(day)


def test_the_public_holidays_of_2024_are_eleven() -> None:
    holidays = public_holidays(2024)
    assert len(holidays) == 11
    assert holidays[date(2024, 4, 1)] == "Lundi de Pâques"
    assert holidays[date(2024, 5, 9)] == "Ascension"


def test_alsace_and_moselle_have_two_more() -> None:
    assert set(public_holidays(2024, "alsace-moselle")) - set(public_holidays(2024)) == {
        date(2024, 3, 29),
        date(2024, 12, 26),
    }


def test_old_years_have_none_rather_than_an_error() -> None:
    assert public_holidays(1850) == {}


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [("A", "2024-04-13", "2024-04-28"), ("B", "2024-04-20", "2024-05-05"), ("C", "2024-04-06", "2024-04-21")],
)
def test_the_spring_holidays_of_2024_differ_by_zone(zone: Zone, first: str, last: str) -> None:
    (spring,) = school_holidays(zone, date(2024, 4, 1), date(2024, 5, 6))
    assert spring == Holiday(
        "Vacances de printemps", date.fromisoformat(first), date.fromisoformat(last), Season.SHORT_HOLIDAYS
    )


def test_villars_went_back_to_school_on_a_thursday() -> None:
    assert school_holidays("A", date(2022, 8, 31), date(2022, 8, 31))
    assert not school_holidays("A", date(2022, 9, 1), date(2022, 9, 1))


@pytest.mark.parametrize("friday", ["2023-05-19", "2024-05-10", "2025-05-30", "2026-05-15", "2027-05-07", "2028-05-26"])
def test_schools_are_closed_on_the_friday_after_ascension(friday: str) -> None:
    assert Calendar("C").season(date.fromisoformat(friday)) is Season.BRIDGE


def test_summer_is_told_from_the_short_holidays() -> None:
    calendar = Calendar("C")
    assert calendar.season(date(2024, 7, 10)) is Season.SUMMER
    assert calendar.season(date(2024, 2, 14)) is Season.SHORT_HOLIDAYS
    assert calendar.season(date(2024, 3, 27)) is Season.SCHOOL


def test_the_holidays_a_town_writes_replace_those_they_touch() -> None:
    own = Holiday("Vacances d'hiver", date(2024, 2, 12), date(2024, 2, 23), Season.SHORT_HOLIDAYS)
    calendar = Calendar("C", declared=(own,))
    assert calendar.holiday_on(date(2024, 2, 10)) is None
    assert calendar.holiday_on(date(2024, 2, 12)) == own
    assert calendar.holiday_on(date(2024, 4, 9)) is not None


def test_the_holidays_a_town_writes_make_the_calendar_known_longer() -> None:
    assert Calendar("C").known_until() == date(2028, 8, 31)
    own = Holiday("Vacances d'été", date(2029, 7, 7), date(2029, 9, 2), Season.SUMMER)
    assert Calendar("C", declared=(own,)).known_until() == date(2029, 9, 2)


def test_lessons_may_be_given_within_holidays() -> None:
    calendar = Calendar("C", class_days=frozenset({date(2024, 4, 8)}))
    assert calendar.is_class_day(date(2024, 4, 8))
    assert not calendar.is_class_day(date(2024, 4, 9))


@pytest.mark.parametrize(
    ("day", "is_back"),
    [("2024-04-22", True), ("2024-04-23", False), ("2024-03-25", False), ("2022-09-01", True), ("2023-05-09", True)],
)
def test_the_first_day_back_skips_week_ends_and_public_holidays(day: str, is_back: bool) -> None:
    assert Calendar("C").is_first_day_back(date.fromisoformat(day)) is is_back


def test_days_between_includes_both_and_is_empty_backwards() -> None:
    assert list(days_between(date(2023, 12, 31), date(2024, 1, 1))) == [date(2023, 12, 31), date(2024, 1, 1)]
    assert not list(days_between(date(2024, 1, 2), date(2024, 1, 1)))


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2024-01-15 10:00", "2024-01-17 10:00"),  # a Monday
        ("2024-01-12 17:00", "2024-01-16 17:00"),  # a Friday
        ("2024-01-13 11:00", "2024-01-17 00:00"),  # a Saturday counts from Monday
        ("2024-01-14 23:59", "2024-01-17 00:00"),  # a Sunday too
        ("2024-04-30 09:00", "2024-05-03 09:00"),  # 1 May is nobody's working day
        ("2024-04-27 10:00", "2024-05-01 00:00"),  # the end of Tuesday, though Wednesday is off
        ("2024-05-07 09:00", "2024-05-13 09:00"),  # 8 and 9 May, then a week-end
        ("2024-12-24 12:00", "2024-12-27 12:00"),  # Christmas
        ("2024-12-31 12:00", "2025-01-03 12:00"),  # over the year
        ("2024-03-29 08:00", "2024-04-03 08:00"),  # the clocks change on Easter Sunday, and Monday is off
        ("2024-10-25 08:00", "2024-10-29 08:00"),  # and back in October
    ],
)
def test_forty_eight_working_hours_are_two_whole_working_days(asked: str, due: str) -> None:
    instant, end = (datetime.fromisoformat(text).replace(tzinfo=PARIS) for text in (asked, due))
    assert working_hours_after(instant, 48, PARIS) == end
    assert working_hours_between(instant, end, PARIS) == 48


def test_a_holiday_of_the_region_or_of_the_town_is_no_working_day() -> None:
    asked = datetime(2024, 3, 28, 9, tzinfo=PARIS)
    assert working_hours_after(asked, 48, PARIS) == datetime(2024, 4, 2, 9, tzinfo=PARIS)
    assert working_hours_after(asked, 48, PARIS, "alsace-moselle") == datetime(2024, 4, 3, 9, tzinfo=PARIS)
    own = {date(2024, 4, 2)}
    assert working_hours_after(asked, 48, PARIS, closed=own) == datetime(2024, 4, 3, 9, tzinfo=PARIS)


@given(DAYS, st.times(), st.integers(1, 200))
def test_as_many_working_hours_pass_as_were_asked_for(day: date, hour: time, hours: int) -> None:
    asked = datetime.combine(day, hour, PARIS)
    due = working_hours_after(asked, hours, PARIS)
    assert due.tzinfo is UTC
    assert working_hours_between(asked, due, PARIS) == hours
    assert working_hours_between(due, asked, PARIS) == 0
