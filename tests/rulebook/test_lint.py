"""What a sound rulebook says that its author may not have meant."""

import pytest

from rulebook.lint import warnings
from rulebook.reader import read_rulebook
from rulebook.towns import town_files
from tests.rulebook.town import WEEK, text, town

PLACES = "[activites.accueil.places]\nnombre = 10\n"


def messages(delai: str = 'type = "jours"\nnombre = 15', **around: str) -> str:
    around["more"] = PLACES + around.get("more", "")
    return "\n".join(f"{problem.message} — {problem.remedy}" for problem in warnings(town(delai, **around)))


@pytest.mark.parametrize(("commune", "version", "content"), town_files())
def test_the_three_towns_have_nothing_suspicious(commune: str, version: str, content: str) -> None:
    assert not warnings(read_rulebook(content))


def test_a_quiet_rulebook_is_quiet() -> None:
    assert messages() == ""


def test_warnings_are_warnings() -> None:
    assert {problem.severity for problem in warnings(town())} == {"warning"}


@pytest.mark.parametrize(
    ("around", "said"),
    [
        ({"days": '["dimanche"]', "when": "ponts"}, "aucun jour de la première année"),
        ({"delai": 'type = "jours"\nnombre = 0'}, "une fois le service commencé"),
        ({"delai": 'type = "jours francs"\nnombre = 15\navant = "vacances"', "days": WEEK}, "n'en fait pas partie"),
        (
            {"more": '[activites.accueil.ouverture]\ntype = "jours"\nnombre = 2'},
            "ouvrent après leur limite",
        ),
        (
            {"more": '[activites.accueil.absence]\njustificatif = "obligatoire"'},
            "personne ne le lit",
        ),
        (
            {
                "more": '[activites.accueil.unites.gouter]\nnom = "Goûter"\njours = ["samedi"]\nexige = ["cafe"]\n'
                '[activites.accueil.unites.cafe]\nnom = "Café"\njours = ["lundi"]'
            },
            "exige « Café »",
        ),
        (
            {
                "more": '[[activites.accueil.sessions]]\nnom = "Vieille"\npremier_jour = 2020-01-06\n'
                "dernier_jour = 2020-01-10\n"
                '[[activites.accueil.sessions]]\nnom = "Neuve"\npremier_jour = 2024-01-08\ndernier_jour = 2024-01-12'
            },
            "« Vieille » finit avant",
        ),
    ],
)
def test_what_looks_unmeant_is_told(around: dict[str, str], said: str) -> None:
    assert said in messages(**around)


def test_missing_places_are_told_and_declared_ones_are_not() -> None:
    assert "n'est pas limité" in str(warnings(town())[0])
    assert not warnings(town(more='[activites.accueil.places]\nnombre = "illimite"'))


def test_places_by_group_without_a_group_are_told() -> None:
    found = warnings(town(more='[activites.accueil.places]\npar = "groupe"\nnombre = 4'))
    assert "sans groupe" in found[0].message


def test_a_calendar_about_to_end_is_told() -> None:
    late = town().version.replace("2023", "2028")
    content = next(
        content for commune, version, content in town_files() if (commune, version) == ("villars", "2026-09")
    )
    found = warnings(read_rulebook(content.replace("2026-09-01", "2028-01-01").replace("2026-09", late)))
    assert "jusqu'au jeudi 31 août 2028" in found[0].message


def test_a_warning_is_told_at_its_line() -> None:
    content = text('type = "jours"\nnombre = 0', more=PLACES)
    found = warnings(read_rulebook(content), content)
    assert found[0].line == content.split("\n").index("[activites.accueil.unites.repas]") + 1


def test_a_deadline_after_the_service_is_remedied_by_its_week_too() -> None:
    said = messages('type = "jour de la semaine"\njour = "jeudi"\nsemaines_avant = 0\nheure = "10 h"')
    assert "semaines_avant = 1" in said
