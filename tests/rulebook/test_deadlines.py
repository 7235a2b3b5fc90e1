"""Deadlines at their edges: the last second, the change of clock, sessions, grace."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from ledger.child import Enrolment, SlotKey
from ledger.identifiers import EnrolmentId, Slug
from rulebook.judging import Situation, judge
from rulebook.rulebook import Rulebook, Verb
from rulebook.town import Rules
from tests.rulebook.town import WEEK, asked, at, last_minute, town


def answered(rulebook: Rulebook, now: str) -> tuple[str | None, str | None]:
    """The code and the article told to a child enrolled all year who books the 27th of March."""
    key = SlotKey(Slug("accueil"), Slug("repas"), date(2024, 3, 27))
    year = Enrolment(EnrolmentId(UUID(int=1)), key.activity, None, None, date(2023, 9, 1), date(2024, 8, 31))
    said = judge(Rules(rulebooks=(rulebook,)), Situation(enrolments=(year,), slots={}, now=at(now)), key, Verb.BOOK)
    return said.code, said.article


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


def test_what_is_not_open_yet_cites_the_article_of_its_opening() -> None:
    opening = '[activites.accueil.ouverture]\narticle = "5.1"\ntype = "semaines"\nnombre = 6'
    rulebook = town('article = "5.2"\ntype = "jours"\nnombre = 15', more=opening)
    assert answered(rulebook, "2024-02-13T23:59") == ("not_open_yet", "5.1")
    assert answered(rulebook, "2024-03-13T00:00") == ("deadline_passed", "5.2")


def test_a_deadline_that_a_grace_puts_off_cites_the_article_of_the_grace() -> None:
    grace = '[[tolerances]]\nnom = "Panne"\narticle = "1.4"\ndemandes_au = 2024-03-15'
    rulebook = town('article = "5.2"\ntype = "jours"\nnombre = 15', more=grace)
    assert answered(rulebook, "2024-03-12T12:00") == (None, "1.4")
    assert answered(rulebook, "2024-03-14T12:00") == (None, "1.4")
    assert answered(rulebook, "2024-03-16T00:00") == ("deadline_passed", "5.2")


def test_a_school_year_may_open_on_its_own_first_day() -> None:
    opening = '[activites.accueil.ouverture]\ntype = "date annuelle"\njour = "1er septembre"\nheure = "8 h"'
    rulebook = town(activity='sessions = "annee scolaire"', more=opening)
    assert asked(rulebook, "2023-09-01").opens_at == at("2023-09-01T08:00")
    assert asked(rulebook, "2024-07-01").opens_at == at("2023-09-01T08:00")
