"""Until when an absence may be declared, and what it takes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.identifiers import Commune, Slug
from rulebook.absences import AbsenceWindow, window
from rulebook.reader import RulebookError, read_rulebook
from rulebook.towns import load
from tests.rulebook.town import at, only_activity, town

VILLARS = read_rulebook(load(Commune("villars"))[0])


def opened(rule: str, day: str = "2024-03-27") -> AbsenceWindow:
    rulebook = town(more=f"[activites.accueil.absence]\n{rule}")
    found = window(rulebook, only_activity(rulebook), date.fromisoformat(day))
    assert found is not None
    return found


def test_villars_takes_an_absence_until_the_end_of_the_fifteenth_day_after_it() -> None:
    found = window(VILLARS, VILLARS.activities[Slug("restauration-scolaire")], date(2022, 9, 5))
    assert found is not None
    assert not found.is_late(at("2022-09-20T23:59:59.999999"))
    assert found.is_late(at("2022-09-21T00:00"))
    assert found.document_reasons == found.reasons
    assert found.instruction == "agent"
    assert found.article == "3.4"


def test_fifteen_days_over_the_change_of_clock_end_at_a_local_midnight() -> None:
    assert opened("jours_apres = 15", "2024-03-20").closes_at == at("2024-04-05T00:00")


def test_an_activity_may_take_no_declaration_at_all() -> None:
    rulebook = town()
    assert window(rulebook, only_activity(rulebook), date(2024, 3, 27)) is None


def test_an_absence_may_be_declared_for_ever() -> None:
    found = opened("")
    assert found.closes_at is None
    assert not found.is_late(at("2034-01-01T00:00"))


def test_a_document_may_be_required_for_some_reasons_only() -> None:
    found = opened('justificatif_pour = ["maladie"]')
    assert found.needs_document(Slug("maladie"))
    assert not found.needs_document(Slug("sortie-scolaire"))
    assert found.document_reasons < found.reasons


def test_days_after_may_leave_week_ends_out() -> None:
    found = opened('jours_apres = 2\nne_comptent_pas = ["week-end"]', "2024-03-28")
    assert found.closes_at == at("2024-04-02T00:00")


def test_the_service_may_ask_to_be_warned_the_same_day() -> None:
    assert opened('prevenir_avant = "9 h"').notice_closes_at == at("2024-03-27T09:01")
    assert opened('prevenir_avant = "16:00"\nprevenir_jours_avant = 1').notice_closes_at == at("2024-03-26T16:01")


def test_what_stays_billed_is_kept_for_the_month() -> None:
    found = opened("carence_jours = 1\njours_consecutifs = 4")
    assert (found.waiting_days, found.waiting_hours, found.minimum_run_days) == (1, 0, 4)
    assert opened("carence_heures = 48").waiting_hours == 48


def test_a_waiting_time_written_twice_is_refused() -> None:
    with pytest.raises(RulebookError, match="carence"):
        opened("carence_heures = 48\ncarence_jours = 2")


@given(st.dates())
def test_no_day_however_strange_raises(day: date) -> None:
    window(VILLARS, VILLARS.activities[Slug("garderie")], day)
