"""What happened, in one French sentence: every fact there is, one day or many, by somebody or by a rule."""

import re
from datetime import date, timedelta

import pytest

from api.french_history import SENTENCES, sentence
from api.french_runs import days
from api.history_words import HistoryWords
from ledger.codec import WIRE_NAMES
from ledger.streams import child_page, household_page, town_page
from rulebook.town import rules_of
from tests.asks import (
    absent,
    alternate,
    approve,
    cancel,
    close,
    end_enrolment,
    every,
    join,
    leave,
    mark,
    places,
    reject,
    reserve,
    sheet,
    submit,
    swap,
    withdraw,
)
from tests.formalities import accept, change, enrolment, family, quotient, turn_down
from tests.ledger.examples import entries
from tests.spec import Step, about, clock, enrolled, given
from tests.telling import said, told
from tests.town import AWA, CANTINE, DIALLO, ETUDE, GARDERIE, MATTEO, ROSSI, RULEBOOK, VALMONT

MATTEOS = child_page(VALMONT, MATTEO.id)
HOME = household_page(VALMONT, ROSSI)
WORDS = HistoryWords(rules=rules_of([RULEBOOK]))


def last(*steps: Step, count: int = 1) -> list[str]:
    """The last sentences of Matteo's page."""
    return said(given(*steps).story, MATTEOS)[-count:]


def at_home(*steps: Step, count: int = 1) -> list[str]:
    """The last sentences of the household's page."""
    return said(given(*steps).story, HOME)[-count:]


# Every fact -----------------------------------------------------------------------------------------------------------


def of_examples() -> dict[str, str]:
    """One sentence of each wire name, from the facts every version of which is kept as an example."""
    pages: dict[str, list] = {}
    for entry in entries():
        pages.setdefault(entry.stream, []).append(entry)
    items = [item for page in pages.values() for item in told(page)]
    return {item.line.type: sentence(item, WORDS) for item in items}


def test_every_fact_has_its_sentence():
    assert set(SENTENCES) == set(WIRE_NAMES)
    assert set(of_examples()) == set(WIRE_NAMES.values())


@pytest.mark.parametrize("name", WIRE_NAMES.values())
def test_a_sentence_is_one_and_says_nothing_of_the_code(name: str):
    text = of_examples()[name]
    assert re.fullmatch(r"[A-ZÉÀ].*[^ .]\.", text), text
    assert not re.search(r"  |\bNone\b|[{}<>_]|\(s\)|datetime", text), text
    assert not re.search(r"\b1 (jours|places|justificatifs|utilisations)\b|[02-9] (jour|place|justificatif)\b", text)
    assert "8d7c" not in text, "an account is not for a sentence"


# Days -----------------------------------------------------------------------------------------------------------------


def run(first: str, count: int, *, step: int = 1) -> list[date]:
    return [date.fromisoformat(first) + timedelta(days=step * number) for number in range(count)]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (run("2024-03-27", 1), "du mercredi 27 mars 2024"),
        (run("2024-01-22", 2), "des lundi 22 et mardi 23 janvier 2024"),
        (run("2024-01-31", 2, step=7), "des mercredi 31 janvier et mercredi 7 février 2024"),
        (run("2023-12-27", 2, step=7), "des mercredi 27 décembre 2023 et mercredi 3 janvier 2024"),
        (run("2024-04-01", 5), "du lundi 1er au vendredi 5 avril 2024 (5 jours)"),
        (run("2024-04-29", 5), "du lundi 29 avril au vendredi 3 mai 2024 (5 jours)"),
        (run("2024-03-06", 17, step=7), "des mercredis du 6 mars au 26 juin 2024 (17 jours)"),
        (run("2023-12-06", 6, step=7), "des mercredis du 6 décembre 2023 au 10 janvier 2024 (6 jours)"),
        (
            [*run("2024-01-22", 3, step=7), *run("2024-01-23", 3, step=7)],
            "des lundis et mardis du 22 janvier au 6 février 2024 (6 jours)",
        ),
        (
            [*run("2024-01-22", 4), *run("2024-01-29", 4)],
            "de 8 jours entre le lundi 22 janvier 2024 et le jeudi 1er février 2024",
        ),
    ],
)
def test_many_days_are_said_in_few_words(found: list[date], words: str):
    for drawn in (reversed(found), found * 2):
        phrase = days(drawn)
        assert f"{phrase.of_the} ({phrase.how_many})".removesuffix(" ()") == words


