"""A file is read whole, or refused with the line, the article and what to write instead."""

import re
from datetime import time

import pytest

from ledger.identifiers import Slug
from rulebook.reader import Problem, RulebookError, read_rulebook
from tests.rulebook.town import only_activity, text, town


def problems(content: str) -> tuple[Problem, ...]:
    with pytest.raises(RulebookError) as caught:
        read_rulebook(content)
    return caught.value.problems


def only(content: str) -> Problem:
    found = problems(content)
    assert len(found) == 1, caught_text(found)
    return found[0]


def caught_text(found: tuple[Problem, ...]) -> str:
    return "\n".join(map(str, found))


def line_of(content: str, start: str) -> int:
    return next(number for number, line in enumerate(content.split("\n"), 1) if line.startswith(start))


# What is read


def test_a_rulebook_says_its_town_its_version_and_its_day() -> None:
    rulebook = town()
    assert (rulebook.commune, rulebook.version, rulebook.zone) == ("ville", "2023-09", "C")
    assert str(rulebook.in_force_from) == "2023-09-01"
    assert rulebook.timezone.key == "Europe/Paris"


def test_reasons_are_closed_lists_with_french_labels() -> None:
    assert town().absence_reasons[Slug("maladie")] == "Enfant malade"
    own = town(top='motifs.refus = {complet = "Plus de place"}')
    assert dict(own.refusal_reasons) == {"complet": "Plus de place"}
    assert own.closure_reasons == town().closure_reasons


def test_no_reason_that_comes_with_the_house_names_a_diagnosis() -> None:
    labels = " ".join(town().absence_reasons.values()).casefold()
    assert not re.search(r"grippe|covid|allerg|hospital|fièvre", labels)


def test_excluding_is_mutual_even_when_written_once() -> None:
    more = '[activites.accueil.unites.gouter]\nnom = "Goûter"\nexclut = ["repas"]'
    units = only_activity(town(more=more)).units
    assert units[Slug("repas")].excludes == {"gouter"}
    assert units[Slug("gouter")].takes == ("gouter",)


@pytest.mark.parametrize("written", ["9h", "9 h", "9:00", "09:00", "9 H 00", "9h00"])
def test_an_hour_is_read_as_clerks_write_it(written: str) -> None:
    assert only_activity(town(f'type = "jours"\nnombre = 1\nheure = "{written}"')).book.at == time(9)


@pytest.mark.parametrize(
    "written", ["2023-09-01", '"2023-09-01"', '"1er septembre 2023"', '"01/09/2023"', '"vendredi 1er Septembre 2023"']
)
def test_a_date_is_read_as_clerks_write_it(written: str) -> None:
    content = text().replace("en_vigueur = 2023-09-01", f"en_vigueur = {written}")
    assert str(read_rulebook(content).in_force_from) == "2023-09-01"


@pytest.mark.parametrize("written", ["jours ouvres", "jours ouvrés", "Jours_Ouvrés", "JOURS  OUVRÉS"])
def test_accents_capitals_and_underscores_are_forgiven_in_values(written: str) -> None:
    assert only_activity(town(f'type = "{written}"\nnombre = 2')).book.skipped


def test_a_file_saved_by_a_windows_notepad_is_read() -> None:
    assert read_rulebook("\ufeff" + text().replace("\n", "\r\n")).commune == "ville"


def test_exceptions_inherit_the_hour_the_lateness_and_the_article() -> None:
    rule = only_activity(
        town(
            'article = "7"\nheure = "9 h"\nretard = "agent"\ntype = "jours"\nnombre = 1',
            more='[[activites.accueil.delai.cas]]\njours = ["lundi"]\ntype = "jours"\nnombre = 3',
        )
    ).book
    monday = rule.by_weekday[0]
    assert (monday.at, monday.late, monday.article) == (time(9), "agent", "7")


# What is refused


def test_an_unknown_key_is_named_with_its_line_its_article_and_the_nearest_key() -> None:
    content = text('article = "4.1"\ntype = "jours"\nnombre = 15\nheurre = "23:59"')
    found = only(content)
    assert found.line == line_of(content, "heurre")
    assert found.article == "4.1"
    assert found.path == "activites.accueil.delai.heurre"
    assert "« heure »" in found.remedy
    assert found.severity == "error"


