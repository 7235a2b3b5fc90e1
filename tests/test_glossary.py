"""The glossary and the code use the same words."""

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
FLOORS = ("ledger", "vault", "rulebook", "commands", "projections", "replay", "api")
GLOSSARY = (HOUSE / "docs" / "glossary.md").read_text()
CODE = "\n".join(
    path.read_text() for floor in FLOORS for path in (HOUSE / floor).rglob("*") if path.suffix in (".py", ".sql")
)
WORDS = re.findall(r"\| `([a-z_]+)` \|", GLOSSARY)
TRANSLATIONS = re.findall(r"^\| ([^|`]+) \| `([a-z_]+)` \|", GLOSSARY, flags=re.MULTILINE)


@pytest.mark.parametrize("word", sorted(set(WORDS)))
def test_a_word_of_the_glossary_is_a_word_of_the_code(word: str) -> None:
    assert re.search(rf"\b\w*{word}\w*\b", CODE)


def test_the_glossary_has_both_languages() -> None:
    assert len(TRANSLATIONS) > 25


def identifiers() -> set[str]:
    """The words that names of functions, classes and fields are made of."""
    names = re.findall(r"\b(?:def|class) ([A-Za-z_]+)|^    ([a-z_]+):", CODE, flags=re.MULTILINE)
    split = (re.sub(r"([a-z])([A-Z])", r"\1_\2", "".join(pair)).lower().split("_") for pair in names)
    return {word for parts in split for word in parts}


FRENCH = ("annulation", "inscription", "foyer", "responsable", "pointage", "majoration", "reglement", "enfant", "delai")


@pytest.mark.parametrize("french", FRENCH)
def test_a_french_word_with_an_english_name_is_no_identifier(french: str) -> None:
    assert french not in identifiers()
