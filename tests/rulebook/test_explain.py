"""A rulebook said back in French."""

from datetime import UTC, date, datetime

import pytest

from ledger.identifiers import Commune
from rulebook.explain import explain, french_clock, french_date, french_day, french_instant, join
from rulebook.reader import read_rulebook
from rulebook.towns import load, town_files
from tests.rulebook.town import PARIS, WEEK, town


def said(commune: str) -> list[str]:
    return explain(read_rulebook(load(Commune(commune))[0]))


def heard(delai: str, **around: str) -> str:
    return "\n".join(explain(town(delai, **around)))


def test_a_day_an_hour_and_an_instant_are_written_as_people_read_them() -> None:
    assert french_day(date(2024, 3, 27)) == "mercredi 27 mars 2024"
    assert french_date(date(2024, 8, 1)) == "1er août 2024"
    assert french_clock(datetime(2024, 1, 1, 9, tzinfo=UTC).time()) == "9 h"
    assert (
        french_instant(datetime(2024, 3, 12, 22, 59, 59, 999999, tzinfo=UTC), PARIS) == "mardi 12 mars 2024 à 23 h 59"
    )
    assert french_instant(datetime(2024, 7, 1, 7, 5, tzinfo=UTC), PARIS) == "lundi 1er juillet 2024 à 9 h 05"
    assert join(["lundi", "mardi", "jeudi"]) == "lundi, mardi et jeudi"
    assert join([]) == ""


def test_villennes_hears_the_example_of_its_wednesday() -> None:
    sentence = "Pour le mercredi 27 mars 2024, on peut réserver jusqu'au mardi 12 mars 2024 à 23 h 59 (article 4.1)."
    assert f"ALSH Mercredis — {sentence}" in said("villennes-sur-seine")


def test_villars_hears_each_of_its_days() -> None:
    text = "\n".join(said("villars"))
    for day in ("lundi 27", "mardi 28", "jeudi 30", "vendredi 31"):
        assert (
            f"Pour le {day} mars 2023, on peut réserver jusqu'au mercredi 22 mars 2023 à 23 h 59 (article 3.2)." in text
        )
    assert "dans les 15 jours qui la suivent avec un justificatif (article 3.4)" in text


def test_chanteloup_hears_its_back_to_school_and_its_sessions() -> None:
    text = "\n".join(said("chanteloup-les-vignes"))
    assert "jusqu'au 30 septembre de chaque année, ce jour compris, n'est jamais en retard" in text
    assert "4 semaines avant le premier jour de la session" in text
    assert "une éventuelle majoration" in text
    assert "Journée prend une place de : Demi-journée du matin et Demi-journée de l'après-midi." in text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            'type = "jours"\nnombre = 15\ndecompte = "inclus"',
            "15 jours avant le jour réservé, ce jour compris, à 23 h 59",
        ),
        ('type = "jours"\nnombre = 0\nheure = "9 h"', "le jour même, à 9 h"),
        ('type = "jours"\nnombre = 0\nheure = "debut du service"', "le jour même, avant le début du service"),
        ('type = "jours ouvres"\nnombre = 1', "1 jour ouvré avant le jour réservé, à 23 h 59"),
        ('type = "jours francs"\nnombre = 3', "3 jours francs avant"),
        ('type = "jours ouvrables"\nnombre = 2', "2 jours ouvrables avant le jour réservé, à 23 h 59"),
        (
            'type = "jours ouvres"\nnombre = 2\nne_comptent_pas = ["mercredi"]',
            "2 jours ouvrés avant le jour réservé, sans compter les mercredis, à 23 h 59",
        ),
        ('type = "jours"\nnombre = 2\nne_comptent_pas = ["week-end"]', "sans compter les samedis et les dimanches"),
        (
            'type = "jour de la semaine"\njour = "dimanche"\nsemaines_avant = 0\navant = "vacances"',
            "le dimanche de la semaine du premier jour des vacances",
        ),
        ('type = "heures"\nnombre = 72', "72 heures avant le début du service"),
        ('type = "mois"\nnombre = 1', "1 mois avant"),
        (
            'type = "jour de la semaine"\njour = "mercredi"\nsemaines_avant = 2',
            "le mercredi, 2 semaines avant la semaine réservée",
        ),
        ('type = "jour precedent"\njour = "mardi"', "le mardi précédent"),
        ('type = "jour du mois"\njour = "dernier jour"', "le dernier jour du mois précédent"),
        ('type = "jour du mois"\njour = 1\nmois_avant = 0', "le 1er du même mois"),
        ('type = "date annuelle"\njour = "1er juillet"', "le 1er juillet"),
        ('type = "jours"\nnombre = 7\nreport = "avant"', "reculé au jour ouvré d'avant"),
        ('type = "aucun"', "jusqu'à : le début du service"),
    ],
)
def test_each_type_of_deadline_has_its_words(rule: str, words: str) -> None:
    assert words in heard(rule)


def test_exceptions_and_openings_are_said_with_an_example() -> None:
    text = heard(
        'type = "jours"\nnombre = 2',
        days=WEEK,
        when="ecole",
        more='[activites.accueil.delai.apres_vacances]\ntype = "jours"\nnombre = 8\n'
        '[activites.accueil.ouverture]\ntype = "semaines"\nnombre = 6\nheure = "20:00"',
    )
    assert "pour le premier jour après les vacances, 8 jours avant" in text
    assert "Pour le lundi 22 avril 2024, on peut réserver à partir du lundi 11 mars 2024 à 20 h," in text


def test_every_sentence_ends_and_none_shows_a_word_of_code() -> None:
    for _, _, content in town_files():
        for sentence in explain(read_rulebook(content)):
            assert sentence.endswith(".")
            assert not any(word in sentence for word in ("None", "frozenset", "Measure", "_"))
