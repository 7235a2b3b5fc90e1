"""What is true of every deadline, whatever the day."""

import time
from datetime import UTC, date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.rulebook import Verb
from tests.rulebook.town import asked, at, last_minute, only_activity, town, unit_of

WEDNESDAY_BEFORE = 'type = "jour de la semaine"\njour = "mercredi"\nsemaines_avant = 1'
MONOTONE = [
    'type = "jours"\nnombre = 15',
    'type = "jours"\nnombre = 15\ndecompte = "inclus"',
    'type = "jours ouvres"\nnombre = 3',
    'type = "jours francs"\nnombre = 5',
    'type = "semaines"\nnombre = 4',
    'type = "mois"\nnombre = 1',
    'type = "heures"\nnombre = 72',
    'type = "heures"\nnombre = 48\nne_comptent_pas = ["week-end", "feries"]',
    'type = "jour du mois"\njour = 31',
    'type = "jours"\nnombre = 7\nreport = "avant"',
    'type = "date annuelle"\njour = "1er juillet"',
    'type = "jour precedent"\njour = "vendredi"',
    WEDNESDAY_BEFORE,
]
TOWNS = [town(rule) for rule in MONOTONE]
CLOCK_CHANGES = [date(2024, 3, 31), date(2024, 10, 27), date(2026, 3, 29), date(2026, 10, 25)]
DAYS = st.dates(date(2022, 1, 1), date(2028, 8, 31))


@given(st.sampled_from(range(len(TOWNS))), DAYS, st.integers(0, 60))
def test_an_earlier_day_never_closes_later(index: int, day: date, gap: int) -> None:
    earlier, later = asked(TOWNS[index], day), asked(TOWNS[index], day + timedelta(days=gap))
    assert earlier.closes_at is not None
    assert later.closes_at is not None
    assert earlier.closes_at <= later.closes_at


@given(st.sampled_from(range(len(TOWNS))), DAYS, st.sampled_from(list(Verb)))
def test_a_day_closes_before_it_begins_and_is_over_after_it_closed(index: int, day: date, verb: Verb) -> None:
    when = asked(TOWNS[index], day, verb)
    assert when.closes_at is not None
    assert when.closes_at <= at(day.isoformat())
    assert when.closes_at <= when.final_at
    assert when.closes_at.tzinfo is UTC


@settings(deadline=None)
@given(st.integers(0, 23), st.integers(0, 59), st.one_of(DAYS, st.sampled_from(CLOCK_CHANGES)))
def test_the_announced_minute_is_the_last_one_a_wall_clock_shows_in_time(hour: int, minute: int, day: date) -> None:
    rulebook = town(f'type = "jours"\nnombre = 1\nheure = "{hour:02d}:{minute:02d}"')
    when = asked(rulebook, day + timedelta(days=1))
    assert when.last_instant is not None
    assert when.closes_at is not None
    shown = when.last_instant.astimezone(rulebook.timezone)
    skipped = hour == 2 and day.month == 3 and day.weekday() == 6 and day.day >= 25
    assert (shown.date(), shown.hour, shown.minute) == (day, 3 if skipped else hour, minute)
    after = when.closes_at.astimezone(rulebook.timezone)
    assert after.replace(tzinfo=None) > shown.replace(tzinfo=None)


@given(st.integers(0, 120), DAYS)
def test_working_days_are_as_many_as_were_asked(count: int, day: date) -> None:
    rulebook = town(f'type = "jours ouvres"\nnombre = {count}')
    calendar = only_activity(rulebook).calendar
    until = date.fromisoformat(last_minute(rulebook, day)[:10])
    worked = [
        passed
        for passed in (until + timedelta(days=gap) for gap in range((day - until).days))
        if passed.weekday() < 5 and calendar.public_holiday(passed) is None
    ]
    assert len(worked) == count


@given(st.sampled_from(range(len(TOWNS))), st.dates())
@settings(max_examples=300)
def test_no_day_however_strange_raises(index: int, day: date) -> None:
    asked(TOWNS[index], day)


def test_a_year_of_deadlines_for_five_units_takes_less_than_20_milliseconds() -> None:
    rulebook = town('type = "jours ouvres"\nnombre = 15')
    days = [date(2023, 9, 1) + timedelta(days=gap) for gap in range(180)]
    activity = only_activity(rulebook)
    unit = unit_of(activity)

    def run() -> float:
        start = time.perf_counter()
        for day in days:
            for _ in range(5):
                asked(rulebook, day, unit=unit.slug)
        return time.perf_counter() - start

    assert min(run() for _ in range(5)) < 0.1, "five times the target, so that a busy machine does not lie"
