"""A rulebook said back in French."""

from datetime import UTC, date, datetime

import pytest

from ledger.identifiers import Commune
from rulebook.explain import explain, french_clock, french_date, french_day, french_instant, join
from rulebook.reader import read_rulebook
from rulebook.towns import load, town_files
from tests.rulebook.town import PARIS, WEEK, text, town


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
        ('type = "aucun"', "Limite pour réserver : le début du service"),
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


SITES = '[activites.accueil.sites]\nnord = "École du Nord"\nsud = "École du Sud"\n'


@pytest.mark.parametrize(
    ("around", "sentence"),
    [
        (
            {"more": '[[fermetures]]\ndu = 2024-05-10\nau = 2024-05-10\nmotif = "pont"'},
            "Fermé le vendredi 10 mai 2024 (Pont).",
        ),
        (
            {
                "more": '[[fermetures]]\ndu = "8 juin"\nau = "8 juin"\nmotif = "autre"\nactivites = ["accueil"]',
            },
            "Accueil — Fermé le 8 juin de chaque année (Autre motif).",
        ),
        ({"more": SITES}, "Accueil — Sites : École du Nord et École du Sud."),
        (
            {"more": '[activites.accueil.groupes]\na = "Les petits (3-5 ans)"'},
            "Accueil — Groupe : Les petits (3-5 ans).",
        ),
        (
            {"more": SITES + '[activites.accueil.places]\npar = "site"\nnombre = 80\nsites.sud = 1'},
            "Accueil — École du Sud : 1 place.",
        ),
        (
            {
                "more": '[activites.accueil.unites.gouter]\nnom = "Goûter"\nprend_les_places_de = ["repas"]\n'
                "[activites.accueil.places]\nnombre = 80"
            },
            "Accueil — 80 places pour Repas.",
        ),
        (
            {
                "more": SITES + '[[activites.accueil.ouvertures]]\njours = ["samedi"]\nsites = ["sud"]',
                "days": '["lundi"]',
            },
            "Accueil — Repas (École du Sud) : le samedi, les semaines d'école, jours fériés compris.",
        ),
        (
            {"activity": 'quand = ["ecole", "petites vacances"]', "when": ""},
            "les semaines d'école et pendant les petites vacances, jours",
        ),
        ({"activity": 'places_publiees = "oui"'}, "Accueil — Les familles voient les places qui restent."),
        ({"activity": 'places_tenues = "accord"'}, "Accueil — Une demande ne tient sa place qu'une fois acceptée."),
        ({"unit": 'au_temps_passe = "oui"'}, "Accueil — Repas : on compte l'heure d'arrivée et de départ."),
        ({"top": 'feries = "alsace-moselle"'}, "Jours fériés : alsace-moselle."),
        ({"top": "feries_en_plus = [2024-01-02]"}, "Férié aussi : le mardi 2 janvier 2024."),
        ({"top": "jours_de_classe = [2024-02-13]"}, "Jour de classe pendant les vacances : le mardi 13 février 2024."),
        (
            {
                "more": '[[activites.accueil.sessions]]\nnom = "Hiver"\npremier_jour = 2024-02-12\n'
                'dernier_jour = 2024-02-16\nouverture = "dimanche 7 janvier 2024 à 20 h"\nlimite = "2024-01-21 23:59"'
            },
            "; réservations ouvertes le dimanche 7 janvier 2024 à 20 h ; date limite le dimanche 21 janvier 2024 à",
        ),
        (
            {"more": '[activites.accueil.absence]\ninstruction = "agent"\njustificatif_pour = ["maladie"]'},
            "Accueil — Un justificatif est demandé pour : Enfant malade.",
        ),
        (
            {"more": '[activites.accueil.absence]\ninstruction = "agent"'},
            "Accueil — Un agent décide de chaque absence.",
        ),
        (
            {"more": '[activites.accueil.absence]\njours_apres = 1\nmotifs = ["maladie"]'},
            "Accueil — Une absence se déclare le jour qui la suit au plus tard (article 1).",
        ),
        ({"more": '[activites.accueil.absence]\nmotifs = ["maladie"]'}, "Accueil — Motifs d'absence : Enfant malade."),
    ],
)
def test_nothing_that_the_file_rules_is_left_unsaid(around: dict[str, str], sentence: str) -> None:
    content = text(**around).replace('quand = ""\n', "")
    assert sentence in "\n".join(explain(read_rulebook(content)))


def test_what_holds_for_the_whole_town_is_said_once() -> None:
    grace = '[[tolerances]]\nnom = "Rentrée"\ndemandes_au = "30 septembre"\n'
    closed = '[[fermetures]]\ndu = "24 décembre"\nau = "1er janvier"\nmotif = "fermeture-annuelle"\n'
    said_once = heard('type = "aucun"', more=grace + closed)
    assert "\nFermé du 24 décembre au 1er janvier de chaque année (Fermeture annuelle).\n" in said_once
    assert "\nRentrée : une demande faite jusqu'au 30 septembre" in said_once
