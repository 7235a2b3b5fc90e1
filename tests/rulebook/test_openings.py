"""What is offered on a day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.identifiers import Commune, Slug
from rulebook.openings import closure_on, days_between, first_day_of, offered, session_of
from rulebook.reader import read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.towns import load
from tests.rulebook.town import WEEK, only_activity, town

VILLENNES, CHANTELOUP, VILLARS = (
    read_rulebook(load(Commune(name))[0]) for name in ("villennes-sur-seine", "chanteloup-les-vignes", "villars")
)


def units(rulebook: Rulebook, activity: str, day: str, **where: Slug) -> list[str]:
    found = offered(rulebook, rulebook.activities[Slug(activity)], date.fromisoformat(day), **where)
    return [unit.slug for unit in found]


def test_villars_serves_its_first_meal_on_thursday_the_first_of_september() -> None:
    assert not units(VILLARS, "restauration-scolaire", "2022-08-31")
    assert units(VILLARS, "restauration-scolaire", "2022-09-01") == ["repas"]
    assert not units(VILLARS, "restauration-scolaire", "2022-09-07"), "a Wednesday"


def test_wednesdays_of_villennes_follow_the_school_calendar_of_zone_c() -> None:
    assert units(VILLENNES, "alsh-mercredis", "2024-03-27") == ["journee"]
    assert not units(VILLENNES, "alsh-mercredis", "2024-04-10"), "spring holidays"
    assert not units(VILLENNES, "alsh-mercredis", "2024-05-01"), "a public holiday"
    assert not units(VILLENNES, "alsh-mercredis", "2024-03-28"), "a Thursday"


def test_the_holidays_of_villennes_are_short_or_long_never_a_bridge() -> None:
    assert units(VILLENNES, "alsh-petites-vacances", "2024-04-09") == ["journee"]
    assert not units(VILLENNES, "alsh-petites-vacances", "2024-07-10")
    assert units(VILLENNES, "alsh-grandes-vacances", "2024-07-10") == ["journee"]
    assert not units(VILLENNES, "alsh-petites-vacances", "2024-05-10")


def test_villennes_is_closed_between_christmas_and_the_new_year() -> None:
    activity = VILLENNES.activities[Slug("alsh-petites-vacances")]
    assert not units(VILLENNES, "alsh-petites-vacances", "2023-12-27")
    assert units(VILLENNES, "alsh-petites-vacances", "2024-01-02") == ["journee"]
    closure = closure_on(activity, date(2023, 12, 27))
    assert closure is not None
    assert closure.reason == "fermeture-annuelle"


def test_a_day_whose_school_calendar_is_unknown_is_never_offered() -> None:
    assert units(VILLARS, "garderie", "2028-06-16") == ["matin", "soir"]
    assert not units(VILLARS, "garderie", "2028-09-04")


def test_school_years_to_come_are_open_without_a_new_rulebook() -> None:
    assert units(VILLARS, "restauration-scolaire", "2026-11-20") == ["repas"]


def test_an_opening_may_be_for_a_site_a_group_a_unit_and_a_span() -> None:
    rulebook = town(
        days='["lundi"]',
        activity='sites = {nord = "Nord", sud = "Sud"}\ngroupes = {grands = "Grands"}',
        more='[[activites.accueil.ouvertures]]\njours = ["samedi"]\nquand = "tous"\nsites = ["nord"]\n'
        'groupes = ["grands"]\nunites = ["repas"]\ndu = "1er novembre"\nau = "28 février"',
    )
    assert units(rulebook, "accueil", "2024-01-06") == ["repas"]
    assert units(rulebook, "accueil", "2024-01-06", site=Slug("nord"), group=Slug("grands")) == ["repas"]
    assert not units(rulebook, "accueil", "2024-01-06", site=Slug("sud"))
    assert not units(rulebook, "accueil", "2024-03-02")
    assert units(rulebook, "accueil", "2024-03-04", site=Slug("sud")) == ["repas"]


def test_a_unit_may_have_its_own_days() -> None:
    rulebook = town(
        days='["lundi", "mardi"]', more='[activites.accueil.unites.gouter]\nnom = "Goûter"\njours = ["mardi"]'
    )
    assert units(rulebook, "accueil", "2024-03-25") == ["repas"]
    assert units(rulebook, "accueil", "2024-03-26") == ["repas", "gouter"]


def test_published_sessions_bound_what_is_offered() -> None:
    rulebook = town(
        more='[[activites.accueil.sessions]]\nnom = "Hiver"\npremier_jour = 2023-12-27\ndernier_jour = 2024-01-05',
    )
    assert not units(rulebook, "accueil", "2023-12-26")
    assert units(rulebook, "accueil", "2023-12-27") == units(rulebook, "accueil", "2024-01-05") == ["repas"]
    session = session_of(only_activity(rulebook), date(2024, 1, 1))
    assert session is not None
    assert session.name == "Hiver"


def test_a_session_of_chanteloup_is_a_week_of_holidays() -> None:
    activity = CHANTELOUP.activities[Slug("vacances")]
    session = session_of(activity, date(2023, 10, 25))
    assert session is not None
    assert (session.first_day, session.last_day) == (date(2023, 10, 23), date(2023, 10, 29))
    assert first_day_of(activity, session) == date(2023, 10, 23)
    assert session_of(activity, date(2024, 3, 27)) is None


@pytest.mark.parametrize("kind", ["vacances", "semaines de vacances", "annee scolaire"])
def test_every_day_of_a_session_gives_the_same_session(kind: str) -> None:
    activity = only_activity(town(days=WEEK, activity=f'sessions = "{kind}"'))
    for day in days_between(date(2023, 9, 1), date(2024, 8, 31)):
        session = session_of(activity, day)
        if session is not None:
            assert session.first_day <= day <= session.last_day
            assert session_of(activity, session.first_day) == session_of(activity, session.last_day) == session


@given(st.dates())
def test_no_day_however_strange_raises(day: date) -> None:
    for rulebook in (VILLENNES, CHANTELOUP, VILLARS):
        for activity in rulebook.activities.values():
            offered(rulebook, activity, day)