def test_a_key_that_has_no_use_for_its_type_is_unknown() -> None:
    found = only(text('type = "jour de la semaine"\njour = "mercredi"\nsemaines_avant = 1\nnombre = 15'))
    assert "nombre" in found.message
    assert "semaines_avant" in found.remedy


def test_a_mistake_in_the_second_of_two_sections_is_told_at_its_own_line() -> None:
    session = '[[activites.accueil.sessions]]\nnom = "{}"\npremier_jour = 2024-0{}-01\ndernier_jour = 2024-0{}-09\n'
    content = text(more=session.format("un", 1, 1) + session.format("deux", 2, 2) + "limitte = 3")
    found = only(content)
    assert found.line == line_of(content, "limitte")
    assert found.path == "activites.accueil.sessions.n°2.limitte"


def test_every_problem_is_told_at_once_in_the_order_of_the_lines() -> None:
    content = text('type = "jour"\nnombre = 15').replace('"C"', '"D"').replace("regle", "reglement")
    found = problems(content)
    assert [problem.path for problem in found][:2] == ["zone", "activites.accueil.instruction"]
    lines = [problem.line or 0 for problem in found]
    assert lines == sorted(lines)


MISTAKES = [
    ('nom = "Repas"', "nom = 3", "texte", "guillemets"),
    ('nom = "Repas"', 'nom = ""', "texte", "guillemets"),
    ('nom = "Repas"', 'nom = "a\\tb"', "invisible", "une seule ligne"),
    ("nombre = 15", "nombre = -1", "nombre entier", "de 0 à 400"),
    ("nombre = 15", "nombre = 15.5", "nombre entier", "de 0 à 400"),
    ("nombre = 15", "nombre = true", "nombre entier", "de 0 à 400"),
    ("nombre = 15", "", "il manque « nombre »", "nombre = 1"),
    ("nombre = 15", 'nombre = 15\nheure = "25:00"', "heure", "23:59"),
    ("nombre = 15", 'nombre = 15\navant = "session"', "pas de session", "sessions ="),
    ("nombre = 15", 'nombre = 0\ndecompte = "inclus"', "zéro", "nombre = 1"),
    ('type = "jours"\nnombre = 15', 'type = "date publiee"', "session", "limite"),
    ('type = "jours"\nnombre = 15', 'jours = "x"', "il manque « type »", "jours ouvres"),
    ('zone = "C"', "", "il manque « zone »", 'zone = "A"'),
    ('zone = "C"', 'zone = "C"\nfuseau = "Europe/Pari"', "fuseau", "Europe/Paris"),
    ('zone = "C"', 'zone = "C"\ncouleur = 3', "couleur", "supprimez"),
    ('commune = "ville"', 'commune = "La Ville !"', "petites lettres", "la-ville"),
    ("en_vigueur = 2023-09-01", 'en_vigueur = "31 septembre 2023"', "date", "2024-03-15"),
    ("en_vigueur = 2023-09-01", "en_vigueur = 0001-01-01", "date", "2024-03-15"),
    ('"lundi", ', '"lundy", ', "valeur inconnue", '"lundi"'),
    ('quand = "tous"', 'quand = "ecoles"', "valeur inconnue", '"ecole"'),
    ('instruction = "regle"', "", "il manque « instruction »", "agent"),
    ('article = "1"\n', "", "il manque « article »", "article ="),
]


@pytest.mark.parametrize(("before", "after", "said", "remedy"), MISTAKES)
def test_a_mistake_is_told_with_what_to_write_instead(before: str, after: str, said: str, remedy: str) -> None:
    content = text()
    assert before in content
    found = problems(content.replace(before, after, 1))
    assert any(said in problem.message and remedy in problem.remedy for problem in found), caught_text(found)


