"""Deadlines at their edges."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.rulebook import Verb
from tests.rulebook.town import WEEK, asked, at, last_minute, only_activity, town, unit_of

WEDNESDAY_BEFORE = 'type = "jour de la semaine"\njour = "mercredi"\nsemaines_avant = 1'


# The last second, the first second after


def test_a_request_in_the_last_second_is_in_time_and_in_the_first_second_after_is_late() -> None:
    when = asked(town(), "2024-03-27")
    assert not when.is_late(at("2024-03-12T23:59:59.999999"))
    assert when.is_late(at("2024-03-13T00:00"))


def test_noon_is_honoured_until_the_end_of_its_minute() -> None:
    when = asked(town('type = "jours"\nnombre = 1\nheure = "12:00"'), "2024-03-27")
    assert not when.is_late(at("2024-03-26T12:00:59.999999"))
    assert when.is_late(at("2024-03-26T12:01"))


def test_before_the_service_starts_closes_when_it_starts() -> None:
    when = asked(town('type = "jours"\nnombre = 0\nheure = "debut du service"'), "2024-03-27")
    assert not when.is_late(at("2024-03-27T11:44:59.999999"))
    assert when.is_late(at("2024-03-27T11:45"))


def test_without_a_deadline_a_day_is_never_late_but_is_over_when_the_service_starts() -> None:
    when = asked(town('type = "aucun"'), "2024-03-27")
    assert when.closes_at is None
    assert when.last_instant is None
    assert not when.is_late(at("2024-03-27T11:00"))
    assert not when.is_over(at("2024-03-27T11:44"))
    assert when.is_over(at("2024-03-27T11:45"))


def test_a_unit_without_hours_is_over_at_the_end_of_its_day() -> None:
    when = asked(town('type = "aucun"', unit=""), "2024-03-27")
    assert when.final_at == at("2024-03-28T00:00")


# The two days of a change of clock


def test_the_evening_of_the_spring_change_still_closes_at_midnight() -> None:
    assert asked(town(), "2024-04-15").closes_at == datetime(2024, 3, 31, 22, tzinfo=UTC)


def test_the_evening_of_the_autumn_change_still_closes_at_midnight() -> None:
    assert asked(town(), "2024-11-11").closes_at == datetime(2024, 10, 27, 23, tzinfo=UTC)


def test_an_hour_that_the_spring_skips_closes_after_the_gap() -> None:
    when = asked(town('type = "jours"\nnombre = 15\nheure = "02:30"'), "2024-04-15")
    assert when.last_instant is not None
    assert when.last_instant.strftime("%H:%M") == "01:30"


def test_an_hour_that_the_autumn_repeats_closes_at_its_second_passage() -> None:
    when = asked(town('type = "jours"\nnombre = 15\nheure = "02:30"'), "2024-11-11")
    assert when.closes_at == at("2024-10-27T02:30", fold=1) + timedelta(minutes=1)


def test_72_hours_are_hours_of_the_wall_clock_across_both_changes() -> None:
    rulebook = town('type = "heures"\nnombre = 72')
    assert last_minute(rulebook, "2024-04-01") == "2024-03-29T11:45"
    assert last_minute(rulebook, "2024-10-29") == "2024-10-26T11:45"


def test_hours_of_a_weekend_may_not_count() -> None:
    rulebook = town('type = "heures"\nnombre = 48\nne_comptent_pas = ["week-end"]')
    assert last_minute(rulebook, "2024-03-18") == "2024-03-14T11:45"
    assert last_minute(rulebook, "2024-03-15") == "2024-03-13T11:45"


# Weeks


def test_a_sunday_belongs_to_the_week_it_ends() -> None:
    assert last_minute(town(WEDNESDAY_BEFORE), "2024-03-31") == "2024-03-20T23:59"
    assert last_minute(town(WEDNESDAY_BEFORE), "2024-04-01") == "2024-03-27T23:59"


def test_the_week_before_the_first_of_january_is_in_the_year_before() -> None:
    assert last_minute(town(WEDNESDAY_BEFORE), "2025-01-01") == "2024-12-25T23:59"


def test_the_same_week_and_two_weeks_before_are_understood() -> None:
    assert last_minute(town(WEDNESDAY_BEFORE.replace("= 1", "= 0")), "2024-03-29") == "2024-03-27T23:59"
    assert last_minute(town(WEDNESDAY_BEFORE.replace("= 1", "= 2")), "2024-03-29") == "2024-03-13T23:59"


def test_the_last_friday_is_never_the_booked_friday() -> None:
    rulebook = town('type = "jour precedent"\njour = "vendredi"')
    assert last_minute(rulebook, "2024-03-29") == "2024-03-22T23:59"
    assert last_minute(rulebook, "2024-03-30") == "2024-03-29T23:59"


def test_a_count_may_start_from_the_monday_of_the_week() -> None:
    rulebook = town('type = "jours"\nnombre = 10\navant = "lundi"')
    assert last_minute(rulebook, "2024-03-31") == "2024-03-15T23:59"


# Months and years


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ("2024-03-31", "2024-02-29"),
        ("2023-03-31", "2023-02-28"),
        ("2024-05-31", "2024-04-30"),
        ("2024-01-15", "2023-12-15"),
    ],
)
def test_the_month_before_a_31st_is_its_last_day(day: str, until: str) -> None:
    assert last_minute(town('type = "mois"\nnombre = 1'), day) == f"{until}T23:59"


def test_the_31st_of_the_month_before_is_clamped_to_its_end() -> None:
    for written in ("31", '"dernier jour"'):
        rulebook = town(f'type = "jour du mois"\njour = {written}')
        assert last_minute(rulebook, "2024-03-15") == "2024-02-29T23:59"
        assert last_minute(rulebook, "2024-05-15") == "2024-04-30T23:59"


def test_the_20th_of_the_month_before_january_is_in_december() -> None:
    assert last_minute(town('type = "jour du mois"\njour = 20'), "2025-01-06") == "2024-12-20T23:59"


def test_the_29th_of_february_is_counted_when_it_exists() -> None:
    assert last_minute(town(), "2024-03-15") == "2024-02-29T23:59"
    assert last_minute(town(), "2023-03-15") == "2023-02-28T23:59"
    assert last_minute(town('type = "date annuelle"\njour = "29 février"'), "2025-03-15") == "2025-02-28T23:59"


def test_a_date_of_every_year_is_the_last_one_before_the_day() -> None:
    rulebook = town('type = "date annuelle"\njour = "15 juin"')
    assert last_minute(rulebook, "2024-07-08") == "2024-06-15T23:59"
    assert last_minute(rulebook, "2024-05-08") == "2023-06-15T23:59"


def test_a_date_of_every_year_counts_from_the_beginning_of_a_school_year() -> None:
    rulebook = town('type = "date annuelle"\njour = "1er juillet"', activity='sessions = "annee scolaire"')
    assert last_minute(rulebook, "2024-07-04") == "2023-07-01T23:59"


# Days left out


def test_a_public_holiday_is_not_a_working_day() -> None:
    assert last_minute(town('type = "jours ouvres"\nnombre = 1'), "2024-05-02") == "2024-04-30T23:59"
    assert last_minute(town('type = "jours"\nnombre = 1'), "2024-05-02") == "2024-05-01T23:59"


def test_saturdays_are_workable_and_not_worked() -> None:
    assert last_minute(town('type = "jours ouvrables"\nnombre = 1'), "2024-03-18") == "2024-03-16T23:59"
    assert last_minute(town('type = "jours ouvres"\nnombre = 1'), "2024-03-18") == "2024-03-15T23:59"


def test_a_deadline_on_a_public_holiday_stays_or_moves_as_the_town_says() -> None:
    rule = 'type = "jours"\nnombre = 7'
    assert last_minute(town(rule), "2024-05-08") == "2024-05-01T23:59"
    assert last_minute(town(f'{rule}\nreport = "avant"'), "2024-05-08") == "2024-04-30T23:59"
    assert last_minute(town(f'{rule}\nreport = "apres"'), "2024-05-08") == "2024-05-02T23:59"
    assert last_minute(town(f'{rule}\nreport = "avant"'), "2024-03-24") == "2024-03-15T23:59"


def test_wednesdays_school_holidays_and_closed_days_may_be_left_out() -> None:
    rule = 'type = "jours"\nnombre = 2\nne_comptent_pas = '
    assert last_minute(town(f'{rule}["mercredi"]'), "2024-03-28") == "2024-03-25T23:59"
    assert last_minute(town(f'{rule}["vacances"]'), "2024-04-22") == "2024-04-04T23:59"
    closed = town(f'{rule}["fermes"]', days='["lundi", "jeudi"]', when="ecole")
    assert last_minute(closed, "2024-03-28") == "2024-03-21T23:59"


def test_counting_inclusively_makes_the_booked_day_the_first() -> None:
    rule = 'type = "jours ouvres"\nnombre = 3'
    assert last_minute(town(rule), "2024-03-14") == "2024-03-11T23:59"
    assert last_minute(town(f'{rule}\ndecompte = "inclus"'), "2024-03-14") == "2024-03-12T23:59"


def test_clear_days_count_neither_end() -> None:
    assert last_minute(town('type = "jours francs"\nnombre = 3'), "2024-03-15") == "2024-03-11T23:59"


def test_an_extra_public_holiday_of_the_town_is_not_worked() -> None:
    rulebook = town('type = "jours ouvres"\nnombre = 1', top="feries_en_plus = [2024-03-13]")
    assert last_minute(rulebook, "2024-03-14") == "2024-03-12T23:59"


def test_good_friday_is_a_holiday_in_alsace_only() -> None:
    rule = 'type = "jours ouvres"\nnombre = 1'
    assert last_minute(town(rule, top='feries = "alsace-moselle"'), "2024-04-02") == "2024-03-28T23:59"
    assert last_minute(town(rule), "2024-04-02") == "2024-03-29T23:59"


# Sessions, holidays


def test_a_session_that_starts_midweek_counts_from_its_first_open_day() -> None:
    rulebook = town(
        'type = "semaines"\nnombre = 4\navant = "session"',
        days=WEEK,
        when="vacances",
        activity='sessions = "semaines de vacances"',
    )
    assert last_minute(rulebook, "2024-07-08") == "2024-06-10T23:59"
    assert last_minute(rulebook, "2022-07-08") == "2022-06-09T23:59"


def test_a_session_counts_from_the_first_day_children_are_received_not_from_its_saturday() -> None:
    rule = 'type = "semaines"\nnombre = 4\navant = "session"'
    rulebook = town(rule, days=WEEK, when="vacances", activity='sessions = "vacances"')
    assert last_minute(rulebook, "2023-10-23") == last_minute(rulebook, "2023-11-03") == "2023-09-25T23:59"


def test_a_published_session_counts_from_its_announced_first_day() -> None:
    rulebook = town(
        'type = "jours"\nnombre = 10\navant = "session"',
        more='[[activites.accueil.sessions]]\nnom = "Été"\npremier_jour = 2024-07-10\ndernier_jour = 2024-07-19',
    )
    assert last_minute(rulebook, "2024-07-19") == "2024-06-30T23:59"


def test_a_session_over_the_first_of_january_has_one_deadline() -> None:
    rulebook = town('type = "jours"\nnombre = 15\navant = "session"', when="vacances", activity='sessions = "vacances"')
    assert last_minute(rulebook, "2023-12-26") == "2023-12-08T23:59"
    assert last_minute(rulebook, "2024-01-03") == "2023-12-08T23:59"


def test_the_first_day_after_holidays_may_have_its_own_rule() -> None:
    rulebook = town(
        'type = "jours"\nnombre = 2\nheure = "9 h"',
        more='[activites.accueil.delai.apres_vacances]\ntype = "jours"\nnombre = 8\narticle = "1.9"',
    )
    assert last_minute(rulebook, "2024-04-22") == "2024-04-14T09:00"
    assert last_minute(rulebook, "2024-04-23") == "2024-04-21T09:00"
    assert asked(rulebook, "2024-04-22").article == "1.9"


# Verbs, lateness, grace, opening


def test_booking_and_cancelling_may_differ_and_a_unit_may_have_its_own() -> None:
    rulebook = town(
        more='[activites.accueil.unites.repas.delai_annulation]\ntype = "jours"\nnombre = 1\nretard = "agent"'
    )
    assert last_minute(rulebook, "2024-03-27", Verb.BOOK) == "2024-03-12T23:59"
    assert last_minute(rulebook, "2024-03-27", Verb.CANCEL) == "2024-03-26T23:59"
    assert asked(rulebook, "2024-03-27", Verb.CANCEL).late == "agent"


GRACE = """[[tolerances]]
nom = "Rentrée"
article = "9"
demandes_au = "30 septembre"
jours_du = "1er septembre"
jours_au = "30 juin"
"""


def test_a_back_to_school_request_is_never_late_until_the_end_of_the_30th_of_september() -> None:
    when = asked(town('type = "jours"\nnombre = 15\nretard = "majoration"', more=GRACE), "2023-10-09")
    assert when.last_instant is not None
    assert when.last_instant < at("2023-09-25T00:00")
    assert not when.is_late(at("2023-09-30T23:59:59.999999"))
    assert when.is_late(at("2023-10-01T00:00"))
    assert when.late == "surcharge"
    assert when.grace_article == "9"


def test_grace_comes_back_every_year_and_never_outlives_the_day() -> None:
    rulebook = town(more=GRACE)
    assert not asked(rulebook, "2026-10-09").is_late(at("2026-09-29T12:00"))
    assert asked(rulebook, "2024-03-27").is_late(at("2024-03-13T00:00"))
    assert asked(rulebook, "2023-09-20").grace_until == at("2023-09-20T11:45")


def test_a_dated_grace_has_a_beginning_and_may_be_for_one_verb() -> None:
    grace = '[[tolerances]]\nnom = "Panne"\ndemandes_du = 2024-03-14\ndemandes_au = 2024-03-15\npour = "reservation"'
    rulebook = town(more=grace)
    when = asked(rulebook, "2024-03-27")
    assert when.is_late(at("2024-03-13T12:00"))
    assert not when.is_late(at("2024-03-14T00:00"))
    assert when.is_late(at("2024-03-16T00:00"))
    assert asked(rulebook, "2024-03-27", Verb.CANCEL).is_late(at("2024-03-14T12:00"))


def test_bookings_open_on_a_date_and_an_hour_and_cancelling_is_always_open() -> None:
    opening = '[activites.accueil.ouverture]\ntype = "semaines"\nnombre = 6\nheure = "20:00"'
    rulebook = town(more=opening)
    when = asked(rulebook, "2024-03-27")
    assert when.opens_at == at("2024-02-14T20:00")
    assert not when.is_open_yet(at("2024-02-14T19:59:59.999999"))
    assert asked(rulebook, "2024-03-27", Verb.CANCEL).opens_at is None


# Properties

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
