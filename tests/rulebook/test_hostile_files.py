"""Whatever is thrown at the reader, it answers with problems, quickly."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rulebook.reader import RulebookError, read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.towns import town_files
from tests.rulebook.town import text

TOWNS = [content for _, _, content in town_files()]
HOSTILE_SECONDS = 5

HOSTILE = [
    "",
    "\0",
    'a = "\0"',
    'a = "\\u0000"',
    'a = "\ud800"',
    "a = " + "[" * 1900,
    "a = " + "[\n" * 400_000,
    "a = " + "9" * 1900,
    "a = 1e999\nzone = nan\ncommune = inf",
    ".".join("a" * 900) + " = 1",
    "x" * 1_000_001,
    "é" * 600_000,
    "\n".join(f"a{n} = 1" for n in range(80_000)),
    "\n".join(f"[a{n}]" for n in range(80_000)),
    "[[activites.a.sessions]]\n" * 38_000,
    "activites = 3\nmotifs = []\nvacances = {}\ntolerances = [1]\nfermetures = 1.0\nfuseau = '../../etc/passwd'",
    "activites = {a = 1, b = [], c = {unites = {u = 3}}}",
    text('type = ["jours"]\nnombre = {}\nheure = 1\navant = 1979-05-27T07:32:00Z\ncas = 1\napres_vacances = []'),
    text("type = []", top="vacances = [[]]\nfuseau = ''\nferies_en_plus = [[1]]"),
    text(top="fuseau = 'Europe'"),
    text(top="fuseau = '/etc/passwd'"),
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(HOSTILE_SECONDS)
def test_a_hostile_text_is_refused_quickly(content: str) -> None:
    with pytest.raises(RulebookError) as caught:
        read_rulebook(content)
    assert 0 < len(caught.value.problems) <= 100


def attempt(content: str) -> Rulebook | None:
    try:
        return read_rulebook(content)
    except RulebookError as refused:
        found = refused.problems
    assert found
    assert all(problem.message and problem.remedy for problem in found)
    return None


@given(st.text(max_size=400))
@example("\r")
def test_no_text_raises_anything_else(content: str) -> None:
    attempt(content)


PIECES = [
    "",
    "3",
    '"é"',
    "[]",
    "{}",
    "true",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "-1",
    "nan",
    '"1er mars"',
    "[[1]]",
    "9" * 30,
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TOWNS), st.integers(0, 2**32), st.sampled_from(PIECES))
def test_no_mutation_of_a_real_rulebook_raises_anything_else(content: str, seed: int, piece: str) -> None:
    dice = random.Random(seed)
    lines = content.split("\n")
    for _ in range(dice.randint(1, 4)):
        index = dice.randrange(len(lines))
        key, equals, _ = lines[index].partition("=")
        action = dice.randrange(4)
        if action == 0 and equals:
            lines[index] = f"{key}= {piece}"
        elif action == 1:
            lines[index] = ""
        elif action == 2:
            lines.insert(index, dice.choice(lines))
        else:
            cut = dice.randint(0, len(lines[index]))
            lines[index] = lines[index][:cut] + piece + lines[index][cut:]
    attempt("\n".join(lines))