WRONG_ENDINGS = [
    ('[activites.accueil.unites.gouter]\nnom = "G"\nexclut = ["repos"]', '"repas"'),
    ('[activites.accueil.unites."Goûter"]\nnom = "G"', "« gouter »"),
    ('[activites.accueil.unites.gouter]\nnom = "G"\nexclut = ["repas"]\nexige = ["repas"]', "gardez l'une des deux"),
    ('[activites.accueil.unites.gouter]\nnom = "G"\ndebut = "17:00"\nfin = "16:00"', "échangez"),
    ('[[tolerances]]\nnom = "x"', "30 septembre"),
    ('[[tolerances]]\nnom = "x"\ndemandes_du = 2024-02-01\ndemandes_au = 2024-01-01', "échangez"),
    ('[[fermetures]]\nmotif = "greve"', "du = "),
    ('[[fermetures]]\ndu = 2024-01-01\nau = 2024-01-02\nmotif = "grève"', '"greve"'),
    ('[[vacances]]\nnom = "Hiver"\npremier_jour = 2024-03-01\ndernier_jour = 2024-02-01', "échangez"),
    ("[activites.autre]", "unites"),
    (
        (
            '[[activites.accueil.delai.cas]]\njours = ["lundi"]\ntype = "aucun"\n[[activites.accueil.delai.cas]]\n'
            'jours = ["lundi"]\ntype = "aucun"'
        ),
        "un seul cas par jour",
    ),
    ('[activites.accueil.ouverture]\ntype = "heures"\nnombre = 3', "ouverture"),
    (
        (
            '[[activites.accueil.sessions]]\nnom = "a"\npremier_jour = 2024-01-01\ndernier_jour = 2024-01-09\n'
            '[[activites.accueil.sessions]]\nnom = "b"\npremier_jour = 2024-01-09\ndernier_jour = 2024-01-19'
        ),
        "écartez",
    ),
]


@pytest.mark.parametrize(("ending", "remedy"), WRONG_ENDINGS)
def test_a_wrong_section_is_told_with_what_to_write_instead(ending: str, remedy: str) -> None:
    found = problems(text(more=ending))
    assert any(remedy in problem.remedy for problem in found), caught_text(found)


def test_hours_need_to_know_when_the_service_starts() -> None:
    found = only(text('type = "heures"\nnombre = 72', unit=""))
    assert "« Repas »" in found.message
    assert "debut" in found.remedy


def test_a_rule_by_weekday_must_cover_every_open_weekday() -> None:
    found = only(
        text("", more='[[activites.accueil.delai.cas]]\njours = ["lundi"]\ntype = "aucun"', days='["lundi", "mardi"]')
    )
    assert "mardi" in found.message


def test_an_activity_without_any_deadline_is_refused_unless_it_says_so() -> None:
    content = text().replace("[activites.accueil.delai]", "[activites.accueil.delais]")
    found = problems(content)
    assert any("jusqu'à quand" in problem.message and 'type = "aucun"' in problem.remedy for problem in found)


SYNTAX = [
    ('commune = "ville', 1, 'commune = "ville"'),
    ('commune = "ville\nnom = "x"', 1, 'commune = "ville"'),
    ("commune = ville", 1, 'commune = "ville"'),
    ('\ncommune = "a"\ncommune = "b"', 3, "deux"),
    ("a\n", 1, "cle = "),
    ("[a]\n[a]", 2, "réunissez"),
    ("\n\nd = 2024-02-31", 3, ""),
    ("a = [1,", 1, "]"),
    ("a = 1 b = 2", 1, "une seule clé"),
]


@pytest.mark.parametrize(("content", "line", "remedy"), SYNTAX)
def test_what_is_not_toml_is_told_in_french_with_its_line(content: str, line: int | None, remedy: str) -> None:
    found = only(content)
    assert line is None or found.line == line
    assert remedy in found.remedy


def test_sessions_may_be_written_in_any_order_and_any_way_of_writing_dates() -> None:
    session = '[[activites.accueil.sessions]]\nnom = "{}"\npremier_jour = {}\ndernier_jour = {}\n'
    late = session.format("Été", '"8 juillet 2024"', '"19/07/2024"')
    early = session.format("Hiver", "2024-02-12", "2024-02-23")
    found = only_activity(town(more=late + early)).published_sessions
    assert [known.name for known in found] == ["Hiver", "Été"]