# Demandes -------------------------------------------------------------------------------------------------------------


def test_a_request_says_its_number_its_day_its_activity_and_who_asked():
    assert last(enrolled(MATTEO), reserve("2024-03-27")) == [
        "Demande n° 1 : réservation du mercredi 27 mars 2024 (Mercredis, journée) demandée par un agent."
    ]


def test_a_term_of_wednesdays_is_one_run():
    term = submit(repeats=[every("mercredi", "2024-03-06", "2024-04-03", unit="journee")])
    assert last(enrolled(MATTEO), term) == [
        (
            "Demande n° 1 : réservation des mercredis du 6 mars au 3 avril 2024 (5 jours, Mercredis, journée) demandée"
            " par un agent."
        )
    ]


def test_days_of_two_units_are_said_apart():
    asked = reserve("2024-03-27 matinee", "2024-04-03 journee")
    assert last(enrolled(MATTEO), asked) == [
        (
            "Demande n° 1 : réservation du mercredi 27 mars 2024 (Mercredis, matinée) et du mercredi 3 avril 2024"
            " (journée) demandée par un agent."
        )
    ]


def test_what_is_late_says_so_with_what_it_costs():
    [asked, _] = last(about(ETUDE), enrolled(MATTEO), reserve("2024-01-11 gouter", "2024-03-25 gouter"), count=2)
    assert ", dont 1 jour hors délai, dont 1 jour avec majoration." in asked
    [asked, _] = last(about(ETUDE), enrolled(MATTEO), reserve("2024-01-11 gouter"), count=2)
    assert asked.endswith("demandée par un agent, hors délai, avec majoration.")


def test_a_derogation_is_said_in_the_words_of_the_town_and_what_is_entered_at_the_counter_too():
    asked = submit(reserve=["2024-01-17"], derogation="urgence", origin="counter")
    assert last(enrolled(MATTEO), asked) == [
        (
            "Demande n° 1 : réservation du mercredi 17 janvier 2024 (Mercredis, journée) saisie au guichet par un"
            " agent, hors délai, par dérogation : urgence familiale."
        )
    ]


def test_a_decision_says_who_or_which_article_decided():
    assert last(enrolled(MATTEO), reserve("2024-03-27"), approve()) == [
        "Demande n° 1 : réservation du mercredi 27 mars 2024 (Mercredis, journée) acceptée par un agent."
    ]
    assert last(about(CANTINE), enrolled(MATTEO), reserve("2024-01-22 repas")) == [
        "Demande n° 1 : réservation du lundi 22 janvier 2024 (Cantine, repas) acceptée par le règlement, article 3."
    ]


def test_a_refusal_says_why():
    assert last(enrolled(MATTEO), reserve("2024-03-27"), reject()) == [
        (
            "Demande n° 1 : réservation du mercredi 27 mars 2024 (Mercredis, journée) refusée par un agent, motif : il"
            " ne reste plus de place."
        )
    ]


def test_a_part_of_a_demande_says_what_still_waits():
    asked = reserve("2024-03-27", "2024-04-03")
    partly = said(given(enrolled(MATTEO), asked, approve(only=["2024-03-27"])).story, MATTEOS)
    assert partly[-2:] == [
        (
            "Demande n° 1 : réservation du mercredi 27 mars 2024 (Mercredis, journée) acceptée par un agent. 1 autre"
            " jour attend encore une réponse."
        ),
        (
            "Demande n° 1 : réservation du mercredi 3 avril 2024 (Mercredis, journée) refusée par un agent, motif :"
            " autre motif."
        ),
    ]


def test_booking_and_giving_up_under_one_number_are_both_accepted():
    booked = (reserve("2024-03-27"), approve())
    changed = submit(reserve=["2024-04-03"], cancel=["2024-03-27"])
    assert last(enrolled(MATTEO), *booked, changed, approve()) == [
        (
            "Demande n° 2 : réservation du mercredi 3 avril 2024 (Mercredis, journée) et annulation du mercredi 27 mars"
            " 2024 (Mercredis, journée) acceptées par un agent."
        )
    ]


def test_what_is_taken_back_says_what_it_was():
    assert last(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27"), withdraw()) == [
        "Demande n° 2 : annulation du mercredi 27 mars 2024 (Mercredis, journée) retirée par un agent."
    ]


