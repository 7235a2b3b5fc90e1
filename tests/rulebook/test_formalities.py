"""What a family may ask for besides days: who decides, with what paper, under which article."""

import re
from pathlib import Path

import pytest

from ledger.identifiers import Commune
from rulebook.explain import explain
from rulebook.formalities import DEFAULTS, Formality
from rulebook.lint import warnings
from rulebook.reader import RulebookError, read_rulebook
from rulebook.reading_formalities import FORMALITY_WORDS, PAPER_WORDS
from rulebook.towns import load, town_files
from tests.rulebook.town import text, town

PAGE = (Path(__file__).parents[2] / "docs" / "rulebook.md").read_text(encoding="utf-8")


def told(more: str) -> list[str]:
    return [sentence for sentence in explain(town(more=more)) if sentence.startswith("Démarches")]


def test_a_town_that_writes_nothing_decides_everything_by_an_agent() -> None:
    assert town().formalities == DEFAULTS
    assert {each.instruction for each in DEFAULTS.values()} == {"agent"}
    papers = {kind: each.document for kind, each in DEFAULTS.items() if each.document != "none"}
    assert papers == {"address": "required", "quotient": "required", "enrolment": "optional"}


def test_what_is_not_written_stays_as_it_is_without_the_section() -> None:
    found = town(more='[demarches.contact]\ninstruction = "regle"').formalities
    assert found["contact"] == Formality(instruction="rule", document="none", article=None)
    assert {kind: each for kind, each in found.items() if kind != "contact"} == {
        kind: each for kind, each in DEFAULTS.items() if kind != "contact"
    }


def test_an_article_of_the_section_is_that_of_what_has_none() -> None:
    more = '[demarches]\narticle = "8"\n[demarches.adresse]\narticle = "8.1"\n[demarches.membre]\n'
    found = town(more=more).formalities
    assert [found[kind].article for kind in ("address", "member", "quotient")] == ["8.1", "8", "8"]


def test_what_the_file_says_is_said_back() -> None:
    agent, rule = told('[demarches.contact]\narticle = "1.3"\ninstruction = "regle"')
    assert agent.startswith("Démarches — Un agent décide : changement d'adresse (justificatif obligatoire), ")
    assert "inscription à une activité (justificatif facultatif)" in agent
    assert rule == (
        "Démarches — Acceptées aussitôt par la règle : changement de téléphone ou de courriel (article 1.3)."
    )


def test_a_town_hears_of_its_formalities_even_if_it_writes_none() -> None:
    assert len(told("")) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[demarches.adresse]\ninstruction = "agnt"', '« instruction » a une valeur inconnue — écrivez "agent"'),
        ('[demarches.adresse]\njustificatif = "oui"', "« justificatif » a une valeur inconnue"),
        ('[demarches.adresse]\njustifcatif = "aucun"', "n'est pas connue ici — écrivez « justificatif »"),
        ("[demarches.adrese]", "« adrese » n'est pas connue ici — écrivez « adresse »"),
        ("[demarches]\nadresse = 3", "« adresse » doit être une section — écrivez [demarches.adresse]"),
        ("demarches = 3", "« demarches » doit être une section — écrivez [demarches]"),
        ("[demarches.adresse]\narticle = 3", "« article » doit être un texte"),
    ],
)
def test_a_mistake_has_its_line_and_its_remedy(more: str, said: str) -> None:
    whole = text(top=more) if more.startswith("demarches") else text(more=more)
    with pytest.raises(RulebookError) as caught:
        read_rulebook(whole)
    [problem] = caught.value.problems
    assert said in f"{problem.message} — {problem.remedy}"
    assert problem.line is not None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[demarches.adresse]\ninstruction = "regle"', "personne ne le lit"),
        ('[demarches.quotient]\ninstruction = "regle"', "fixerait seule son quotient"),
        ('[demarches.quotient]\ninstruction = "regle"\njustificatif = "facultatif"', "fixerait seule son quotient"),
    ],
)
def test_what_nobody_would_read_is_worth_a_second_look(more: str, said: str) -> None:
    more = "[activites.accueil.places]\nnombre = 10\n" + more
    [problem] = warnings(town(more=more), text(more=more))
    assert said in problem.message
    assert problem.line is not None


def test_parents_of_villars_change_their_telephone_themselves_and_their_address_with_a_paper() -> None:
    for content in load(Commune("villars")):
        found = read_rulebook(content).formalities
        assert found["contact"].instruction == "rule"
        assert (found["address"].instruction, found["address"].document) == ("agent", "required")


def test_the_other_towns_decide_everything_by_an_agent() -> None:
    for commune, _, content in town_files():
        if commune != "villars":
            assert read_rulebook(content).formalities == DEFAULTS


def test_the_page_for_clerks_shows_what_the_command_says_and_every_word() -> None:
    [part] = re.findall(r"```toml\n(\[demarches\].*?)```", PAGE, re.DOTALL)
    said = told(part)
    assert len(said) == 2
    assert [sentence for sentence in said if f"{sentence}\n" not in PAGE] == []
    assert [word for word in FORMALITY_WORDS if f"| `{word}` |" not in PAGE] == []
    assert [word for word in PAPER_WORDS if f'"{word}"' not in PAGE] == []
