"""The mistakes of a town clerk, and what is told of each: where, what is wrong, and a remedy that works."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.rulebooks import app
from rulebook.reader import Problem, RulebookError, read_rulebook
from tests.rulebook.town import text

CANTEEN = """
[[fermetures]]
du = 2023-10-02
au = 2023-10-02
motif = "pont"

[activites.accueil.sites]
bourg = "École du Bourg"
les-pres = "École des Prés"

[activites.accueil.places]
par = "site"
nombre = 80

[activites.accueil.places.sites]
les-pres = 45
"""
CLERK = text(days='["lundi", "mardi"]', more=CANTEEN)


def told(before: str, after: str) -> tuple[str, tuple[Problem, ...]]:
    assert before in CLERK
    content = CLERK.replace(before, after, 1)
    with pytest.raises(RulebookError) as caught:
        read_rulebook(content)
    return content, caught.value.problems


def only(before: str, after: str) -> tuple[str, Problem]:
    content, found = told(before, after)
    assert len(found) == 1, "\n".join(map(str, found))
    return content, found[0]


def test_the_file_of_the_clerk_is_sound() -> None:
    assert read_rulebook(CLERK).name == "Ville"


MISWRITTEN = [
    ('nom = "Repas"', "nom = “Repas”", "guillemets"),
    ('nom = "Repas"', "nom = ”Repas”  # le midi", "guillemets"),
    ('nom = "Repas"', "nom = « Repas »", "guillemets"),
    ('nom = "Repas"', "nom = ‘Repas’", "guillemets"),
    ('nom = "Repas"', "nom = Repas", "guillemets"),
    ('nom = "Repas"', 'nom = "Repas', "guillemet"),
    ('nom = "Repas"', "nom = 'Repas\"", "guillemet"),
    ('nom = "Repas"', 'nom = "Repas "chaud""', "guillemets"),
    ('nom = "Repas"', 'nom = "Repas\\midi"', "\\"),
    ('zone = "C"', "zone = C", "guillemets"),
    ("en_vigueur = 2023-09-01", "en_vigueur = 01/09/2023", "guillemets"),
    ("en_vigueur = 2023-09-01", "en_vigueur = 1er septembre 2023", "guillemets"),
    ('debut = "11:45"', "debut = 11:45", "guillemets"),
    ('debut = "11:45"', "debut = 11 h 45", "guillemets"),
    ('ouvert_feries = "oui"', "ouvert_feries = oui", "guillemets"),
    ('jours = ["lundi", "mardi"]', 'jours = ["lundi" "mardi"]', "virgule"),
    ('jours = ["lundi", "mardi"]', 'jours = ["lundi"; "mardi"]', "virgule"),
    ('jours = ["lundi", "mardi"]', 'jours = ["lundi", "mardi"', "]"),
    ('jours = ["lundi", "mardi"]', "jours = [“lundi”, “mardi”]", "guillemets"),
    ("nombre = 80", "nombre : 80", "="),
    ("nombre = 80", "nombre 80", "="),
    ("nombre = 80", "nombre\u00a0= 80", "espace"),
    ("les-pres = 45", "les-prés = 45", "accent"),
    ("les-pres = 45", "les pres = 45", "espace"),
    ("[activites.accueil.places]", "[activités.accueil.places]", "accent"),
    ("[activites.accueil.places]", "[ activites.Accueil. places ", "]"),
    ("[activites.accueil.places]", "[activites.accueil.places", "]"),
    ("[activites.accueil.places]", "// les places\n[activites.accueil.places]", "#"),
]


@pytest.mark.parametrize(("before", "after", "said"), MISWRITTEN)
def test_a_line_that_is_not_toml_is_given_back_rewritten_and_works(before: str, after: str, said: str) -> None:
    content, problem = only(before, after)
    lines = content.split("\n")
    assert problem.line == lines.index(after.split("\n", maxsplit=1)[0]) + 1
    assert said in problem.message
    rewritten = problem.remedy.removeprefix("écrivez ")
    lines[problem.line - 1] = rewritten
    assert read_rulebook("\n".join(lines)).name == "Ville"


UNFIXABLE = [
    ("nombre = 80", "nombre =", "il manque la valeur de « nombre »", "nombre = 15"),
    ("nombre = 80", "nombre = 80,5", "virgule", "nombre entier"),
    ("en_vigueur = 2023-09-01", "en_vigueur = 2023-09-32", "cette date n'existe pas", "2024-03-15"),
    ("nombre = 80", "nombre = 80\nnombre = 90", "déjà écrite ligne", "supprimez l'une des deux"),
    ("[activites.accueil.sites]", "[activites.accueil]", "[activites.accueil] est déjà écrite ligne", "autre nom"),
    ("[[fermetures]]", "[fermetures]\n[fermetures]", "[fermetures] est déjà écrite ligne", "[[fermetures]]"),
    ("[[fermetures]]", "[fermetures]\n[[fermetures]]", "déjà écrite ligne", "[[fermetures]]"),
    ('jours = ["lundi", "mardi"]', 'jours = [\n"lundi"\n"mardi"]', "liste", "virgule"),
]


@pytest.mark.parametrize(("before", "after", "said", "remedy"), UNFIXABLE)
def test_a_line_nobody_can_guess_is_told_with_what_to_do(before: str, after: str, said: str, remedy: str) -> None:
    _, problem = only(before, after)
    assert said in problem.message
    assert remedy in problem.remedy


def test_a_line_of_a_spreadsheet_is_told_as_a_line() -> None:
    with pytest.raises(RulebookError) as caught:
        read_rulebook("commune;nom;zone\nville;Ville;C\n")
    assert (caught.value.problems[0].line, "cle = " in caught.value.problems[0].remedy) == (1, True)


def test_a_list_that_is_not_closed_is_told_where_it_begins() -> None:
    content, problem = only('jours = ["lundi", "mardi"]', 'jours = ["lundi", "mardi"')
    assert content.split("\n")[(problem.line or 0) - 1].startswith("jours")


MISUSED = [
    ("nombre = 80", 'nombre = "80"', "nombre = 80, sans guillemets"),
    ('jours = ["lundi", "mardi"]', 'jours = "du lundi au mardi"', 'jours = ["lundi", "mardi"]'),
    ('zone = "C"', 'zone = "D"', '"A", "B", "C"'),
    ('debut = "11:45"', 'debut = "24 h"', '"minuit"'),
    ("en_vigueur = 2023-09-01", 'en_vigueur = "lundi 1er septembre 2023"', '"vendredi 1er septembre 2023"'),
    ("au = 2023-10-02\n", "", "au = 2023-10-02"),
    ("au = 2023-10-02", 'au = "2 octobre"', "sans année"),
    ('motif = "pont"', 'motif = "ponts"', '"pont"'),
    ('type = "jours"\nnombre = 15', 'type = "15 jours avant"', '"jours"'),
    ('type = "jours"\nnombre = 15', 'type = "jeudi 10 h"\njour = "jeudi"\nsemaines_avant = 1', '"jours"'),
    ('type = "jours"\nnombre = 15', 'type = "jour de la semaine"\njour = "jeudi"', "semaines_avant = 1"),
    ('nom = "Repas"', 'Nom = "Repas"', "« nom »"),
    ("[activites.accueil.places]", "[activite.accueil.places]", "« activites »"),
    ("[[fermetures]]", "[[ponts]]", "supprimez"),
    ("[activites.accueil.delai]", "[activites.accueil.delay]", "« delai »"),
]


@pytest.mark.parametrize(("before", "after", "remedy"), MISUSED)
def test_a_value_that_does_not_fit_is_told_at_its_line(before: str, after: str, remedy: str) -> None:
    _, found = told(before, after)
    assert any(remedy in problem.remedy for problem in found), "\n".join(map(str, found))
    assert all(problem.line for problem in found)


@pytest.mark.parametrize(("before", "after", "remedy"), MISUSED[7:12])
def test_one_mistake_is_told_once(before: str, after: str, remedy: str) -> None:
    _, problem = only(before, after)
    assert remedy in problem.remedy


def test_a_section_that_opens_nothing_of_its_own_is_found_by_what_it_holds() -> None:
    content, found = told('[activites.accueil]\nnom = "Accueil"', '[activite.accueil]\nnom = "Accueil"')
    assert [problem.line for problem in found if "activite »" in problem.message] == [
        content.split("\n").index("[activite.accueil]") + 1
    ]


def test_a_problem_with_a_line_does_not_repeat_its_path() -> None:
    _, problem = only("nombre = 80", "nombre = -1")
    assert str(problem).startswith(f"ligne {problem.line} · article 1 · « nombre »")
    assert problem.path == "activites.accueil.places.nombre"


def test_a_unit_that_takes_the_places_of_another_leaves_it_its_own() -> None:
    day = '\n[activites.accueil.unites.journee]\nnom = "Journée"\nprend_les_places_de = ["repas"]\n'
    assert read_rulebook(CLERK + day)
    with pytest.raises(RulebookError) as caught:
        read_rulebook(CLERK.replace('debut = "11:45"', 'prend_les_places_de = ["journee"]') + day)
    assert 'prend_les_places_de = ["repas", "journee"]' in str(caught.value)


FILES = [
    (b"PK\x03\x04\x14\x00", "Bloc-notes"),
    (b"{\\rtf1 commune}", "Bloc-notes"),
    ('nom = "École"'.encode("cp1252"), "choisissez le codage UTF-8"),
    ('nom = "École"'.encode("utf-16"), "choisissez le codage UTF-8"),
    (None, "vérifiez son nom"),
]


@pytest.mark.parametrize(("content", "remedy"), FILES)
def test_a_file_that_is_not_a_text_is_told_with_what_to_do(tmp_path: Path, content: bytes | None, remedy: str) -> None:
    file = tmp_path / "mon-reglement.toml"
    if content is not None:
        file.write_bytes(content)
    told = CliRunner().invoke(app, ["check", str(file)])
    assert (told.exit_code, remedy in told.output) == (1, True)


def test_a_folder_is_not_a_rulebook(tmp_path: Path) -> None:
    assert "est un dossier" in CliRunner().invoke(app, ["check", str(tmp_path)]).output


def test_a_warning_of_the_command_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mon-reglement.toml"
    file.write_text(CLERK.replace("nombre = 15", "nombre = 0"), encoding="utf-8")
    line = CLERK.split("\n").index("[activites.accueil.unites.repas]") + 1
    assert f"Attention : ligne {line} · article 1 · pour le" in CliRunner().invoke(app, ["check", str(file)]).output