def test_an_absence_says_why_the_child_did_not_come():
    steps = (about(GARDERIE), enrolled(MATTEO), reserve("2024-01-16 soir"), clock("2024-01-16 20:00"))
    [asked, decided] = last(*steps, absent("2024-01-16 soir", reason="sortie"), count=2)
    assert asked.startswith("Demande n° 2 : absence du mardi 16 janvier 2024 (Garderie, soir) déclarée par un agent")
    assert ", motif : " in asked
    assert "absence du mardi 16 janvier 2024 (Garderie, soir) acceptée par le règlement" in decided


def test_a_demande_without_days_and_what_it_brings_about():
    assert at_home(family(), quotient(), accept(), count=3) == [
        (
            "Demande n° 1 : quotient familial de 653,00\u00a0€ (attestation de la CAF) déclaré par un agent, avec 1"
            " justificatif."
        ),
        "Demande n° 1 : quotient familial accepté par un agent.",
        (
            "Quotient familial de 653,00\u00a0€ retenu à partir du 1er février 2024 (attestation de la CAF) par un"
            " agent, à la suite de la demande n° 1."
        ),
    ]
    [asked, refused] = at_home(family(), change("address", documents=["certificate"]), turn_down(), count=2)
    assert (
        asked == "Demande n° 1 : changement d'adresse demandé par un agent, au sujet de la personne paola,"
        " avec 1 justificatif."
    )
    assert refused.startswith("Demande n° 1 : changement d'adresse refusé par un agent, motif : ")


def test_an_enrolment_says_where_and_until_when():
    assert last(enrolled(MATTEO, activity=CANTINE)) == [
        "Enfant inscrit à Cantine (École du centre) du 1er septembre 2023 au 5 juillet 2024 par un agent."
    ]
    assert last(enrolled(MATTEO), end_enrolment("2024-03-26")) == [
        "Inscription à Mercredis arrêtée après le 26 mars 2024 par un agent."
    ]
    [asked] = last(enrolled(MATTEO), family(), enrolment())
    assert asked.startswith("Demande n° 1 : inscription à Cantine (École du centre) du 15 janvier 2024 au 5 juillet")


# The child, the town --------------------------------------------------------------------------------------------------


def test_who_came_says_when_and_what_it_corrects():
    booked = (about(GARDERIE), enrolled(MATTEO), reserve("2024-01-16 soir"), clock("2024-01-16 20:00"))
    came = sheet("2024-01-16 soir", mark("present", arrived="2024-01-16 16:30", left="2024-01-16 18:05"))
    [first, second] = last(*booked, came, sheet("2024-01-16 soir", mark("absent")), count=2)
    where = "le mardi 16 janvier 2024 (Garderie, soir) par un agent"
    assert first == f"Présence pointée {where}, arrivée à 16 h 30, départ à 18 h 05."
    assert re.fullmatch(rf"Absence pointée {re.escape(where)}, à la place de la ligne \d+\.", second)


def test_two_homes_and_whose_day_it_is():
    steps = (enrolled(MATTEO, AWA), join(DIALLO), alternate(ROSSI, DIALLO), swap("2024-03-27", "2024-03-27", DIALLO))
    [joined, agreed, excepted] = last(*steps, count=3)
    assert joined == f"Enfant rattaché aussi au foyer {DIALLO[:8]} par un agent."
    assert agreed.startswith("Garde alternée enregistrée par un agent : à partir du ")
    assert f"le mercredi 27 mars 2024 : au foyer {DIALLO[:8]}" in excepted
    [left] = last(enrolled(MATTEO, AWA), join(DIALLO), leave(DIALLO))
    assert left == f"Enfant détaché du foyer {DIALLO[:8]} par un agent."


def test_what_the_town_decides():
    story = given(close("2024-03-27"), about(CANTINE), places(1, "2024-01-22 repas")).story
    assert said(story, town_page(VALMONT))[-2:] == [
        "Fermeture le mercredi 27 mars 2024 pour toute la commune décidée par un agent, motif : grève.",
        "Nombre de places du lundi 22 janvier 2024 (Cantine, repas) fixé par un agent : 1 place.",
    ]


def test_a_site_that_closes_for_every_activity_is_called_by_its_name():
    story = given(close("2024-03-27", site="prairie")).story
    [closed] = said(story, town_page(VALMONT))[-1:]
    assert "mercredi 27 mars 2024 pour toute la commune, École de la prairie décidée par un agent" in closed


def test_an_activity_no_rulebook_knows_keeps_its_slug():
    assert WORDS.activity("voile", date(2024, 3, 27)) == "voile"  # type: ignore[arg-type]
