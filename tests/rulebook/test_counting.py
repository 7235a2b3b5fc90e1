"""Days counted back on a real calendar."""

import pytest

from tests.rulebook.town import last_minute, town

WEDNESDAY_BEFORE = 'type = "jour de la semaine"\njour = "mercredi"\nsemaines_avant = 1'


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


def test_a_date_of_every_year_is_never_the_booked_day_itself() -> None:
    assert last_minute(town('type = "date annuelle"\njour = "1er juillet"'), "2024-07-01") == "2023-07-01T23:59"


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
