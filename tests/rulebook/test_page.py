"""docs/rulebook.md, held against the reader: what a clerk reads there is what the file understands."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from rulebook import reading_adjustments, reading_regie, reading_tariffs, words
from rulebook.explain import explain
from rulebook.lint import warnings
from rulebook.openings import is_open
from rulebook.reader import RulebookError, read_rulebook
from rulebook.reading_kinds import KINDS
from rulebook.tables import Table
from tests.rulebook.town import WEEK, only_activity, text, town

PAGE = (Path(__file__).parents[2] / "docs" / "rulebook.md").read_text(encoding="utf-8")
COMPLETE = re.findall(r"```toml complet\n(.*?)```", PAGE, re.DOTALL)
PARTIAL = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
EXPLAINED = re.findall(
    r"```toml complet\n((?:(?!```).)*)```\n(?:(?!```toml).)*?```text explication\n(.*?)```", PAGE, re.DOTALL
)
RECIPES = re.findall(r"^\| (« .*?) \| (`type = .*?) \|$", PAGE, re.MULTILINE)
SESSION = """
[[activites.accueil.sessions]]
nom = "Printemps"
premier_jour = 2024-04-08
dernier_jour = 2024-04-19
limite = "2024-03-20 12:00"
"""


def test_the_page_holds_what_it_promises() -> None:
    assert (len(COMPLETE), len(EXPLAINED), len(RECIPES)) == (4, 3, 22)


@pytest.mark.parametrize("content", COMPLETE)
def test_a_complete_example_is_read_and_has_nothing_suspicious(content: str) -> None:
    assert not warnings(read_rulebook(content))


@pytest.mark.parametrize(("content", "sentences"), EXPLAINED)
def test_an_explanation_shown_is_what_the_command_says(content: str, sentences: str) -> None:
    said = explain(read_rulebook(content))
    assert [sentence for sentence in sentences.strip().split("\n") if sentence not in said] == []


@pytest.mark.parametrize(("phrase", "cell"), RECIPES)
def test_a_recipe_is_understood(phrase: str, cell: str) -> None:
    recipe = "\n".join(re.findall(r"`([^`]+)`", cell))
    holidays = '"vacances"' in recipe
    rulebook = town(
        recipe,
        days=WEEK,
        when="vacances" if holidays or "publiee" in recipe else "ecole",
        activity='sessions = "annee scolaire"' if "session" in recipe or "annuelle" in recipe else "",
        more=SESSION if "publiee" in recipe else "",
    )
    assert only_activity(rulebook).book == only_activity(rulebook).cancel


def test_the_sections_shown_in_part_are_understood() -> None:
    names = 'cantine = "x"\n'
    for part in PARTIAL:
        content = part.replace("activites.alsh", "activites.accueil").replace('["alsh"]', '["accueil"]')
        content = content.replace('["cantine"]', '["accueil"]')
        read_rulebook(text(more=content.replace(names, "")))


NAMES = {"accueil"}
"""Keys that are names of the town's own."""

EVERYTHING = (
    "type = 'jours'\nnombre = 1\n[activites.accueil.delai.apres_vacances]\ntype = 'jour du mois'\njour = 3\n"
    "[[activites.accueil.delai.cas]]\njours = ['lundi']\n"
    "type = 'jour de la semaine'\njour = 'lundi'\nsemaines_avant = 1\n"
    "[activites.accueil.absence]\n[activites.accueil.ouverture]\ntype = 'jours'\nnombre = 20\n"
    "[activites.accueil.places]\nnombre = 1\n[[activites.accueil.places.regles]]\nnombre = 1\n"
    "[[activites.accueil.ouvertures]]\njours = ['lundi']\n[motifs]\n"
    + "".join(PARTIAL[i].replace("alsh", "accueil").replace("cantine", "accueil") for i in (0, 2, 3, 4))
)


def test_every_key_the_reader_knows_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    close = Table.close

    def listen(table: Table) -> None:
        asked.update(table.asked)
        close(table)

    monkeypatch.setattr(Table, "close", listen)
    read_rulebook(text(EVERYTHING))
    for content in COMPLETE:
        read_rulebook(content)
    assert len(asked) > 60
    assert not sorted(key for key in asked - NAMES if not re.search(rf"\b{key}\b", PAGE))


WORDS: list[Iterable[str]] = [
    KINDS,
    words.ANCHOR_WORDS,
    words.SKIP_WORDS,
    words.SEASON_WORDS,
    words.HOLIDAY_WORDS,
    words.SESSIONS_WORDS,
    words.SHARING_WORDS,
    words.VERB_WORDS,
    words.LATE_WORDS,
    words.MOVE_WORDS,
    words.INCLUSIVE_WORDS,
    words.INSTRUCTION_WORDS,
    words.HOLDS_WORDS,
    reading_tariffs.NATURE_WORDS,
    reading_tariffs.ROUNDING_WORDS,
    reading_tariffs.READING_WORDS,
    reading_tariffs.WITHOUT_WORDS,
    reading_tariffs.RANK_WORDS,
    reading_tariffs.UNRECORDED_WORDS,
    reading_tariffs.PAYER_WORDS,
    reading_adjustments.RESIDENCE_WORDS,
    reading_adjustments.REGIME_WORDS,
    reading_adjustments.WHEN_WORDS,
    reading_adjustments.NATURE_WORDS,
    reading_regie.EFFECT_WORDS,
]


@pytest.mark.parametrize("known", WORDS)
def test_every_word_the_reader_knows_is_on_the_page(known: Iterable[str]) -> None:
    assert not [word for word in known if f'"{word}"' not in PAGE]


@pytest.mark.parametrize(
    "line", ["en_vigueur = 1er septembre 2026", "heure = “10 h”", "heurre = 3", 'instruction = "agnt"']
)
def test_an_error_shown_is_what_the_command_says(line: str) -> None:
    key = line.partition(" ")[0]
    whole = text('type = "jours"\nnombre = 1' + ("\n" + line if key.startswith("heu") else ""))
    whole = whole if line in whole else re.sub(rf"^{key} = .*$", line, whole, count=1, flags=re.MULTILINE)
    with pytest.raises(RulebookError) as caught:
        read_rulebook(whole)
    [problem] = caught.value.problems
    assert f" · {problem.message} — {problem.remedy}\n" in PAGE


def test_a_bridge_is_written_as_the_page_says() -> None:
    bridge = '[[vacances]]\nnom = "Pont"\npremier_jour = 2024-03-18\ndernier_jour = 2024-03-18\ngenre = "pont"'
    closed, opened = (town(days=WEEK, when=when, more=bridge) for when in ("ecole", "ponts"))
    assert [is_open(only_activity(each), date(2024, 3, 18)) for each in (closed, opened)] == [False, True]
